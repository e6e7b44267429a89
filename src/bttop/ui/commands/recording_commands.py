"""Commands for recordings and marks."""

from __future__ import annotations

from bttop.model.record.records import Stamp
from bttop.ui.commands.command import Command, CommandGroup, Hint
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.services.collaborators import Collaborators


class RecordingCommands:
    """The commands for recordings and marks."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around

    def toggle(self) -> None:
        """Start a recording, or end the current one."""
        self._around.recordings.toggle()

    def ask_mark(self) -> None:
        """Ask for a note and set a mark at the moment on show."""
        recordings, time, screen = self._around.recordings, self._around.time, self._around.screen
        if not recordings.can_mark:
            screen.tell("this is a recording: no mark can be added", "warn")
            return
        moment = time.cursor.moment
        stamp = Stamp(moment, time.wall_ns(moment))

        def done(note: str | None) -> None:
            if note is None:
                return
            is_written = recordings.mark(note.strip(), stamp)
            kept = "" if is_written else "; r saves the last minutes with it"
            screen.tell(f"marked {time.cursor.time_of_day(moment)}{kept}")

        screen.ask(InputQuestion("mark: ", done))


GROUPS = (
    CommandGroup(
        RecordingCommands,
        (
            Command("mark", ("m",), "Set a mark with a note", "Time", 11, RecordingCommands.ask_mark),
            Command(
                "record",
                ("r",),
                "Record with the last 15 minutes; end it",
                "Time",
                12,
                RecordingCommands.toggle,
                hint=Hint("rec", live=8),
            ),
        ),
    ),
)
