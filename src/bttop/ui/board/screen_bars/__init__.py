"""The first and the last line of the screen, and the timeline."""
