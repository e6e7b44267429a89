"""Several hosts at once: the engines of all of them as one run."""
