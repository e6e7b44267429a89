"""Known faults of bpftrace releases that a user can notice, and what bttop does about each. docs/releases.md has the
full list with sources."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from bttop.model.record.release import Release

_FIRST, _LAST = (0, 0), (9999, 0)


class Bug(Struct, frozen=True):
    """One fault: `since` is the first release that has it, `until` the first that does not."""

    since: tuple[int, int]
    until: tuple[int, int]
    what: str
    answer: str
    """What bttop does about it."""


FAULTS = (
    Bug(_FIRST, (0, 16), "an empty histogram is invalid JSON", "a tolerant parser reads it"),
    Bug((0, 15), (0, 22), "some values, as of strftime, are invalid JSON", "read tolerantly, or counted"),
    Bug(_FIRST, (0, 20), "values from 2^31 up share one bucket of a histogram", "shown as 2^31 and above"),
    Bug((0, 17), (0, 19), "a SIGINT can get lost", "sent again every second, then SIGKILL"),
    Bug((0, 17), (0, 18), "says at each start that it could not set RLIMIT_MEMLOCK", "not treated as a failure"),
    Bug(_FIRST, (0, 24), "says that it is attached before it is", "waits for the line that reports the real attach"),
    Bug(
        _FIRST, (0, 23), "closes its own descriptors while it looks up user frames: samples stop, silently",
        "user frames are addresses without a pin; descriptors are watched, a damaged program is restarted",
    ),
    Bug(_FIRST, (0, 24), "always prints maps at exit", "output after the stop is not shown"),
    Bug((0, 22), (0, 24), "escapes keys twice", "unescapes them once more"),
    Bug((0, 23), (0, 24), "loses an event if two CPUs create the same new key at once", "its warnings are counted"),
    Bug((0, 23), _LAST, "reports each failed update of a full map, 70,000 a second", "counted, not kept"),
    Bug((0, 24), _LAST, "removes blanks from keys", "cannot be undone: Web Content is shown as WebContent"),
    Bug(
        (0, 24), _LAST, "prints counts in hexadecimal after a name with an escape",
        "read as hexadecimal from there on",
    ),
    Bug((0, 24), _LAST, "a missing attach point is an error", "only where a fallback can take over, else a warning"),
    Bug(_FIRST, _LAST, "joins the parts of a key by commas, unescaped", "badge: ambiguous keys"),
)  # fmt: skip


def faults_of(release: Release) -> Iterator[Bug]:
    """The faults of this release."""
    return (fault for fault in FAULTS if fault.since <= release[:2] < fault.until)
