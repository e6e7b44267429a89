"""What was seen: records, flushes, history. Pure: no I/O, no clock, no threads of its own."""
