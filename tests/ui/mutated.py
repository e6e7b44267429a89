"""Lines of every generation of bpftrace's output, damaged at random, through a real program into its pane."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from bttop.model.plan import Plan
from bttop.model.record.heartbeats import is_heartbeat
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_frame import FrameState, draw_pane
from bttop.ui.dialogs.state_page import state_lines
from bttop.ui.render.spans import ASCII, UNICODE, Line
from bttop.ui.views.base import ViewChoice
from tests.model.samples import captured, version
from tests.ui.hostile import HOSTILE
from tests.ui.scenes import FakeEngine

OUTPUTS: Final = ("0.17", "0.23", "0.27")
"""The three ways in which releases print; each has captured runs."""
RUNS: Final = ("keys", "misc", "stacks")
LINES_A_FLUSH: Final = 60
"""Damaged lines in each flush."""
WHOLE_LINES: Final = 12
"""Lines among them as they were captured, so that there is something to show."""
MEMORY: Final = 1 << 19
"""Bytes of a pane's history: full after some hundred flushes, so that memory is flat from there on or leaks."""
SIZES: Final = ((80, 12), (38, 5), (200, 40), (24, 2), (120, 25))
_KEYED: Final = {
    "@c": "count()", "@h": "hist(1)", "@l": "lhist(1, 0, 1000, 100)", "@st": "stats(1)", "@av": "avg(1)",
    "@mn": "min(1)",
}  # fmt: skip
_SCALAR: Final = {
    "@mx": "max(1)", "@cs": "count()", "@hs": "hist(1)", "@sts": "stats(1)", "@avs": "avg(1)", "@txt": "comm",
}  # fmt: skip
_OTHERS: Final = {
    "@ct[comm, pid]": "count()", "@val[comm]": "1", "@tup[comm]": "(1, comm, (2, 3))", "@ks[kstack]": "count()",
    "@us[ustack]": "count()", "@cu[comm, ustack]": "count()", "@kc[kstack, comm]": "count()", "@kv": "1",
}  # fmt: skip
_NUMBERS: Final = (
    b"-1", b"0", b"1e999", b"-1e999", b"NaN", b"18446744073709551616", b"9" * 400, b"0x1f", b"ff", b'"12"', b"null",
    b"1.5", b"{}", b"[]", b"true",
)  # fmt: skip
_WORDS: Final = (
    b'"type": "hist"', b'"type": "map"', b'"type": "stats"', b'"type": "printf"', b'"type": "value"', b'"data": {',
    b'"@c"', b'"@h"', b'"@ct"', b"\\uffffff", b"\\u", b"\\ud800", b"\\x", b"[" * 3000, b'{"a":' * 1500, b"(..., ",
    b"[0,[0,", b'"lost_events"', b'"helper_error"', b"\xff\xfe", b"\x00", b"\x1b]0;", b"\r",
)  # fmt: skip


def script() -> str:
    """A script that has the captured maps and prints them itself."""
    filled = {f"{name}[comm]": call for name, call in _KEYED.items()} | _SCALAR | _OTHERS
    body = " ".join(f"{place} = {call};" for place, call in filled.items())
    names = [place.partition("[")[0] for place in filled]
    prints = " ".join(f"print({name}); clear({name});" for name in names)
    return f"profile:hz:99 {{ {body} }} interval:s:1 {{ {prints} }}"


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the lines with one to four kinds of damage."""
    line = chance.choice(seeds)
    for _ in range(chance.choice((1, 1, 2, 4))):
        line = chance.choice(_DAMAGES)(line, seeds, chance)
    return line.replace(b"\n", b" ")


def _flip(line: bytes, _seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randrange(len(line) + 1)
    return line[:at] + bytes([chance.randrange(256)]) + line[at + 1 :]


def _insert(line: bytes, _seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randrange(len(line) + 1)
    return line[:at] + chance.choice(_WORDS) + line[at:]


def _truncate(line: bytes, _seeds: Sequence[bytes], chance: random.Random) -> bytes:
    return line[: chance.randrange(len(line) + 1)]


def _cut_out(line: bytes, _seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randrange(len(line) + 1)
    return line[:at] + line[at + chance.randrange(1, 40) :]


def _repeat(line: bytes, _seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at, size = chance.randrange(len(line) + 1), chance.randrange(1, 60)
    return line[:at] + line[at : at + size] * chance.randrange(2, 5) + line[at + size :]


def _splice(line: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(seeds)
    return line[: chance.randrange(len(line) + 1)] + other[chance.randrange(len(other) + 1) :]


def _renumber(line: bytes, _seeds: Sequence[bytes], chance: random.Random) -> bytes:
    places = [at for at, byte in enumerate(line) if 48 <= byte <= 57]
    if not places:
        return line
    at = chance.choice(places)
    return line[:at] + chance.choice(_NUMBERS) + line[at + 1 :]


def _rename(line: bytes, _seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """A hostile name behind a quotation mark, where keys and texts begin."""
    places = [at for at, byte in enumerate(line) if byte == 34]
    at = chance.choice(places) + 1 if places else 0
    name = chance.choice(HOSTILE).encode(errors="surrogatepass").replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return line[:at] + name + line[at:]


_DAMAGES: Final[tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...]] = (
    _flip, _insert, _truncate, _cut_out, _repeat, _splice, _renumber, _renumber, _rename,
)  # fmt: skip


class MutatedPane:
    """One program of one release and its pane, fed with damaged lines."""

    def __init__(self, output: str, seed: int) -> None:
        self._chance = random.Random(seed)
        lines = [line for run in RUNS for line in captured(f"{output}-{run}")]
        self._whole = [line for line in lines if not is_heartbeat(line, Plan())]
        # Each heartbeat begins another flush: few, or the flush on show would hold nothing.
        self._seeds = [*self._whole * 5, *captured(f"{output}-keys")[-1:]]
        self._fake = FakeEngine(version(output), MEMORY)
        self.program = self._fake.add(f"mutated {output}", script())
        self.model = PaneModel(self.program)
        self._fake.attach(self.program)
        self.drawn = 0

    def flush(self) -> list[Line]:
        """One flush of damaged lines between whole ones, and what the pane then shows."""
        chance = self._chance
        lines = [mutated(self._seeds, chance) for _ in range(LINES_A_FLUSH)]
        lines += [chance.choice(self._whole) for _ in range(WHOLE_LINES)]
        chance.shuffle(lines)
        texts = [line.decode(errors="surrogateescape") for line in lines]
        self._fake.flush(self.program, *texts)
        self.model.advance()
        self.drawn += 1
        return list(self._picture())

    @property
    def is_full(self) -> bool:
        """Whether the history has begun to let go of its oldest."""
        return self.program.history.dropped > 0

    @property
    def rows(self) -> int:
        """Rows of all maps in the flush on show."""
        flush = self.model.flush
        return sum(len(data.rows) for data in flush.maps.values()) if flush is not None else 0

    def _picture(self) -> Iterator[Line]:
        subjects = self.model.subjects()
        subject = subjects[self.drawn % len(subjects)]
        width, height = SIZES[self.drawn % len(SIZES)]
        glyphs = ASCII if self.drawn % 7 == 0 else UNICODE
        frame = FrameState(1, width, height, focused=True, divided=self.drawn % 2 == 0, below=False, glyphs=glyphs)
        choice = ViewChoice(
            top=self.drawn % 3, needle=HOSTILE[self.drawn % len(HOSTILE)] if self.drawn % 11 == 0 else ""
        )
        yield from draw_pane(self.model, subject, choice, frame, self._fake.now).lines
        yield from state_lines(self.model, width)
