"""The tables of a snapshot file: how they are made, opened and read without trust."""
