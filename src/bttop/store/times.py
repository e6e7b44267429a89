"""Moments as people type them: "03:11", "03:11:04", "-5m", "+30s", or ISO 8601."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bttop.errors import UsageError
from bttop.model.records import Stamp

if TYPE_CHECKING:
    from bttop.store.snapshot import Snapshot

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")
_RELATIVE = re.compile(r"([+-])(\d{1,9}(?:\.\d+)?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1, None: 1, "m": 60, "h": 3600}
_DAY = timedelta(days=1)


def parse_time(text: str, begin: Stamp, end: Stamp) -> int:
    """The moment that a text means in the span of a recording, on CLOCK_BOOTTIME in ns.

    `-5m` is before the end and `+5m` after the beginning. A time of day is local, on the last day of the span that has
    it. Raises UsageError for anything else.
    """
    words = text.strip()
    if (found := _RELATIVE.fullmatch(words)) is not None:
        steps = round(float(found[2]) * _SECONDS[found[3]] * 1e9)
        return begin.boot_ns + steps if found[1] == "+" else end.boot_ns - steps
    wall_ns = _time_of_day(words, begin, end) if _CLOCK.fullmatch(words) else _iso(words)
    return wall_ns - (end.wall_ns - end.boot_ns)


def span_of(snapshot: Snapshot, begin: str | None, end: str | None) -> tuple[int, int]:
    """The part of a snapshot from one typed time to another: flushes that ended in (begin, end]. All without them."""
    whole = snapshot.span()
    if whole is None or (begin is None and end is None):
        return -(1 << 62), 1 << 62
    first = -(1 << 62) if begin is None else parse_time(begin, *whole) - 1
    last = (1 << 62) if end is None else parse_time(end, *whole)
    if first >= last:
        raise UsageError(f"{begin} is not before {end}")
    return first, last


def _time_of_day(text: str, begin: Stamp, end: Stamp) -> int:
    found = _CLOCK.fullmatch(text)
    assert found is not None
    seconds = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3] or 0)
    last = datetime.fromtimestamp(end.wall_ns / 1e9)
    moment = datetime(last.year, last.month, last.day) + timedelta(seconds=seconds)
    yesterday = moment - _DAY
    is_over = moment > last + timedelta(seconds=1)
    return _nanoseconds(yesterday if is_over and _nanoseconds(yesterday) >= begin.wall_ns - 60 * 10**9 else moment)


def _iso(text: str) -> int:
    try:
        return _nanoseconds(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is no time; write 03:11, 03:11:04, -5m, +30s or 2026-11-22T03:11:04") from None


def _nanoseconds(moment: datetime) -> int:
    """Since 1970; a moment without a zone is local."""
    return round(moment.timestamp() * 1e6) * 1000
