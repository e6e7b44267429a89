"""The views: each turns one map of one flush into lines. A new view is a module here with a `VIEW`."""
