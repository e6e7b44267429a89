"""The data model: records, flushes and their history. Pure: no I/O, no clock, no threads."""
