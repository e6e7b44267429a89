"""Hosts that are traced over OpenSSH: the connection, its clock, and what is read from the host."""
