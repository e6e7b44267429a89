"""What this machine lets bttop do: one finding for each thing that bpftrace and the screen need."""
