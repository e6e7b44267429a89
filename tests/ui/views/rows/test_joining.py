"""Two maps of counts in one table: nothing of either is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush.contents import MapData
from bttop.model.plan import Column, MapPlan
from bttop.ui.views.base import parts
from bttop.ui.views.rows.joining import Joins, join
from bttop.ui.views.table import VIEW
from tests.ui.scenes import scene, texts

OUT = MapPlan("@out", "count", (Column("pid", "int"), Column("tid", "int"), Column("comm", "text")))
IN = MapPlan("@in", "count", (Column("tid", "int"), Column("comm", "text")))
NAMES = st.sampled_from(["java", "a,b", "", "kworker/0:1"])
OUTS = st.dictionaries(st.builds("{},{},{}".format, st.integers(1, 5), st.integers(1, 5), NAMES), st.integers(1, 99))
INS = st.dictionaries(st.builds("{},{}".format, st.integers(1, 5), NAMES), st.integers(1, 99))


def data(plan: MapPlan, rows: dict[str, int]) -> MapData:
    return MapData(plan, "map", dict(rows))


@given(OUTS, INS)
def test_every_number_of_both_maps_is_in_the_table_once(outs: dict[str, int], ins: dict[str, int]) -> None:
    joined = join(data(OUT, outs), data(IN, ins))
    assert {key: value for key, value in joined.data.rows.items() if value} == outs
    assert sorted(joined.beside.numbers.values()) == sorted(ins.values())  # type: ignore[type-var]
    assert set(joined.beside.numbers) <= set(joined.data.rows)
    for key, value in joined.beside.numbers.items():
        _, tid, comm = parts(key, OUT.columns)
        assert ins[f"{tid},{comm}"] == value


def test_the_table_has_both_numbers_and_a_row_of_the_other_map_alone_has_no_process() -> None:
    joined = join(data(OUT, {"42,43,java": 30}), data(IN, {"43,java": 31, "7,dd": 5}))
    base = scene(joined.data.rows, OUT)
    drawn = texts(VIEW.draw(type(base)(joined.data, base.flush, base.trend, base.choice, 80, 10, base.glyphs,
                                       beside=joined.beside)))  # fmt: skip
    assert drawn[0].split()[:5] == ["out/s▾", "in/s", "pid", "tid", "comm"]
    assert drawn[1].split()[:5] == ["30", "31", "42", "43", "java"]
    assert drawn[2].split()[:4] == ["0", "5", "7", "dd"]


def test_a_join_is_remembered_until_one_of_the_maps_is_another() -> None:
    joins, out, into = Joins(), data(OUT, {"1,1,java": 2}), data(IN, {"1,java": 3})
    first = joins.of(out, into)
    assert joins.of(out, into) is first
    assert joins.of(out, data(IN, {"1,java": 4})).beside.numbers == {"1,1,java": 4}
    assert joins.of(data(OUT, {"2,2,java": 5}), into).data.rows == {"2,2,java": 5, ",1,java": 0}
