"""The probes of a host's kernel and their fields."""
