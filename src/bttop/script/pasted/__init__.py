"""Reads pasted text: a program, or the shell line that runs it. Nothing is executed."""
