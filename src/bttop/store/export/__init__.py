"""Exports snapshots for other tools: JSON lines, CSV, Parquet, folded stacks, speedscope."""
