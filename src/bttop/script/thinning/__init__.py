"""Thins a script: its probes turn most events away in the kernel, and its numbers are scaled."""
