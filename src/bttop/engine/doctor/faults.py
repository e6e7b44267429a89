"""Known faults of bpftrace's releases, and what bttop does about each. The whole list with its sources is
docs/releases.md; here are those that a user of the dashboard could meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bttop.model.release import Release

_FIRST, _LAST = (0, 0), (9999, 0)


class Fault(NamedTuple):
    """One fault: the first release that has it, the first that no longer has it."""

    since: tuple[int, int]
    until: tuple[int, int]
    what: str
    answer: str
    """What bttop does about it."""


FAULTS = (
    Fault(_FIRST, (0, 16), "an empty histogram is invalid JSON", "a tolerant parser reads it"),
    Fault((0, 15), (0, 22), "some values, as of strftime, are invalid JSON", "read tolerantly, or counted"),
    Fault(_FIRST, (0, 20), "values from 2^31 up share one bucket of a histogram", "shown as 2^31 and above"),
    Fault((0, 17), (0, 19), "a SIGINT can get lost", "sent again four times a second, then SIGKILL"),
    Fault((0, 17), (0, 18), "says at each start that it could not set RLIMIT_MEMLOCK", "not taken for a failure"),
    Fault(_FIRST, (0, 24), "says that it is attached before it is", "waits for the line that tells when it really is"),
    Fault(
        _FIRST, (0, 23), "closes its own descriptors while it names user frames: samples stop, silently",
        "user frames are addresses without a pin; descriptors are watched, a damaged program starts afresh",
    ),
    Fault(_FIRST, (0, 24), "prints maps at exit, asked or not", "what comes after the stop is not shown"),
    Fault((0, 22), (0, 24), "escapes keys twice", "unescapes them once more"),
    Fault((0, 23), (0, 24), "loses an event where two CPUs make one new key at once", "its warnings are counted"),
    Fault((0, 23), _LAST, "reports each failed update of a full map, 70,000 a second", "counted, not kept"),
    Fault((0, 24), _LAST, "deletes blanks from keys", "cannot be undone: Web Content is WebContent"),
    Fault(
        (0, 24), _LAST, "prints counts in hexadecimal once a name holds an escape",
        "read as hexadecimal from that byte on",
    ),
    Fault((0, 24), _LAST, "a missing attach point is an error", "only where a fallback can take over, else a warning"),
    Fault(_FIRST, _LAST, "joins the parts of a key by commas, unescaped", "badge: ambiguous keys"),
)  # fmt: skip


def faults_of(release: Release) -> Iterator[Fault]:
    """Those that this release has."""
    return (fault for fault in FAULTS if fault.since <= release[:2] < fault.until)
