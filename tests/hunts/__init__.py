"""Faults to be hunted: programs that misbehave in one way each, and what runs them."""
