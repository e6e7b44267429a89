"""Commands for flame graphs. The view of a flame graph takes most of them over (see `Drawing.acts`)."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Final

from bttop.ui.commands.command import Command, CommandGroup
from bttop.ui.services.collaborators import Collaborators


class FlameCommands:
    """What the keys of a flame graph do in a pane without one."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around

    def refuse(self) -> None:
        """Say that there is no flame graph."""
        self._around.screen.tell("this pane has no flame graph; v shows the next view")

    def write_svg(self) -> None:
        """Write the flame graph to a file that a browser shows."""
        from bttop.store.export.selection import MapName
        from bttop.store.export.svg import FlameGraph, write_graphs
        from bttop.ui.board.pane_frame import scene_of
        from bttop.ui.services.saved_text import saved
        from bttop.ui.views.flame.picture import picture_of

        pane = self._around.pane
        if "flame-form" not in pane.drawing.acts:
            self.refuse()
            return
        scene = scene_of(pane.model, pane.subject, pane.choice, pane.frame, pane.frame.width, pane.frame.height)
        picture, host = picture_of(scene), self._around.session.host.name
        if picture is None or not picture.tree.totals[0]:
            self._around.screen.tell("the flame graph has no stacks yet")
            return
        page = StringIO()
        graph = FlameGraph(MapName(pane.program.name, pane.subject.map), scene.data.plan, picture.tree)
        write_graphs(f"{pane.program.name} on {host}", [graph], page)
        self._around.screen.tell(saved("flame-graphs", host, ".svg", page.getvalue()))


_KEYS: Final = (
    ("flame-form", "i", "Root at the top, at the bottom, or inverted"),
    ("flame-split", "M", "All processes, by process or by thread"),
    ("flame-names", "F", "Functions, offsets or files"),
)
_COMMANDS: Final[Sequence[Command[FlameCommands]]] = tuple(
    Command(name, (key,), title, "Flame graph", place, FlameCommands.refuse)
    for place, (name, key, title) in enumerate(_KEYS, start=1)
)

_SVG: Final = Command("flame-svg", ("E",), "Write it as SVG for a browser", "Flame graph", 4, FlameCommands.write_svg)

GROUPS = (CommandGroup(FlameCommands, (*_COMMANDS, _SVG)),)
