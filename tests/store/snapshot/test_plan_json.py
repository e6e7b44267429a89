"""Plans in a recording: whatever a script promised can be read again, and a stranger's text is refused."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.plan import Aggregation, Column, MapPlan, Numbered, PartKind, Plan, Scheme
from bttop.store.snapshot.plan_json import plan_object, read_plan

WORDS = st.text(max_size=8)
COLUMNS = st.builds(Column, WORDS, st.sampled_from(get_args(PartKind)), WORDS, st.integers(0, 127))
MAPS = st.builds(
    MapPlan,
    name=st.text("ab@_", min_size=1, max_size=4),
    aggregation=st.sampled_from(get_args(Aggregation)),
    columns=st.lists(COLUMNS, max_size=3).map(tuple),
    stack=st.none() | COLUMNS,
    scheme=st.sampled_from(get_args(Scheme)),
    unit=WORDS,
    title=WORDS,
    view=WORDS,
    sort=WORDS,
    pid=WORDS,
    tid=WORDS,
    numbered=st.none() | st.builds(Numbered, st.integers(-9, 9), st.integers(10, 99), st.integers(0, 9)),
    under_key=st.booleans(),
    kept=st.booleans(),
    occasional=st.booleans(),
    mark=WORDS,
    limit=st.integers(0, 10**9),
    longest_text=st.integers(0, 10**9),
    one_in=st.sampled_from([1, 2, 8, 256]),
    by_key=st.booleans(),
    since=st.booleans(),
)
PLANS = st.builds(
    Plan,
    maps=st.lists(MAPS, max_size=4).map(lambda maps: {one.name: one for one in maps}),
    aliases=st.dictionaries(WORDS, WORDS, max_size=3),
    heartbeats=st.lists(WORDS, max_size=3).map(tuple),
    interval_ns=st.integers(1, 10**13),
    periods=st.dictionaries(WORDS, st.integers(0, 10**13), max_size=3),
    raw=st.booleans(),
)


@given(PLANS)
def test_every_plan_comes_back_whole(plan: Plan) -> None:
    assert read_plan(json.loads(json.dumps(plan_object(plan)))) == plan


@pytest.mark.parametrize(
    "changed",
    [
        {"maps": [{}]},
        {"maps": 3},
        {"aliases": []},
        {"heartbeats": None},
        {"interval_ns": "soon"},
        {"periods": {"a": "soon"}},
        {"periods": 3},
        {"maps": [{"name": "@a", "aggregation": "mode", "scheme": "own", "columns": []}]},
        {"maps": [{"name": "@a", "aggregation": "count", "scheme": "rented", "columns": []}]},
        {"maps": [{"name": "@a", "aggregation": "count", "scheme": "own", "columns": [["one", "two"]]}]},
        {"maps": [{"name": "@a", "aggregation": "hist", "scheme": "own", "columns": [], "numbered": [1, 2, 3, 4]}]},
    ],
)
def test_what_is_no_plan_is_a_value_error(changed: dict[str, object]) -> None:
    whole = plan_object(Plan({"@a": MapPlan("@a", "count")}, {"@x": "@a"}, ("a",)))
    with pytest.raises(ValueError, match=r"not a plan|unknown aggregation|invalid literal"):
        read_plan(whole | changed)
