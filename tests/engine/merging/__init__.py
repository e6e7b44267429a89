"""Tests of bttop.engine.merging."""
