"""Formats numbers, names and untrusted text for people and for JSON."""
