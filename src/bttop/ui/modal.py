"""What all pages over the board have in common: no bindings of their own, the board shines through, left only once."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.screen import ModalScreen

Result = TypeVar("Result")


class Page(ModalScreen[Result], Generic[Result]):
    """A page over the board."""

    DEFAULT_CSS = "Page { background: transparent; }"
    inherit_bindings: ClassVar[bool] = False

    _left = False

    def leave(self, result: Result | None = None) -> None:
        """Dismiss the page. A second key that arrives before the page is gone is too late to do anything."""
        if not self._left:
            self._left = True
            self.dismiss(result)
