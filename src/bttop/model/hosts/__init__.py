"""The maps and flushes of several hosts as one."""
