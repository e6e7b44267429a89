"""The maps of a flush by one column."""

from __future__ import annotations

from bttop.model.grouping.group_columns import ProcessColumn
from bttop.model.grouping.group_flush import FlushGrouper
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from tests.model.grouping.made import DECODERS, STACKS, map_of
from tests.ui.scenes import flush_of

UNITS = (ProcessColumn("unit", lambda pid: "web" if pid == 1 else ""), ProcessColumn("container", lambda _: ""))


def test_a_flush_keeps_only_maps_with_the_column_and_the_others_are_named() -> None:
    flush = flush_of(map_of({"1,dd,0": 3, "2,dd,1": 4}))
    grouper = FlushGrouper("comm", DECODERS)
    assert dict(grouper.flush(flush).maps["@m"].rows) == {"dd,2": 7}
    assert grouper.left_out == set()
    other = FlushGrouper("daddr", DECODERS)
    assert other.flush(flush).maps == {}
    assert other.left_out == {"@m"}


def test_the_only_column_of_a_map_counts() -> None:
    grouper = FlushGrouper("comm", DECODERS, counts=False)
    found = grouper.data(map_of({"dd": 3, "cat": 4}, columns=(Column("comm", "text"),)))
    assert found is not None
    assert found.rows == {"dd": 3, "cat": 4}


def test_titles_include_those_about_the_process_if_the_map_has_one() -> None:
    grouper = FlushGrouper("comm", DECODERS, UNITS)
    assert set(grouper.titles(map_of({}).plan)) == {"comm", "syscall", "pid", "unit", "container"}
    assert grouper.titles(MapPlan("@m", "count")) == ()


def test_rows_are_grouped_by_a_text_about_their_process() -> None:
    found = FlushGrouper("unit", DECODERS, UNITS).data(map_of({"1,a,0": 3, "2,b,0": 4, "3,c,0": 5}))
    assert found is not None
    assert [split_key(key, found.plan.columns).parts for key in found.rows] == [("web", 1), ("[no unit known]", 2)]


def test_frames_without_a_name_get_the_one_that_was_found() -> None:
    grouper = FlushGrouper("ustack", DECODERS, namer=lambda pid, address: f"named_{pid}_{address}", counts=False)
    found = grouper.data(map_of({"7,dd,\n,\n    0x10\n    main\n": 3}, columns=STACKS))
    assert found is not None
    assert found.rows == {"named_7_16": 3}
