"""The five default probe files."""

LADDER = ("syscalls", "retransmits", "vfs_read", "sched_switch", "profile")
"""Their names, in the order on the screen."""
