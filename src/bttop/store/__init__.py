"""What stays: flushes as lines of JSON."""
