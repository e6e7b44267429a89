"""Times and windows of a recording as people type them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bttop.errors import UsageError
from bttop.model.record.records import Stamp
from bttop.store.times import parse_time, parse_window, wall_at, window

SECOND = 10**9
BOOT = 5_000 * SECOND


def wall(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


BEGIN = Stamp(BOOT, wall("2026-03-02T03:05:00"))
END = Stamp(BOOT + 600 * SECOND, wall("2026-03-02T03:15:00"))


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("03:11", 360),
        ("3:11", 360),
        ("03:11:04", 364),
        ("03:11:04.25", 364.25),
        ("-5m", 300),
        ("-1m30s", 510),
        ("-500ms", 599.5),
        ("+30s", 30),
        ("+0.5m", 30),
        ("-90", 510),
        ("2026-03-02T03:11:04", 364),
        ("2026-03-02 03:11:04.5", 364.5),
        ("2026-03-02T04:11:04+01:00", 364),
        ("2026-03-02T03:11:04Z", 364),
        (" 03:11 ", 360),
    ],
)
def test_every_way_to_write_a_time_means_its_moment(text: str, seconds: float) -> None:
    assert parse_time(text, BEGIN, END) == BOOT + round(seconds * SECOND)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5m",
        "25:00",
        "03:60",
        "noon",
        "-",
        "-5x",
        "-5 weeks",
        "1e9",
        "9999999999999",
        "03:11:04:05",
        "-m",
        "2026-13-01",
    ],
)
def test_what_is_no_time_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        parse_time(text, BEGIN, END)


def test_of_several_days_the_last_one_within_the_recording_is_meant() -> None:
    end = Stamp(BOOT + 3 * 86_400 * SECOND, BEGIN.wall_ns + 3 * 86_400 * SECOND)
    assert parse_time("04:05", BEGIN, end) == BOOT + (2 * 86_400 + 3600) * SECOND


def test_a_recording_over_midnight_has_times_of_both_days() -> None:
    begin = Stamp(BOOT, wall("2026-03-02T23:50:00"))
    end = Stamp(BOOT + 1200 * SECOND, wall("2026-03-03T00:10:00"))
    assert parse_time("23:55", begin, end) == BOOT + 300 * SECOND
    assert parse_time("00:05", begin, end) == BOOT + 900 * SECOND


def test_a_time_outside_of_the_recording_is_the_nearest_such_moment() -> None:
    assert parse_time("03:20", BEGIN, END) == END.boot_ns + 300 * SECOND
    assert parse_time("03:00", BEGIN, END) == BOOT - 300 * SECOND
    begin = Stamp(BOOT, wall("2026-03-02T00:01:00"))
    assert parse_time("23:59", begin, Stamp(BOOT + SECOND, begin.wall_ns + SECOND)) == BOOT - 120 * SECOND


def test_a_clock_that_was_set_in_between_is_read_by_the_nearer_end() -> None:
    end = Stamp(END.boot_ns, END.wall_ns + 3600 * SECOND)
    assert parse_time("03:06", BEGIN, end) == BOOT + 60 * SECOND
    assert parse_time("04:15:00", BEGIN, end) == END.boot_ns
    assert wall_at(BOOT + SECOND, BEGIN, end) == BEGIN.wall_ns + SECOND
    assert wall_at(END.boot_ns - SECOND, BEGIN, end) == end.wall_ns - SECOND


def test_windows_may_leave_out_either_end() -> None:
    assert parse_window("03:10..03:12", BEGIN, END) == (BOOT + 300 * SECOND, BOOT + 420 * SECOND)
    assert parse_window("..03:12", BEGIN, END) == (BOOT - 1, BOOT + 420 * SECOND)
    assert parse_window("-5m..", BEGIN, END) == (BOOT + 300 * SECOND, END.boot_ns)
    assert window(None, None, BEGIN, END) == (BOOT - 1, END.boot_ns)


@pytest.mark.parametrize("text", ["03:12", "03:12..03:10", "03:20..03:30", "02:00..02:10"])
def test_windows_that_hold_nothing_are_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_window(text, BEGIN, END)


def test_distances_beyond_any_recording_do_no_harm() -> None:
    assert parse_time("-" + "9" * 400 + "d", BEGIN, END) < BOOT
