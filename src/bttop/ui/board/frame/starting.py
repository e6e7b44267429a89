"""The texts of a pane whose program starts."""

from __future__ import annotations

from typing import Final

STARTING: Final = ("starting", "warn")
"""The note on the pane's rule, and its role."""
COMPILING: Final = "bpftrace is compiling and attaching"
"""The text in the pane."""
