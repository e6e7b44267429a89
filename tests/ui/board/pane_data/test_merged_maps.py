"""Maps merged by function, once for all who read them."""

from __future__ import annotations

from collections.abc import Iterable

from bttop.model.flush.by_function import NAMED_ROWS
from bttop.model.flush.contents import MapData
from bttop.model.plan import Column, MapPlan
from bttop.ui.board.pane_data.merged_maps import SMALL, MergedMaps, end_by
from tests.ui.scenes import flush_of

PLAN = MapPlan("@s", "count", (Column("pid", "int"), Column("ustack", "stack")), pid="pid")


class Names:
    """Names of frames that become known one after the other."""

    def __init__(self) -> None:
        self.version = 0
        self.known: dict[tuple[int, int], str] = {}
        self.wanted: list[tuple[int, int]] = []

    def name(self, pid: int, address: int) -> str:
        return self.known.get((pid, address), "")

    def want(self, addresses: Iterable[tuple[int, int]]) -> None:
        self.wanted += addresses

    def close(self) -> None:
        pass

    def learn(self, pid: int, address: int, name: str) -> None:
        self.version += 1
        self.known[pid, address] = name


def stacks(*addresses: int) -> MapData:
    return MapData(PLAN, "map", {f"7,\n{address:#x}\n": 1 for address in addresses})


def many(count: int = 10 * SMALL) -> MapData:
    return MapData(PLAN, "map", {f"7,\n f{number}+1\n 0x1\n": 1 for number in range(count)})


def test_a_map_without_stacks_is_the_same_object() -> None:
    data = MapData(MapPlan("@a", "count"), "map", {"": 1})
    assert MergedMaps(None).merged(data) is data


def test_a_flush_is_merged_once() -> None:
    maps, data = MergedMaps(None), stacks(1, 2)
    assert maps.merged(data) is maps.merged(data)
    assert maps.merged(stacks(1, 2)) is not maps.merged(data)


def test_names_that_become_known_are_used_from_the_next_renewal_on() -> None:
    names = Names()
    maps, data = MergedMaps(names), stacks(1, 2)
    assert len(maps.merged(data).rows) == 2
    names.learn(7, 1, "work")
    names.learn(7, 2, "work")
    assert len(maps.merged(data).rows) == 2
    maps.renew()
    assert maps.merged(data).rows == {"7,\nwork\n": 2}


def test_the_addresses_of_the_largest_rows_are_wanted() -> None:
    names = Names()
    rows = {f"7,\n{address:#x}\n": address for address in range(1, NAMED_ROWS + 11)}
    MergedMaps(names).want_names(MapData(PLAN, "map", rows))
    assert {address for _, address in names.wanted} == set(range(11, NAMED_ROWS + 11))


def test_a_large_map_is_merged_in_steps_and_then_known() -> None:
    maps, data = MergedMaps(None), many()
    steps = maps.merge_in_steps(flush_of(data))
    assert not end_by(steps, 0.0), "one step at a time"
    while not end_by(steps, 0.0):
        pass
    assert maps.merged(data) is maps.merged(data)
    assert list(maps.merge_in_steps(flush_of(data))) == [], "nothing is left to do"
    assert list(maps.merge_in_steps(flush_of(many(SMALL)))) == [], "a small map needs no steps"


def test_the_map_on_show_stays_known_while_others_are_read() -> None:
    maps, shown = MergedMaps(None), stacks(1, 2)
    first = maps.merged(shown)
    for number in range(20):
        maps.merged(stacks(number))
        assert maps.merged(shown) is first


def test_a_large_map_keeps_the_names_of_before_until_it_is_merged_again() -> None:
    names = Names()
    maps, data = MergedMaps(names), many()
    before = maps.merged(data)
    names.learn(7, 1, "main")
    maps.renew()
    assert maps.merged(data) is before
    steps = 0
    while maps.is_stale:
        maps.renew_until(0.0)
        steps += 1
    assert steps > 5
    assert "7,\n f0\n main\n" in maps.merged(data).rows
