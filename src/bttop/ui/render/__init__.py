"""Text, charts and roles. Pure functions without a framework."""
