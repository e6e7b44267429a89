"""bpftrace's language: the tokens, the structure and the messages of a script."""
