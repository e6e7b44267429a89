"""Estimates the cost of one event of a probe before the script runs."""
