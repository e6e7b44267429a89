"""Rows by group: which column, the open group, and short-lived processes as one row."""
