"""The commands of keys. Every module with a `GROUPS` declares some of them; `ui/key_map.py` finds them."""
