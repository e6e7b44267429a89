"""Sheets, menus and the input bar over the board."""
