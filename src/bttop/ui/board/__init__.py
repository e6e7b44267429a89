"""The panes, their places, and the moment that they show."""
