"""Moments and windows of a recording as people type them: one reading for every command and for the time cursor."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bttop.errors import UsageError
from bttop.model.records import Stamp

_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(\.\d{1,9})?)?")
_DISTANCE = re.compile(r"([+-])((?:\d+(?:\.\d+)?(?:ms|[smhd]))+|\d+(?:\.\d+)?)")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd]?)")
_UNIT_NS = {"": 10**9, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}
_LONGEST_NS = 1 << 60
_BETWEEN = ".."


def parse_time(text: str, begin: Stamp, end: Stamp) -> int:
    """The moment, CLOCK_BOOTTIME in ns, that `text` means in a recording that lasts from `begin` to `end`.

    `03:11`, `03:11:04` and `03:11:04.5` are times of day here; of several such moments within the recording the last
    one is meant, and outside of it the nearest. `-5m` is before the end, `+30s` after the beginning (ms, s, m, h, d,
    also `-1h30m`; seconds without a unit). An ISO time without a zone is a time here. What lies outside the recording
    is not pulled into it.
    Raises UsageError.
    """
    bare = text.strip()
    distance = _DISTANCE.fullmatch(bare)
    if distance is not None:
        return _away(distance[1], distance[2], begin, end)
    wall_ns = _time_of_day(bare, begin, end)
    if wall_ns is None:
        wall_ns = _iso(bare)
    if wall_ns is None:
        raise UsageError(f"{text!r} is no time; write 03:11, 03:11:04, -5m, +30s or 2026-01-31T03:11:04")
    return _boot_ns(wall_ns, begin, end)


def parse_window(text: str, begin: Stamp, end: Stamp) -> tuple[int, int]:
    """The two moments of `T..T`; either may be left out and is then that end of the recording. Raises UsageError."""
    first, found, last = text.partition(_BETWEEN)
    if not found:
        raise UsageError(f"{text!r} is no window; write 03:10..03:12 or -5m..")
    return window(first or None, last or None, begin, end)


def window(first: str | None, last: str | None, begin: Stamp, end: Stamp) -> tuple[int, int]:
    """The window between two times; None is that end of the recording. Raises UsageError where it is empty or holds
    nothing of the recording."""
    # What comes is (begin, end], and the first flush may end with the first line.
    since = begin.boot_ns - 1 if first is None else parse_time(first, begin, end)
    until = end.boot_ns if last is None else parse_time(last, begin, end)
    if since > end.boot_ns or until < begin.boot_ns:
        raise UsageError(f"the recording has nothing there: it lasts from {clock(begin)} to {clock(end)}")
    if since >= until:
        raise UsageError(f"the window from {first or clock(begin)} to {last or clock(end)} is empty")
    return since, until


def clock(stamp: Stamp) -> str:
    """A moment as local date and time, to the second."""
    return f"{local(stamp.wall_ns):%Y-%m-%d %H:%M:%S}"


def local(wall_ns: int) -> datetime:
    """A moment in the time zone of whoever looks; moments that no calendar has become the first of 1970."""
    try:
        return datetime.fromtimestamp(wall_ns / 1e9).astimezone()
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0).astimezone()


def wall_at(boot_ns: int, begin: Stamp, end: Stamp) -> int:
    """What the wall clock showed at a moment, ns since 1970, as far as the two ends of the recording tell."""
    is_early = boot_ns - begin.boot_ns < end.boot_ns - boot_ns
    return boot_ns + _ahead(begin, end, is_early=is_early)


def _ahead(begin: Stamp, end: Stamp, *, is_early: bool) -> int:
    """How far the wall clock is ahead of the boot clock, by the nearer end: it may have been set in between."""
    nearer = begin if is_early else end
    return nearer.wall_ns - nearer.boot_ns


def _away(sign: str, text: str, begin: Stamp, end: Stamp) -> int:
    parts = [float(number) * _UNIT_NS[unit] for number, unit in _PART.findall(text)]
    distance = round(min(sum(parts), _LONGEST_NS))
    return end.boot_ns - distance if sign == "-" else begin.boot_ns + distance


def _time_of_day(text: str, begin: Stamp, end: Stamp) -> int | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise UsageError(f"{text!r} is no time of day: the last one is 23:59:59")
    rest_ns = round(float(found[4] or 0) * 1e9)
    last_day = local(end.wall_ns).replace(tzinfo=None, microsecond=0)
    first_day = local(begin.wall_ns).replace(tzinfo=None, microsecond=0)
    # One day more on both ends: a recording may begin just after midnight, and what is meant lie just before.
    days = min((last_day.date() - first_day.date()).days, 400) + 3
    times = [
        (last_day - timedelta(days=ago - 1)).replace(hour=hour, minute=minute, second=second) for ago in range(days)
    ]
    moments = [int(time.timestamp()) * 10**9 + rest_ns for time in times]
    return min(moments, key=lambda wall_ns: _outside(wall_ns, begin, end))


def _outside(wall_ns: int, begin: Stamp, end: Stamp) -> int:
    """How far a moment lies outside of the recording, ns."""
    return max(begin.wall_ns - wall_ns, wall_ns - end.wall_ns, 0)


def _iso(text: str) -> int | None:
    try:
        time = datetime.fromisoformat(text)
        return int(time.replace(microsecond=0).timestamp()) * 10**9 + time.microsecond * 1000
    except (ValueError, OverflowError, OSError):
        return None


def _boot_ns(wall_ns: int, begin: Stamp, end: Stamp) -> int:
    is_early = abs(wall_ns - begin.wall_ns) < abs(wall_ns - end.wall_ns)
    return wall_ns - _ahead(begin, end, is_early=is_early)
