"""What runs: the tracer, the programs and their generations, and what this host can do."""
