from __future__ import annotations

from collections.abc import Mapping

import pytest

from bttop.model.flush.by_function import by_function, by_function_in_steps, function_key, has_stacks, unnamed_addresses
from bttop.model.flush.contents import MapData
from bttop.model.plan import Aggregation, Column, MapPlan
from bttop.model.record.records import Bucket, Stats, Value

COLUMNS = (Column("pid", "int"), Column("comm", "text"), Column("ustack", "stack"), Column("kstack", "stack"))
NAMES = {(7, 0x401000): "work", (7, 0x401010): "work", (7, 0x7F00): "main"}


def namer(pid: int, address: int) -> str:
    return NAMES.get((pid, address), "")


def key(*user: str, kernel: tuple[str, ...] = (), comm: str = "java", pid: int = 7, indent: str = "    ") -> str:
    def stack(frames: tuple[str, ...]) -> str:
        return "\n" + "".join(f"{indent}{frame}\n" for frame in frames)

    return f"{pid},{comm},{stack(user)},{stack(kernel)}"


def merged(rows: Mapping[str, Value], aggregation: Aggregation = "count") -> MapData:
    return by_function(MapData(MapPlan("@s", aggregation, COLUMNS), "map", rows), namer)


@pytest.mark.parametrize("indent", ["", "    ", "        "])
def test_rows_that_differ_in_offsets_only_are_one_row(indent: str) -> None:
    rows: dict[str, Value] = {
        key("work+4", "main+9", kernel=("read+1",), indent=indent): 3,
        key("work+8", "main+0x9", kernel=("read+2",), indent=indent): 4,
        key("other+8", "main+9", kernel=("read+2",), indent=indent): 5,
    }
    found = merged(rows).rows
    assert found == {
        key("work", "main", kernel=("read",), indent=indent): 7,
        key("other", "main", kernel=("read",), indent=indent): 5,
    }


def test_rows_of_the_perf_mode_are_merged_by_function() -> None:
    rows: dict[str, Value] = {
        key("401136 work+4 (/usr/bin/app)", indent="\t"): 3,
        key("401140 work+14 (/usr/bin/app)", indent="\t"): 4,
    }
    assert merged(rows).rows == {key("work", indent=""): 7}


def test_addresses_are_merged_by_the_names_that_are_known() -> None:
    rows: dict[str, Value] = {key("0x401000", "0x7f00"): 3, key("0x401010", "0x7f00"): 4, key("0x402000"): 5}
    assert merged(rows).rows == {key("work", "main"): 7, key("0x402000"): 5}
    assert list(unnamed_addresses(key("0x401000", "f+1", "0x7f00", kernel=("0xffffffff8100",)), merged({}).plan)) == [
        (7, 0x401000),
        (7, 0x7F00),
    ]


@pytest.mark.parametrize("frame", ["[unknown]", "[process ended]"])
def test_the_number_of_frames_without_a_name_makes_no_row(frame: str) -> None:
    rows = {key("work+1", *["0x1"] * count, kernel=("read+1",)): 1 for count in range(1, 5)}
    found = by_function(MapData(MapPlan("@s", "count", COLUMNS), "map", rows), lambda *_: frame)
    assert found.rows == {key("work", frame, kernel=("read",)): 4}


def test_addresses_of_a_key_without_a_process_stay() -> None:
    plan = MapPlan("@", "count", (Column("ustack", "stack"),))
    assert function_key("\n0x401000\n", plan, namer) == "\n0x401000\n"
    assert list(unnamed_addresses("\n0x401000\n", plan)) == []


@pytest.mark.parametrize(
    ("aggregation", "first", "second", "both"),
    [
        ("sum", 3, 4, 7),
        ("max", 3, 4, 4),
        ("stats", Stats(1, 3, 3), Stats(1, 5, 5), Stats(2, 4, 8)),
        ("hist", (Bucket(1, 1, 3),), (Bucket(1, 1, 4),), (Bucket(1, 1, 7),)),
    ],
)
def test_values_are_merged_as_the_kernel_would_have(
    aggregation: Aggregation, first: Value, second: Value, both: Value
) -> None:
    found = merged({key("work+1"): first, key("work+2"): second}, aggregation)
    assert found.rows == {key("work"): both}
    assert not found.ambiguous


def test_what_cannot_be_merged_exactly_says_so() -> None:
    assert merged({key("work+1"): 3, key("work+2"): 4}, "avg").ambiguous


@pytest.mark.parametrize("aggregation", ["value", "tseries"])
def test_assigned_values_keep_their_rows(aggregation: Aggregation) -> None:
    rows: dict[str, Value] = {key("work+1"): 3, key("work+2"): 4}
    assert merged(rows, aggregation).rows == rows
    assert not has_stacks(MapPlan("@s", aggregation, COLUMNS))


@pytest.mark.parametrize("comm", ["a+12", "a,b", "0x401000", "x\n y+1"])
def test_other_parts_of_a_key_stay_as_they_are(comm: str) -> None:
    assert list(merged({key("work+1", comm=comm): 3}).rows) == [key("work", comm=comm)]


def test_a_map_without_stacks_is_returned_as_it_is() -> None:
    data = MapData(MapPlan("@", "count", COLUMNS[:2]), "map", {"1,a+1": 3})
    assert by_function(data, namer) is data


def test_a_large_map_is_merged_in_many_steps() -> None:
    rows: dict[str, Value] = {key(f"f{number}+{number % 7}", comm=f"c{number % 50}"): 1 for number in range(5000)}
    data = MapData(MapPlan("@s", "count", COLUMNS), "map", rows)
    steps = by_function_in_steps(data, namer)
    taken = 0
    while True:
        try:
            next(steps)
            taken += 1
        except StopIteration as end:
            assert end.value == by_function(data, namer)
            break
    assert taken > 20


@pytest.mark.parametrize("head", ["7,java", "7,a,b", "7,x\n y"])
def test_the_usual_way_to_read_a_key_gives_what_reading_it_part_by_part_gives(head: str) -> None:
    """A namer and an address have a key read part by part."""
    stacks = "\n    work+4\n    main+9\n,\n    read+1\n"
    plain = function_key(f"{head},{stacks}", MapPlan("@s", "count", COLUMNS))
    assert plain == f"{head},\n    work\n    main\n,\n    read\n"
    addressed = function_key(f"{head},{stacks[:-1]}\n    0x9\n", MapPlan("@s", "count", COLUMNS), namer)
    assert addressed.replace("    0x9\n", "") == plain
