"""Storage: snapshots, exports, reports and comparisons."""
