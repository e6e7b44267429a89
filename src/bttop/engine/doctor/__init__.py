"""`bttop doctor`: one finding for each thing that bpftrace and the screen need on this machine."""
