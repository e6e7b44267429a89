"""What the user chose in a flame graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from bttop.model.stacks.form import FlameForm

if TYPE_CHECKING:
    from bttop.model.stacks.frame import Frame


Shape = Literal["icicle", "flame"]
"""Where the root is: at the top (icicle), or at the bottom (flame)."""


class FlameChoice(Struct, frozen=True):
    """What the user chose in a flame graph. Frames are chosen by their paths from below the root, so that they stay
    chosen in the next flush."""

    form: FlameForm = FlameForm()
    shape: Shape = "icicle"
    at: tuple[Frame, ...] = ()
    """The selected frame; empty is the root."""
    zoom: int = 0
    """How many frames of `at` lead to the frame that has the whole width."""
    steps: tuple[int, ...] = ()
    """The earlier values of `zoom`, to which Backspace returns."""

    @property
    def zoomed(self) -> tuple[Frame, ...]:
        """The path of the frame that has the whole width."""
        return self.at[: self.zoom]
