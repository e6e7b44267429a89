"""By which columns rows can be grouped, and the group of each."""

from __future__ import annotations

from bttop.model.grouping.group_columns import ProcessColumn, group_columns
from bttop.model.plan import Column, MapPlan
from tests.model.grouping.made import CALLS, DECODERS, STACKS, by, grouped, map_of

UNIT = ProcessColumn("unit", lambda pid: "web.service" if pid < 10 else "")


def titles(columns: tuple[Column, ...], process: ProcessColumn | None = None) -> list[str]:
    return [one.title for one in group_columns(MapPlan("@m", "count", columns), DECODERS, process)]


def test_names_come_before_stacks_and_numbers_last() -> None:
    assert titles(CALLS) == ["comm", "syscall", "pid"]
    assert titles(STACKS) == ["comm", "frame", "kstack", "ustack", "pid"]
    assert titles(CALLS, UNIT) == ["comm", "unit", "syscall", "pid"]


def test_rows_of_one_column_are_groups_already() -> None:
    assert titles((Column("comm", "text"),)) == []
    assert titles(()) == []
    assert titles((Column("pid", "int"),), UNIT) == ["unit"]
    assert titles((Column("kstack", "stack"),)) == ["kstack"]


def test_a_map_without_process_ids_has_no_column_about_them() -> None:
    assert titles((Column("tid", "int"), Column("comm", "text")), UNIT) == ["comm", "tid"]


def test_a_column_of_the_map_wins_over_one_of_the_same_title() -> None:
    columns = (Column("frame", "text"), Column("kstack", "stack"), Column("ustack", "stack"))
    assert titles(columns).count("frame") == 1
    assert titles((Column("pid", "int"), Column("unit", "text")), UNIT).count("unit") == 1


def test_numbers_of_one_name_are_one_group() -> None:
    rows = map_of({"1,dd,0": 1, "2,dd,0": 2, "2,dd,1": 4, "3,dd,9999": 8, "4,dd,x": 16})
    assert grouped(rows, "syscall").data.rows == {"read": 3, "write": 4, "syscall_9999": 8, "x": 16}


def test_a_process_without_a_unit_is_said_to_have_none_known() -> None:
    data = map_of({"1,dd,0": 1, "12,dd,0": 2, "x,dd,0": 4})
    of = by(data, "unit", UNIT).of
    assert [of(key) for key in data.rows] == ["web.service", "[no unit known]", "[no unit known]"]


def test_keys_that_do_not_split_have_a_group() -> None:
    data = map_of({"": 1, "7": 2, "7,a,b,c,1": 4, ",,": 8})
    assert sum(value for value in grouped(data, "comm").data.rows.values() if isinstance(value, int)) == 15
    assert grouped(data, "comm").members["a,b,c"] == ["7,a,b,c,1"]
