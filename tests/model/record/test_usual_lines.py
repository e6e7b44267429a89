from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.plan import MapPlan, Numbered, Plan
from bttop.model.record.decode import read_any
from bttop.model.record.line_repairs import repaired
from bttop.model.record.maps import LineContext
from bttop.model.record.records import Bucket, MapRecord, Record, Stamp, Stats
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.model.record.usual_lines import read_usual
from tests.model.samples import RELEASES, STACK, TEXT, captured, captured_plan

PLAN = Plan(
    {
        **captured_plan().maps,
        "@one": MapPlan("@one", "sum", (), "bank", under_key=True),
        "@struct": MapPlan("@struct", "value", (), "gauge"),
        "@two": MapPlan("@two", "count", (TEXT, TEXT), "bank"),
        "@mixed": MapPlan("@mixed", "count", (TEXT, STACK), "bank"),
        "@numbers": MapPlan("@numbers", "hist", (TEXT,), "bank", numbered=Numbered()),
    },
    {"@numbers_a": "@numbers"},
    heartbeats=("a", "b"),
    nonce=7,
)
CAPTURED = [
    line for release in ("0.17", "0.23", "0.27") for run in ("keys", "stacks", "misc")
    for line in captured(f"{release}-{run}")
]  # fmt: skip


def usual(data: bytes, release: Release, plan: Plan = PLAN) -> Record | str | None:
    """What the typed decoders read; an error as text."""
    try:
        return read_usual(repaired(data), LineContext(Stamp(1, 2), traits_of(release), plan))
    except ValueError as error:
        return str(error)


def any_way(data: bytes, release: Release, plan: Plan = PLAN) -> Record | str:
    """What the reader of every shape reads; an error as text."""
    try:
        return read_any(repaired(data), LineContext(Stamp(1, 2), traits_of(release), plan))
    except ValueError as error:
        return str(error)


def same(data: bytes, release: Release) -> None:
    found = usual(data, release)
    assert found is None or (found == any_way(data, release) and repr(found) == repr(any_way(data, release)))


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_captured_lines_are_read_in_the_same_way_by_both(release: Release) -> None:
    for line in CAPTURED:
        same(line, release)


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ('{"type": "map", "data": {"@c": {"a": 1, "b:c ": 18446744073709551615}}}', {"a": 1, "b:c ": (1 << 64) - 1}),
        ('{"type": "map", "data": {"@cs": -5}}', {"": -5}),
        ('{"type":"map","data":{"@nobody":{}}}', {}),
        ('{"type": "hist", "data": {"@hs": [{"min": 1, "max": 1, "count": 2}]}}', {"": (Bucket(1, 1, 2),)}),
        (
            '{"type": "hist", "data": {"@h": {"k": [{"max": -1, "count": 1}, {"min": 4, "count": 2}]}}}',
            {"k": (Bucket(None, -1, 1), Bucket(4, None, 2))},
        ),
        (
            '{"type": "stats", "data": {"@st": {"a": {"count": 2, "average": -3, "total": -6}}}}',
            {"a": Stats(2, -3, -6)},
        ),
        ('{"type": "stats", "data": {"@av": {"a": 3}}}', {"a": 3}),
        ('{"type": "map", "data": {"@numbers_a": {"x,2": 3, "x,3": 4}}}', {"x": (Bucket(1, 1, 3), Bucket(2, 3, 4))}),
    ],
)
def test_the_usual_shapes_are_read_by_typed_decoders(line: str, rows: object) -> None:
    record = usual(line.encode(), Release(0, 27))
    assert isinstance(record, MapRecord)
    assert record.rows == rows
    assert record == any_way(line.encode(), Release(0, 27))


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "map", "data": {"@c": {"a": 1, "a": 2}}}',
        '{"type": "map", "data": {"@c": {"a" : 1, "a": 2, "\\":": 3}}}',
        '{"type": "map", "data": {"@c": {"a": 1}, "@c": {"a": 1}}}',
        '{"type": "map", "data": {"@c": {"a": 1}}, "data": {"@c": {"a": 1}}}',
        '{"type": "hist", "data": {"@h": {"k": [], "k": []}}}',
        '{"type": "hist", "data": {"@h": {"k": [{"min": 1, "min": 2, "max": 3, "count": 1}]}}}',
        '{"type": "stats", "data": {"@st": {"a": {"count": 1, "average": 1, "total": 1, "total": 2}}}}',
        '{"type": "value", "data": [7,[0,1,2]], "data": [7,[0,1,3]]}',
    ],
)
def test_a_repeated_name_is_left_to_the_reader_of_every_shape(line: str) -> None:
    assert usual(line.encode(), Release(0, 17)) is None


TEXTS = st.text(alphabet=st.sampled_from('a,:" \\\t\n\x01\x7fé\ufffd0-\ud800'), max_size=6)
NUMBERS = st.integers() | st.sampled_from(
    [-(1 << 31), 1 << 53, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 64, 10**40, -(10**41)]
)
SCALARS = NUMBERS | st.floats() | st.booleans() | st.none() | TEXTS
BUCKETS = st.lists(
    st.fixed_dictionaries({}, optional={"min": NUMBERS, "max": NUMBERS | st.none(), "count": SCALARS}), max_size=3
)
STATS = st.fixed_dictionaries({"count": NUMBERS, "average": NUMBERS, "total": NUMBERS})
VALUES = NUMBERS | SCALARS | BUCKETS | STATS
PAIRS = st.lists(st.tuples(TEXTS | st.sampled_from(["k", "min", "count", "x,1", "0", "a,b,c"]), VALUES), max_size=4)


def object_of(pairs: list[tuple[str, object]], colon: str) -> str:
    """A JSON object whose names may be repeated."""
    return "{" + ", ".join(f"{json.dumps(name)}{colon}{json.dumps(value)}" for name, value in pairs) + "}"


@given(
    st.sampled_from(["map", "hist", "stats", "tseries", "value", "printf", "time", "x"]),
    st.sampled_from([*PLAN.maps, "@numbers_a", "@nobody", "nameless"]),
    PAIRS | VALUES,
    st.sampled_from([": ", ":", " :", "\t:"]),
    st.sampled_from(RELEASES),
    st.booleans(),
)
def test_a_map_of_any_rows_is_the_same_for_both(
    kind: str, name: str, value: object, colon: str, release: Release, escaped: bool
) -> None:
    is_object = isinstance(value, list) and all(isinstance(one, tuple) for one in value)
    text = object_of(value, colon) if is_object else json.dumps(value)  # type: ignore[arg-type]
    line = f'{{"type": "{kind}", "data": {{"{name}": {text}}}}}'
    raw = line if escaped else json.dumps(json.loads(line), ensure_ascii=False) if not is_object else line
    same(raw.encode("utf-8", "surrogatepass"), release)
    same(f'{{"type": "{kind}", "data": {text}}}'.encode(), release)


@given(st.sampled_from(CAPTURED), st.data(), st.sampled_from(RELEASES))
def test_captured_lines_with_bytes_changed_are_the_same_for_both(
    line: bytes, data: st.DataObject, release: Release
) -> None:
    at = data.draw(st.integers(0, len(line)))
    same(line[:at] + data.draw(st.binary(max_size=4)) + line[at + 1 :], release)


@given(st.lists(NUMBERS | st.floats() | TEXTS, max_size=5), st.integers(6, 8), st.sampled_from(RELEASES))
def test_any_value_is_the_same_heartbeat_or_none_for_both(numbers: list[object], nonce: int, release: Release) -> None:
    same(f'{{"type": "value", "data": [{nonce},{json.dumps(numbers)}]}}'.encode(), release)
