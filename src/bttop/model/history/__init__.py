"""The flushes of one program over time, limited in bytes."""
