"""Which processes are folded, and what their row says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.grouping.short_lived import (
    LEAST_PROCESSES,
    Folded,
    Names,
    ProcessKeys,
    fold,
    may_fold,
    names_of,
    process_keys,
    short_lived,
)
from bttop.model.plan import Column, MapPlan
from bttop.model.record.records import Stats, Value
from tests.model.grouping.made import CALLS, STACKS, map_of


def keys_of(columns: tuple[Column, ...]) -> ProcessKeys:
    """How to read keys of these columns by process."""
    found = process_keys(MapPlan("@m", "count", columns))
    assert found is not None
    return found


def folded_rows(data: MapData, keys: ProcessKeys, wanted: Names, kept: str | None = None) -> Folded:
    """The map with the rows of these processes folded."""
    return fold(data, keys.rows(data), wanted, kept)


KEYS = keys_of(CALLS)
LOOP = [[f"{100 * flush + n}" for n in range(10)] for flush in range(5)]
POOL = [[str(n) for n in range(64)]] * 5


def found(*flushes: Sequence[str], name: str = "ls") -> set[str]:
    """The folded processes of the last flush."""
    moments = [{name: frozenset(ids)} for ids in flushes]
    return set(short_lived(moments[-1], moments).get(name, ()))


KINDS = st.lists(st.sampled_from(["stack", "stack", "int", "text"]), max_size=3)
PIECES = st.lists(st.sampled_from(["\n", ",", "1", "ls", "\nf+1\n", "\n,\n", ",\n"]), max_size=8)


@given(KINDS, PIECES, st.data())
def test_a_key_with_stacks_is_read_like_one_that_is_split_part_by_part(
    kinds: list[Literal["stack", "int", "text"]], pieces: list[str], draw: st.DataObject
) -> None:
    more = [Column(f"c{at}", kind) for at, kind in enumerate(kinds)]
    keys = keys_of((Column("pid", "int"), Column("comm", "text"), *more))
    usual = {"stack": "\nf\n\tg+1\n", "int": "7", "text": "a,b"}
    key = draw.draw(st.sampled_from([",".join(["1", "ls", *(usual[one] for one in kinds)]), "".join(pieces)]))
    data = map_of({key: 1}, columns=keys.columns)
    assert keys.rows(data) == replace(keys, stacks=None).rows(data)


def test_processes_that_come_and_go_are_folded() -> None:
    assert found(*LOOP) == set(LOOP[-1])


def test_a_process_that_stays_is_not_folded_among_those_that_go() -> None:
    assert found(*[[*ids, "7"] for ids in LOOP]) == set(LOOP[-1])


def test_a_process_at_the_turn_of_two_flushes_is_short_lived() -> None:
    overlapping = [[*ids, *LOOP[at - 1][:3]] if at else ids for at, ids in enumerate(LOOP)]
    assert found(*overlapping) == set(overlapping[-1])


@pytest.mark.parametrize(
    "flushes",
    [POOL, POOL[:1], LOOP[:1], LOOP[:2], [ids[: LEAST_PROCESSES - 1] for ids in LOOP], [*LOOP[:3], []], []],
    ids=["a pool", "a pool at first", "one flush", "two flushes", "too few", "nothing now", "no flush"],
)
def test_others_are_shown_one_by_one(flushes: Sequence[Sequence[str]]) -> None:
    assert found(*flushes or [[]]) == set()


def test_workers_that_begin_at_once_are_not_folded() -> None:
    assert found(["1"], ["1"], ["1"], POOL[0]) == set()


def test_a_span_of_flushes_folds_all_that_came_and_went_in_it() -> None:
    moments = [{"ls": frozenset([*ids, "7"])} for ids in LOOP]
    shown = {"ls": frozenset().union(*(one["ls"] for one in moments))}
    assert short_lived(shown, moments)["ls"] == shown["ls"] - {"7"}


def test_rows_of_one_name_become_one_row_for_each_other_part() -> None:
    rows: dict[str, Value] = {"1,ls,0": 3, "2,ls,0": 4, "3,ls,0": 5, "1,ls,1": 6, "9,dd,0": 7}
    folded = folded_rows(map_of(rows), KEYS, {"ls": frozenset(["1", "2"])})
    assert folded.data.rows == {"3,ls,0": 5, "1,ls,1": 6, "9,dd,0": 7, "-1,ls,0": 7}
    assert (folded.members, folded.processes) == ({"-1,ls,0": ["1,ls,0", "2,ls,0"]}, {"-1,ls,0": 2})
    assert folded.names == {"ls": 2}


def test_the_row_that_the_user_has_chosen_stays() -> None:
    rows: dict[str, Value] = {f"{pid},ls,0": 1 for pid in range(4)}
    folded = folded_rows(map_of(rows), KEYS, {"ls": frozenset("0123")}, kept="2,ls,0")
    assert folded.data.rows == {"2,ls,0": 1, "-1,ls,0": 3}


def test_values_that_cannot_be_merged_stay_rows() -> None:
    rows: dict[str, Value] = {"1,ls,0": 3, "2,ls,0": 5}
    assert folded_rows(map_of(rows, "avg"), KEYS, {"ls": frozenset("12")}).data.rows == rows
    exact: dict[str, Value] = {"1,ls,0": Stats(1, 3, 3), "2,ls,0": Stats(3, 5, 15)}
    assert folded_rows(map_of(exact, "avg"), KEYS, {"ls": frozenset("12")}).data.rows == {"-1,ls,0": Stats(4, 4, 18)}


def test_a_script_that_counts_process_minus_one_itself_is_not_mixed_with_a_fold() -> None:
    rows: dict[str, Value] = {"-1,ls,0": 9, "1,ls,0": 3, "2,ls,0": 5}
    assert folded_rows(map_of(rows), KEYS, {"ls": frozenset("12")}).data.rows == rows


def test_stacks_of_one_name_are_folded_by_stack() -> None:
    keys = keys_of(STACKS)
    stack = "\n    a,b+1\n,\n    main+2\n"
    rows: dict[str, Value] = {f"1,l,s,{stack}": 3, f"2,l,s,{stack}": 4}
    folded = folded_rows(map_of(rows, columns=STACKS), keys, {"l,s": frozenset("12")})
    assert folded.data.rows == {f"-1,l,s,{stack}": 7}


@pytest.mark.parametrize("columns", [(), (Column("pid", "int"),), (Column("comm"),), (Column("daddr"), Column("comm"))])
def test_a_map_needs_a_name_and_a_process(columns: tuple[Column, ...]) -> None:
    assert process_keys(MapPlan("@m", "count", columns)) is None


@given(
    st.dictionaries(st.text(st.sampled_from("1a,-\n"), max_size=7), st.integers(-(2**63), 2**64)),
    st.sets(st.text("1a")),
)
def test_no_row_is_lost(rows: dict[str, Value], ids: set[str]) -> None:
    found = KEYS.rows(map_of(rows))
    wanted = dict.fromkeys([row[2] for row in found], frozenset(ids) | {row[1] for row in found})
    folded = folded_rows(map_of(rows, "sum"), KEYS, wanted)
    assert sum(v for v in folded.data.rows.values() if isinstance(v, int)) == sum(rows.values())  # type: ignore[arg-type]
    behind = [one for keys in folded.members.values() for one in keys]
    assert sorted([*behind, *(folded.data.rows.keys() - folded.members.keys())]) == sorted(rows)
    assert may_fold(names_of(found)) in (True, False)
