"""Converts user input to the sources and the pin of a program."""
