"""One bpftrace process of a program: its candidate, its attached probes and its output."""
