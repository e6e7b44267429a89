"""Maps that are odd in one way each: every view draws them or says what is missing, in exactly the place there is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec import Struct

from bttop.model.plan import Aggregation, Column
from bttop.model.record.records import Bucket, Value
from bttop.ui.render.spans import ASCII, UNICODE, line_width
from bttop.ui.views.catalogue import views_for
from tests.model.stacks.kit import KEY, key, stack
from tests.ui.scenes import map_plan, scene, texts

PID = (Column("pid", "int"),)
SYMBOLS = ("漢字の関数", "e\u0301tat", "std::map<int, a b>; [x]", "Ljava/lang/Thread;::run", "<T as Foo>::bar;baz", "")


class Case(Struct, frozen=True):
    """A map, and what each of its views must show at 120x40; a text in front of a colon is the name of the view."""

    rows: Mapping[str, Value]
    shown: tuple[str, ...]
    aggregation: Aggregation = "count"
    columns: tuple[Column, ...] = KEY


CASES: Mapping[str, Case] = {
    "empty stacks": Case({key(): 3, key(pid=8): 1}, ("flame: [no frames]", "flame: 100 % no frames", "stacks: [no f")),
    "500 frames": Case(
        {key(*[f"f{number}" for number in range(500)]): 2},
        ("flame: [cut at 127 frames]", "flame: levels 1-37 of 502", "stacks: f499"),
    ),
    "one key": Case({key("main"): 1}, ("flame: main", "stacks: main")),
    "no key": Case({}, ("flame: all processes", "stacks: innermost frames")),
    "counts of 2^63": Case({key("main", f"f{n}"): 1 << 63 for n in range(3)}, ("flame: f1", "stacks: 33"), "sum"),
    "odd names": Case(
        {key("main", *SYMBOLS): 1},
        ("flame: 漢字の関数", "flame: |std::map<int, a b>;", "stacks: <T as Foo>::bar;baz"),
    ),
    "negative buckets": Case(
        {"": (Bucket(None, -1, 4), Bucket(0, 0, 1))}, ("histogram: (…, 0) 4", "histogram: p50 <0"), "hist", ()
    ),
    "only the overflow bucket": Case({"": (Bucket(1000, None, 7),)}, ("histogram: [1000, …) 7",), "lhist", ()),
    "buckets of 2^63": Case(
        {"": (Bucket(1 << 62, None, 1 << 63),)}, ("histogram: [4E, …) 9,223,372,036,854,775,8",), "hist", ()
    ),
    "only negative numbers": Case({"1": -5, "2": -7}, ("table: -5", "table: -7"), "sum", PID),
}
SIZES = ((1, 1), (10, 6), (40, 10), (120, 40))


@pytest.mark.parametrize("name", CASES)
def test_what_is_odd_is_drawn_or_said(name: str) -> None:
    case = CASES[name]
    plan = map_plan(case.aggregation, case.columns, pid="pid")
    drawn = {}
    for view in views_for(plan, case.rows):
        for width, height in SIZES:
            for glyphs in (UNICODE, ASCII):
                drawing = view.draw(scene(case.rows, plan, width=width, height=height, glyphs=glyphs))
                assert len(drawing.lines) <= height
                assert {line_width(line) for line in drawing.lines} <= {width}, view.name
            drawn[view.name] = "\n".join(texts(drawing))
        for one in case.rows:
            assert all(line_width(line) <= 20 for line in view.detail(scene(case.rows, plan, width=20), one))
    for shown in case.shown:
        view_name, _, text = shown.partition(": ")
        assert text in drawn[view_name], drawn[view_name]


def test_a_hundred_thousand_keys_are_counted_though_few_are_drawn() -> None:
    rows: dict[str, Value] = {f"{pid},java,{stack('main', f'f{pid % 50}')},{stack()}": 1 for pid in range(100_000)}
    plan = map_plan("count", KEY, pid="pid")
    for view in views_for(plan, rows):
        drawing = view.draw(scene(rows, plan, width=80, height=10))
        assert "100k/s" in drawing.summary or "100,000/s" in drawing.summary, drawing.summary
        assert view.name == "flame" or drawing.hidden == len(drawing.order) - 9
