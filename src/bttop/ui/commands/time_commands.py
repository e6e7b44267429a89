"""Commands for time: look back, play, and change the interval."""

from __future__ import annotations

from collections.abc import Callable

from bttop.ui.commands.command import Command, CommandGroup, Hint
from bttop.ui.services.collaborators import Collaborators


class TimeCommands:
    """Commands that move the time cursor; while the screen is live, some hold the display or set the interval."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around
        self._time = around.time

    def hold(self) -> None:
        """Live: hold or release the display. At an earlier moment: play or pause."""
        board = self._around.board
        if self._time.cursor.at is None:
            board.hold(not board.held)
            self._around.screen.repaint()
        else:
            self._time.play()

    def step_pace(self, step: int) -> None:
        """Live: make the interval of all programs longer or shorter. At an earlier moment: play faster or slower."""
        tracing = self._around.tracing
        if self._time.cursor.at is None and tracing is not None:
            tracing.programs.step_interval(step)
        else:
            self._time.faster(step)

    def step(self, flushes: int) -> None:
        """Move by flushes of the focused pane."""
        self._time.step(flushes)

    def to_mark(self, step: int) -> None:
        """Move to the mark before or after this moment."""
        self._time.to_mark(step)

    def ask(self) -> None:
        """Ask for a time and move to it."""
        self._time.ask()

    def start(self) -> None:
        """Move to the oldest flush."""
        self._time.start()

    def end(self) -> None:
        """Go live, or move to the end of the recording."""
        self._time.end()


def _command(
    place: int,
    name: str,
    keys: tuple[str, ...],
    title: str,
    run: Callable[[TimeCommands], None],
    hint: Hint | None = None,
) -> Command[TimeCommands]:
    return Command(name, keys, title, "Time", place, run, hint=hint)


GROUPS = (
    CommandGroup(
        TimeCommands,
        (
            _command(
                1,
                "step-back",
                ("left_square_bracket",),
                "One flush back; collection continues",
                lambda it: it.step(-1),
                Hint("back", live=7, past=1),
            ),
            _command(
                2,
                "step-on",
                ("right_square_bracket",),
                "One flush forward; past the newest is live",
                lambda it: it.step(1),
                Hint("on", past=2),
            ),
            _command(3, "ten-back", ("left_curly_bracket",), "Ten flushes back", lambda it: it.step(-10)),
            _command(4, "ten-on", ("right_curly_bracket",), "Ten flushes forward", lambda it: it.step(10)),
            _command(5, "go", ("g",), "Go to a time: 03:11, -5m, +30s", TimeCommands.ask, Hint("time", past=3)),
            _command(6, "start", ("left_parenthesis",), "Start of the history", TimeCommands.start),
            _command(
                7,
                "live",
                ("right_parenthesis",),
                "Live again, or the end of the recording",
                TimeCommands.end,
                Hint("live", past=4),
            ),
            _command(
                8,
                "hold",
                ("space",),
                "Hold the display; in the past: play, pause",
                TimeCommands.hold,
                Hint("play", past=5),
            ),
            _command(9, "mark-back", ("comma",), "The mark before this moment", lambda it: it.to_mark(-1)),
            _command(
                10,
                "mark-on",
                ("full_stop",),
                "The mark after this moment",
                lambda it: it.to_mark(1),
                Hint("mark", past=6),
            ),
            _command(
                13,
                "more",
                ("plus", "equals_sign"),
                "Longer interval; in the past: faster",
                lambda it: it.step_pace(1),
            ),
            _command(14, "less", ("minus",), "Shorter interval; in the past: slower", lambda it: it.step_pace(-1)),
        ),
    ),
)
