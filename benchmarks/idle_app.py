"""A Textual application that does nothing, to measure the cost of the framework alone."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class Idle(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        yield Static("idle and waiting")


if __name__ == "__main__":
    Idle().run()
