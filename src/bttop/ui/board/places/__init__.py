"""Where the panes are: the automatic places, and those that the user has chosen. Pure."""
