"""bttop's side of the tracer, the process that starts every bpftrace."""
