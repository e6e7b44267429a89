"""One bpftrace for several programs."""
