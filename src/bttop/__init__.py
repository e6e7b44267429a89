"""bttop: top for bpftrace."""

__version__ = "0.1.0"
