"""Names of user addresses that bpftrace prints without one: memory maps, symbol tables, and a thread."""
