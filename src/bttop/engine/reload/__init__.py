"""Detects changes of probe and theme files."""
