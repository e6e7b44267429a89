"""What a .bt says: reading it, and the edits bttop makes. Pure: text in, text out."""
