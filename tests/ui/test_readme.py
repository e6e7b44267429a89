"""The picture in README.md is what `bttop demo` shows."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.terminal import Terminal
from tests.ui.dashboard import SOURCES, Dashboard

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PYTHONPATH": SOURCES, "TZ": "UTC"}
"""The picture has times of day."""


def picture(shown: Dashboard) -> str:
    """The screen as a block of README.md."""
    return "\n".join(line.rstrip() for line in shown.text.split("\n"))


def test_the_picture_is_the_third_mark_of_the_demo() -> None:
    with Terminal([sys.executable, "-m", "bttop", "demo"], 80, 24, ENVIRONMENT) as terminal:
        shown = Dashboard(terminal)
        shown.wait_for("5 of 5 live", "⚑ shop.service is well")
        shown.press("Space", ".", ".")
        shown.wait_for("⚑ Key 3: what does it read?", lambda: picture(shown) in (ROOT / "README.md").read_text())
