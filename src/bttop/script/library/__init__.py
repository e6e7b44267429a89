"""Probe files, the probes of this kernel, and follow-up questions about a row."""
