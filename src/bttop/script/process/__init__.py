"""The process that a probe is about: the pin, bttop's own processes, children and threads."""
