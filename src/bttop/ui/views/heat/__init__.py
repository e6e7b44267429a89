"""Draws heat maps."""
