"""Running programs: the tracer, the programs with their generations, and the abilities of the host."""
