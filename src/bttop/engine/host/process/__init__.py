"""The processes of a host: their facts, their numbers, and those that have ended."""
