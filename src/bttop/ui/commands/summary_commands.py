"""The summary as text, and the key that it shares with the answer to a program that waits for one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from bttop.ui.commands.command import Command, CommandGroup
from bttop.ui.render.spans import Line, Span
from bttop.ui.render.text import folded
from bttop.ui.services.baselines import Comparison
from bttop.ui.services.collaborators import Collaborators
from bttop.ui.services.saved_text import saved

LENGTH_NS: Final = 10_000_000_000
"""What a summary is about: the ten seconds up to the moment on show."""


class SummaryCommands:
    """Writes the summary."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around

    def approve_or_write(self) -> None:
        """Run the pane's program although it is held back, or let it take all events although it is thinned; without
        such a question, write the summary."""
        tracing = self._around.tracing
        program = None if tracing is None else tracing.programs.running(self._around.pane.program)
        if tracing is not None and program is not None and (program.status.asks or program.status.thinned is not None):
            tracing.engine.approve(program)
        else:
            self.write()

    def write(self) -> None:
        """Write the summary to a file, send it to the terminal's clipboard, and show it."""
        self._around.baselines.compare(LENGTH_NS, self._write)

    def _write(self, found: Comparison) -> None:
        from bttop.store.compare.incident_lines import Incident, incident_lines

        lines = list(incident_lines(Incident(found.now, found.changes, self._around.baselines.labels(found))))
        text = "".join([f"{line}\n" for line in lines])
        self._show(lines, [saved("summaries", self._around.session.host.name, ".txt", text), self._copied(text)])

    def _copied(self, text: str) -> str:
        from bttop.ui.terminal.clipboard import clipboard_sequences

        sequences = clipboard_sequences(text, os.environ)
        if not sequences:
            return "not sent to the clipboard: this terminal does not take it"
        self._around.screen.send_to_terminal(sequences)
        return "sent to the terminal's clipboard; whether it took it is unknown"

    def _show(self, lines: Sequence[str], notes: Sequence[str]) -> None:
        from bttop.ui.dialogs.sheet import Sheet

        def page(cells: int) -> list[Line]:
            told: list[Line] = [(Span(piece, "hint"),) for note in notes for piece in folded(f" {note}", cells)]
            return [*told, (), *((Span(piece),) for line in lines for piece in folded(f" {line}", cells, indent="   "))]

        self._around.screen.show(Sheet("summary", page, self._around.themes.theme))


GROUPS = (
    CommandGroup(
        SummaryCommands,
        (
            Command(
                "approve",
                ("y",),
                "Run what is held back; count exactly; else as Y",
                "Programs",
                2,
                SummaryCommands.approve_or_write,
            ),
            Command(
                "summary",
                ("Y",),
                "A summary as text: file, clipboard and screen",
                "Screen",
                14,
                SummaryCommands.write,
            ),
        ),
    ),
)
