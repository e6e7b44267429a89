"""Starts an engine and its programs, on this host or over ssh on others, for the commands that trace."""
