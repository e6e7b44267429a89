"""Commands that choose a span: a rectangle in a heat map, or the flushes before the moment on show."""

from __future__ import annotations

from bttop.ui.commands.command import Command, CommandGroup
from bttop.ui.services.collaborators import Collaborators


class SpanCommands:
    """What the Shift-arrows do in a pane whose view does not take them over (see `Drawing.acts`)."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around

    def extend(self, flushes: int) -> None:
        """Begin the span on show earlier or later."""
        self._around.time.extend_span(flushes)

    def refuse(self) -> None:
        """Say that there is no range of values to choose."""
        self._around.screen.tell("only a heat map has values to choose; v shows the next view")


GROUPS = (
    CommandGroup(
        SpanCommands,
        (
            Command(
                "extend-left",
                ("shift+left",),
                "Begin the span earlier, or a rectangle",
                "Time",
                20,
                lambda it: it.extend(-1),
            ),
            Command("extend-right", ("shift+right",), "Begin it later", "Time", 21, lambda it: it.extend(1)),
            Command("extend-up", ("shift+up",), "Rectangle in a heat map, upwards", "Time", 22, SpanCommands.refuse),
            Command("extend-down", ("shift+down",), "Rectangle downwards", "Time", 23, SpanCommands.refuse),
        ),
    ),
)
