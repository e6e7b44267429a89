"""Reads `.bt` scripts and makes bttop's edits. Pure: text in, text out."""
