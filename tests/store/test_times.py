from __future__ import annotations

from datetime import datetime

import pytest

from bttop.errors import UsageError
from bttop.model.records import Stamp
from bttop.store.times import parse_time

SECOND = 1_000_000_000


def moment(text: str) -> Stamp:
    """A local time of the reader as a stamp; the machine started at 2026-11-20 00:00."""
    wall = round(datetime.fromisoformat(text).timestamp()) * SECOND
    return Stamp(wall - round(datetime.fromisoformat("2026-11-20T00:00").timestamp()) * SECOND, wall)


BEGIN, END = moment("2026-11-21T22:00:00"), moment("2026-11-22T03:12:00")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("03:11", "2026-11-22T03:11:00"),
        ("3:11", "2026-11-22T03:11:00"),
        ("03:11:04", "2026-11-22T03:11:04"),
        ("23:30", "2026-11-21T23:30:00"),
        ("-5m", "2026-11-22T03:07:00"),
        ("-90", "2026-11-22T03:10:30"),
        ("+1h", "2026-11-21T23:00:00"),
        ("2026-11-22T01:02:03", "2026-11-22T01:02:03"),
        (" 2026-11-22 01:02 ", "2026-11-22T01:02:00"),
    ],
)
def test_a_time_is_read_as_people_write_it(typed: str, meant: str) -> None:
    assert parse_time(typed, BEGIN, END) == moment(meant).boot_ns


def test_a_zone_is_respected() -> None:
    utc = datetime.fromisoformat("2026-11-22T01:00:00+00:00").timestamp()
    assert parse_time("2026-11-22T01:00:00Z", BEGIN, END) == round(utc) * SECOND - (END.wall_ns - END.boot_ns)


@pytest.mark.parametrize("typed", ["", "soon", "25:00", "03:60", "-", "-5 weeks", "9999999999999", "2026-13-01"])
def test_anything_else_is_refused_with_the_forms_that_are_known(typed: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        parse_time(typed, BEGIN, END)
