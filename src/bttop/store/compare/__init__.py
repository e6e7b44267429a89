"""Comparison of two parts of recordings."""
