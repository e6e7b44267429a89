"""bttop's edits: from the user's script to the text that bpftrace runs."""
