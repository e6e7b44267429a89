"""The views that compare hosts. They are no part of the catalogue of views: only maps of several hosts have them."""
