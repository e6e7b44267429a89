"""The trend of a pane: numbers over time as lines."""
