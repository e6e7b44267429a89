"""A recording as one page for the browser: self-contained, without scripts, to be handed on."""
