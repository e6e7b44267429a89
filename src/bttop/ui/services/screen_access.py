"""The interface of the screen for services and commands."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from textual.screen import Screen

from bttop.ui.board.screen_bars.bars import always
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.render.spans import Line

T = TypeVar("T")


class ScreenAccess(Protocol):
    """The application as its services see it. All calls but `from_thread` are made on the screen's thread."""

    def tell(
        self,
        text: str,
        role: str = "hint",
        *,
        stays: bool = False,
        joins: bool = False,
        still_so: Callable[[], bool] = always,
    ) -> None:
        """Show a notice in the footer until the next key, and only while it is `still_so`. The next notice replaces it,
        unless it `stays` or the next one `joins`: one that no key has asked for."""

    def ask(self, question: InputQuestion, text: str = "", notes: Sequence[Line] = ()) -> None:
        """Ask a question above the footer: `text` can be edited, `notes` are shown above it."""

    def show(self, dialog: Screen[T], done: Callable[[T | None], None] | None = None) -> None:
        """Show a dialog over the board; `done` gets its result."""

    @property
    def dialog(self) -> Screen[Any]:
        """The screen on top: the board or a dialog."""

    def on_a_thread(self, job: Callable[[], None], group: str = "default") -> None:
        """Run a job that may block on a thread."""

    def in_background(self, job: Coroutine[Any, Any, None], *, only_one: str = "") -> None:
        """Run a coroutine on the event loop. A new one cancels the running one of the same `only_one` name."""

    def from_thread(self, call: Callable[[], None]) -> None:
        """Call `call` on the screen's thread; does nothing once the screen has ended."""

    def without_screen(self) -> AbstractContextManager[None]:
        """Within the context another program has the terminal."""

    def moved_in_time(self) -> None:
        """The time cursor has moved or its speed has changed."""

    def restart_ticker(self) -> None:
        """Set the repaint interval again: the programs' interval or the playing has changed."""

    def repaint(self) -> None:
        """Paint what has changed."""

    def redraw(self) -> None:
        """Send the whole screen again."""

    def send_to_terminal(self, sequences: str) -> None:
        """Send control sequences, such as text for the clipboard; they are dropped while the terminal does not read."""

    def open_palette(self) -> None:
        """Show all commands by name."""

    def leave(self) -> None:
        """Quit with exit code 0."""
