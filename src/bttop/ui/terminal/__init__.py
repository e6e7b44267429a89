"""The terminal below Textual: output that never blocks, and every way to end the program."""
