"""Rows of a map added up by one of their columns."""
