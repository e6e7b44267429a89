"""A recorded generation: one row of the table `generation`, with its script and plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from bttop.model.format.json_text import bounded_value
from bttop.model.plan import Plan
from bttop.model.record.records import Stamp
from bttop.store.snapshot.blocks import decompressed
from bttop.store.snapshot.facts import HostClock
from bttop.store.snapshot.plan_json import read_plan

COLUMNS: Final = (
    "id",
    "program",
    "number",
    "source",
    "sha256",
    "pin",
    "boot_ns",
    "wall_ns",
    "first_shown_ns",
    "last_shown_ns",
    "script",
)
_MOST_BYTES: Final = 4 << 20
"""Most bytes of a script with its plan, decompressed."""


class RecordedGeneration(Struct, frozen=True):
    """One generation of a recorded program. Times are on the clock of the recording."""

    id: int
    program: int
    number: int
    source: str
    text: str
    sha256: str
    prepared: str
    args: tuple[str, ...]
    plan: Plan
    pin: str
    badges: tuple[tuple[str, str], ...]
    begun: Stamp
    first_shown_ns: int | None
    """Arrival of the last line of the first shown flush; None if no flush was shown."""
    last_shown_ns: int | None
    """Arrival of the last line of the last shown flush; None if the generation was still shown when the recording
    ended."""

    def shows(self, boot_ns: int) -> bool:
        """Return whether a flush was shown whose last line arrived at `boot_ns`."""
        if self.first_shown_ns is None or boot_ns < self.first_shown_ns:
            return False
        return self.last_shown_ns is None or boot_ns <= self.last_shown_ns


def read_generation(row: Sequence[Any], most: int, clock: HostClock) -> tuple[RecordedGeneration, int]:
    """Return the generation of a checked row of `COLUMNS`, and the decompressed bytes of its script. Raises ValueError,
    also if these are more than `most`. `clock`: the clocks of its host."""
    id_, program, number, source, sha256, pin, boot, wall, first, last, packed = row
    text = decompressed(packed, min(most, _MOST_BYTES))
    try:
        script = bounded_value(text.decode())
        found = RecordedGeneration(
            id_,
            program,
            number,
            source,
            str(script["text"]),
            sha256,
            str(script["prepared"]),
            tuple(map(str, script["args"])),
            read_plan(script["plan"]),
            pin,
            tuple([(str(one[0]), str(one[1])) for one in script["badges"]]),
            clock.aligned(Stamp(boot, wall)),
            None if first is None else first - clock.boot_ns,
            None if last is None else last - clock.boot_ns,
        )
    except (LookupError, TypeError) as error:
        raise ValueError(str(error)) from None
    return found, len(text)
