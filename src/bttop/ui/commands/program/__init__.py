"""Commands that start, change, pin, save and close programs."""
