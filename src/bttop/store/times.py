"""Parses moments and windows of a recording as users type them, for all commands and for the time cursor."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from bttop.errors import UsageError
from bttop.model.record.records import Stamp
from bttop.patterns import pattern

_CLOCK = pattern(r"(\d{1,2}):(\d\d)(?::(\d\d)(\.\d{1,9})?)?")
_DISTANCE = pattern(r"([+-])((?:\d+(?:\.\d+)?(?:ms|[smhd]))+|\d+(?:\.\d+)?)")
_PART = pattern(r"(\d+(?:\.\d+)?)(ms|[smhd]?)")
_UNIT_NS = {"": 10**9, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}
_LONGEST_NS = 1 << 60
BETWEEN = ".."
"""Stands between the two times of a window."""


def parse_time(text: str, begin: Stamp, end: Stamp) -> int:
    """Return the moment (CLOCK_BOOTTIME in ns) that `text` means in a recording from `begin` to `end`.

    `03:11`, `03:11:04` and `03:11:04.5` are local times of day: the last such moment within the recording, or else the
    one nearest to it. `-5m` is before the end, `+30s` after the beginning (ms, s, m, h, d, also `-1h30m`; seconds
    without a unit). An ISO time without a zone is a local time. The result may lie outside the recording.
    Raises UsageError if `text` is not a time.
    """
    bare = text.strip()
    distance = _DISTANCE.fullmatch(bare)
    if distance is not None:
        return _away(distance[1], distance[2], begin, end)
    wall_ns = _time_of_day(bare, begin, end)
    if wall_ns is None:
        wall_ns = _iso(bare)
    if wall_ns is None:
        raise UsageError(f"{text!r} is not a time; write 03:11, 03:11:04, -5m, +30s or 2026-01-31T03:11:04")
    return _boot_ns(wall_ns, begin, end)


def parse_window(text: str, begin: Stamp, end: Stamp) -> tuple[int, int]:
    """Return the two moments of `T..T`. A missing one means that end of the recording. Raises UsageError."""
    first, found, last = text.partition(BETWEEN)
    if not found:
        raise UsageError(f"{text!r} is not a window; write 03:10..03:12 or -5m..")
    return window(first or None, last or None, begin, end)


def window(first: str | None, last: str | None, begin: Stamp, end: Stamp) -> tuple[int, int]:
    """Return the window between two times; None means that end of the recording. Raises UsageError if the window is
    empty or outside the recording."""
    # The window is (begin, end], and the first flush may end with the first line.
    since = begin.boot_ns - 1 if first is None else parse_time(first, begin, end)
    until = end.boot_ns if last is None else parse_time(last, begin, end)
    if since > end.boot_ns or until < begin.boot_ns:
        raise UsageError(f"the recording has nothing there: it lasts from {clock(begin)} to {clock(end)}")
    if since >= until:
        raise UsageError(f"the window from {first or clock(begin)} to {last or clock(end)} is empty")
    return since, until


def split_operand(operand: str) -> tuple[str, str]:
    """Return the file and the window of `FILE@FROM..TO`; either may be empty. The name of an existing file may contain
    an @."""
    if Path(operand).exists():
        return operand, ""
    file, _, times = operand.rpartition("@")
    return (file, times) if ".." in times else (operand, "")


def operand_within(operand: str, file: Path) -> str:
    """Return the operand with its file: a window without one is of `file`."""
    return f"{file}{operand}" if operand and not split_operand(operand)[0] else operand


def clock(stamp: Stamp) -> str:
    """Return a moment as local date and time, to the second."""
    return f"{local(stamp.wall_ns):%Y-%m-%d %H:%M:%S}"


def local(wall_ns: int) -> datetime:
    """Return a moment in the local time zone; the start of 1970 for a moment that no date can represent."""
    try:
        return datetime.fromtimestamp(wall_ns / 1e9).astimezone()
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0).astimezone()


def wall_at(boot_ns: int, begin: Stamp, end: Stamp) -> int:
    """Return the wall clock time (ns since 1970) of a moment, estimated from the nearer end of the recording."""
    is_early = boot_ns - begin.boot_ns < end.boot_ns - boot_ns
    return boot_ns + _ahead(begin, end, is_early=is_early)


def _ahead(begin: Stamp, end: Stamp, *, is_early: bool) -> int:
    """Return how far the wall clock is ahead of the boot clock, in ns, at the nearer end of the recording: the clock
    may have been set in between."""
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
        raise UsageError(f"{text!r} is not a time of day: the last one is 23:59:59")
    rest_ns = round(float(found[4] or 0) * 1e9)
    last_day = local(end.wall_ns).replace(tzinfo=None, microsecond=0)
    first_day = local(begin.wall_ns).replace(tzinfo=None, microsecond=0)
    # One more day on both ends: a recording may begin just after midnight, and the user may mean a time just before.
    days = min((last_day.date() - first_day.date()).days, 400) + 3
    times = [
        (last_day - timedelta(days=ago - 1)).replace(hour=hour, minute=minute, second=second) for ago in range(days)
    ]
    moments = [int(time.timestamp()) * 10**9 + rest_ns for time in times]
    return min(moments, key=lambda wall_ns: _outside(wall_ns, begin, end))


def _outside(wall_ns: int, begin: Stamp, end: Stamp) -> int:
    """Return how far a moment lies outside the recording, in ns; 0 inside."""
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
