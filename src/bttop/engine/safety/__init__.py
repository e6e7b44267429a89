"""Limits what bttop costs the host: admission, trial runs, budget guard, idle monitor."""
