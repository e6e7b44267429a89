"""The log: the lines that a script prints, the newest at the bottom. It shows no map, so it has no `VIEW`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bttop.model.format.text import visible
from bttop.model.record.records import Printed
from bttop.ui.render.spans import Line, Span, fit

if TYPE_CHECKING:
    from bttop.model.flush.flush import Flush


KEPT = 2_000
"""Lines that are kept for scrolling back."""
LONGEST = 4_000
"""Maximum characters of a line; longer text without a newline is broken here."""


class Log:
    """The printed lines of a program. `printf` may print a line in several records: they are joined at the newline."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._open = ""
        self.dropped = 0

    def extend(self, flushes: Iterable[Flush]) -> None:
        """Add what was printed in these flushes."""
        for flush in flushes:
            self.dropped += flush.dropped
            for record in flush.printed:
                self._take(record)
        del self.lines[:-KEPT]

    def _take(self, record: Printed) -> None:
        text = record.data if isinstance(record.data, str) else str(record.data)
        text = self._open + text
        if record.kind not in ("printf", "join", "time"):
            text += "\n"
        *whole, rest = text.split("\n")
        cut = len(rest) - len(rest) % LONGEST
        whole += [rest[at : at + LONGEST] for at in range(0, cut, LONGEST)]
        self._open = rest[cut:]
        self.lines += [visible(line) for line in whole if line.strip()]

    def __bool__(self) -> bool:
        return bool(self.lines or self._open)


def draw_log(lines: Sequence[str], cells: int, rows: int, back: int, needle: str) -> tuple[list[Line], int]:
    """`rows` lines that end `back` lines before the newest, filtered by `needle`; and `back`, limited to what there
    is."""
    shown = [line for line in lines if needle.casefold() in line.casefold()] if needle else lines
    back = max(0, min(back, len(shown) - rows))
    end = len(shown) - back
    return [fit((Span(line, "name"),), cells) for line in shown[max(0, end - rows) : end]], back
