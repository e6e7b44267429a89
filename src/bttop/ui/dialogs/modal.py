"""The base of all pages over the board: no inherited bindings, a transparent background, dismissed only once."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.screen import ModalScreen

Result = TypeVar("Result")


class Modal(ModalScreen[Result], Generic[Result]):
    """A page over the board."""

    DEFAULT_CSS = "Modal { background: transparent; }"
    inherit_bindings: ClassVar[bool] = False
    yields_to_commands: ClassVar[bool] = False
    """Whether a command of the board, such as one of the palette, closes the page first."""
    edits_text: ClassVar[bool] = False
    """Whether keys are typed into a text."""

    _left = False

    def leave(self, result: Result | None = None) -> None:
        """Dismiss the page. Further calls before the page is closed do nothing."""
        if not self._left:
            self._left = True
            self.dismiss(result)

    def refresh_page(self) -> None:
        """Draw the page again if its content may have changed; by default it does not change."""
