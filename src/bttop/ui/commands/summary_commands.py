"""The summary as text, and the key that it shares with the answer to a program that waits for one."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from bttop.errors import BttopError
from bttop.files import create_with, make_folder
from bttop.paths import state_home
from bttop.ui.commands.command import Command, CommandGroup
from bttop.ui.render.spans import Line, Span
from bttop.ui.render.text import folded
from bttop.ui.services.baselines import Comparison
from bttop.ui.services.collaborators import Collaborators

LENGTH_NS: Final = 10_000_000_000
"""What a summary is about: the ten seconds up to the moment on show."""
_MOST_OF_A_SECOND: Final = 99


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
        self._show(lines, [_saved(text, self._around.session.host.name), self._copied(text)])

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


def _saved(text: str, host: str) -> str:
    """Write the text to a new private file; return a sentence that says where it is, or why it is nowhere."""
    folder = state_home() / "summaries"
    try:
        make_folder(folder)
        path = _new_file(folder, host, text.encode())
    except (OSError, BttopError) as error:
        return f"not written to {folder}: {error}"
    return f"written to {path}"


def _new_file(folder: Path, host: str, content: bytes) -> Path:
    name = f"{re.sub(r'[^A-Za-z0-9._-]', '_', host)[:64] or 'host'}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    for count in range(1, _MOST_OF_A_SECOND):
        path = folder / f"{name}{'' if count == 1 else f'-{count}'}.txt"
        if not os.path.lexists(path):
            create_with(path, content)
            return path
    raise BttopError(f"{folder} has {_MOST_OF_A_SECOND} summaries of this second", title="no summary")


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
