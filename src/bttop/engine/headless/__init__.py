"""bttop without a screen: `stream`, `record` and `probes`."""
