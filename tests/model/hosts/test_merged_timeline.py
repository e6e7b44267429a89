"""The flushes of several hosts on one clock."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from bttop.model.flush.flush import Flush
from bttop.model.hosts.aligned_flushes import AlignedFlushes, HostTimeline
from bttop.model.hosts.host_flush import ClockOffset, HostFlush
from bttop.model.hosts.merged_maps import How
from bttop.model.hosts.merged_timeline import MergedTimeline
from bttop.model.plan import MapPlan
from bttop.model.record.records import FOREVER
from tests.model.hosts.kit import SECOND, WALL, Flushes, flush, plan, printed


class Hosts:
    """Three hosts: the clock of web2 is 100 s ahead, web3 ticks half a second later."""

    def __init__(self) -> None:
        self.flushes = {name: Flushes() for name in ("web1", "web2", "web3")}
        self.ahead = {"web1": 0, "web2": 100, "web3": 0}
        self.phase = 0.2
        self.out: set[str] = set()
        self.lost: set[str] = set()
        self.now_ns = FOREVER
        self.aligned = AlignedFlushes([self._timeline(name) for name in self.flushes])
        self.merged = self.seen("usual")

    def _timeline(self, name: str) -> HostTimeline:
        ahead = self.ahead[name] * SECOND
        return HostTimeline(
            name,
            self.flushes[name],
            lambda: ClockOffset(ahead, ahead),
            lambda: name in self.out,
            lambda: name in self.lost,
            lambda: self.now_ns,
        )

    def seen(self, how: How) -> MergedTimeline:
        return MergedTimeline(self.aligned, threading.RLock(), how)

    def tick(self, number: int, *names: str, about: MapPlan | None = None, generation: int = 1) -> None:
        """One flush of each of these hosts, by default of all."""
        for name in names or self.flushes:
            phase = 0.5 if name == "web3" else self.phase + 0.001 * (-1) ** number
            end = number + self.ahead[name] + phase
            rows = None if about is None else {"": number}
            self.flushes[name].all.append(flush(number, end, rows, about, generation=generation))


def rows(found: Flush | None) -> Mapping[str, object]:
    assert isinstance(found, HostFlush)
    return found.maps["@m"].rows


def test_flushes_of_one_interval_are_one_flush_although_their_ends_jitter_across_its_border() -> None:
    hosts = Hosts()
    hosts.phase = 0.0
    for number in range(1, 9):
        hosts.tick(number)
    assert hosts.merged.appended >= 7
    found = [rows(one) for one in hosts.merged.window(6)]
    assert all(len(one) == 3 and len(set(one.values())) <= 2 for one in found)
    merged = hosts.merged.latest
    assert isinstance(merged, HostFlush)
    assert merged.coverage == ""
    assert merged.seconds == 1.0
    assert abs(merged.wall_ns - WALL - merged.end_ns) < SECOND


def test_a_host_that_is_late_is_missing_until_its_flush_comes() -> None:
    hosts = Hosts()
    hosts.tick(1)
    for number in (2, 3, 4, 5):
        hosts.tick(number, "web1", "web3")
    count = hosts.merged.appended
    latest = hosts.merged.latest
    assert latest is not None
    assert latest.coverage == "2 of 3 hosts: without web2"
    hosts.tick(2, "web2")
    assert hosts.merged.appended == count
    assert [one.coverage for one in hosts.merged.window(count)][1] == ""


def test_a_lost_host_delays_no_other_and_one_that_is_not_asked_is_not_missing() -> None:
    hosts = Hosts()
    hosts.lost = {"web2"}
    hosts.tick(1, "web1", "web3")
    assert hosts.merged.appended == 1
    hosts.out = {"web2"}
    hosts.tick(2, "web1", "web3")
    assert hosts.merged.appended == 2
    assert [one.coverage for one in hosts.merged.window(2)] == ["2 of 3 hosts: without web2", ""]


def test_a_new_text_is_one_generation_for_all_hosts_and_so_is_the_old_one_again() -> None:
    hosts = Hosts()
    edited = plan("sum")
    for number, about in enumerate((None, edited, None), start=1):
        hosts.tick(2 * number, "web1", about=about, generation=number)
        hosts.tick(2 * number, "web2", "web3", about=about, generation=number)
    hosts.tick(9)
    count = hosts.merged.appended
    generations = [one.generation for one in hosts.merged.window(count)]
    assert generations == sorted(generations)
    assert set(generations) == {1, 2, 3}


def test_moments_find_merged_flushes_and_dropped_ones_are_counted() -> None:
    hosts = Hosts()
    for number in range(1, 6):
        hosts.tick(number)
    count = hosts.merged.appended
    third = hosts.merged.at(2)
    assert third is not None
    assert hosts.merged.index_at(third.end_ns) == 2
    assert hosts.merged.index_at(0) is None
    assert hosts.merged.at(99) is None
    for one in hosts.flushes.values():
        one.dropped = 2
    hosts.tick(6, "web1")
    assert hosts.merged.appended == count
    assert 1 <= hosts.merged.dropped <= 2
    assert len(hosts.merged) == count - hosts.merged.dropped


def test_one_host_alone_has_its_own_rows_on_the_clock_of_this_host() -> None:
    hosts = Hosts()
    alone = MergedTimeline(AlignedFlushes([hosts._timeline("web2")]), threading.RLock(), "one")
    hosts.tick(1)
    hosts.tick(2)
    latest = alone.latest
    assert rows(latest) == {"": 2}
    assert latest is not None
    assert 2.1 < latest.end_ns / SECOND < 2.3


def test_printed_lines_name_their_host_in_the_order_of_their_times() -> None:
    hosts = Hosts()
    for name, texts in {"web1": [("a ", 0.2), ("b\n", 0.3)], "web3": [("c\nd", 0.1)]}.items():
        lines = [printed(text, at) for text, at in texts]
        hosts.flushes[name].all.append(flush(1, 1.5 if name == "web3" else 1.0, printed=lines))
    hosts.lost = {"web2"}
    latest = hosts.merged.latest
    assert latest is not None
    assert [one.data for one in latest.printed] == ["web3  c", "web3  d", "web1  a b"]


def test_a_host_that_restarts_within_an_interval_stays_aligned_with_the_others() -> None:
    hosts = Hosts()
    for number in range(1, 12):
        hosts.tick(number)
        extra = flush(number, number + 0.5, generation=number + 1)
        hosts.flushes["web1"].all.append(extra)
    hosts.tick(12)
    count = hosts.merged.appended
    assert count >= 10
    assert {one.coverage for one in hosts.merged.window(count - 2, count - 1)} == {""}


def test_a_host_that_counts_something_else_is_missing_and_makes_no_generation() -> None:
    hosts = Hosts()
    for number in range(1, 6):
        hosts.tick(number, "web1", about=plan("sum"))
        hosts.tick(number, "web2", "web3")
    count = hosts.merged.appended
    found = hosts.merged.window(count)
    assert {one.coverage for one in found} == {"2 of 3 hosts: without web1"}
    assert {one.generation for one in found} == {1}


def test_short_flushes_are_added_up_to_the_interval_of_the_slowest_host() -> None:
    hosts = Hosts()
    hosts.tick(1)
    for number in range(2, 14):
        hosts.tick(number, "web1", "web3")
        if number % 2 == 1:
            end = number + hosts.ahead["web2"] + 0.4
            hosts.flushes["web2"].all.append(flush(number, end, {"": 100}, generation=2, length=2))
    assert hosts.merged.appended >= 6
    found = hosts.merged.window(3)
    assert [one.coverage for one in found] == [""] * 3
    assert [one.seconds for one in found] == [2.0] * 3
    sums = [rows(one) for one in found]
    assert [one["web2"] for one in sums] == [100] * 3
    first = sums[0]["web1"]
    assert isinstance(first, int)
    assert first % 2 == 1  # two consecutive numbers
    assert [one["web1"] for one in sums] == [first, first + 4, first + 8]


def test_a_host_that_says_a_time_in_the_future_moves_no_other() -> None:
    hosts = Hosts()
    for number in range(1, 9):
        hosts.tick(number, "web1", "web2")
        hosts.flushes["web3"].all.append(flush(number, 3_000_000 + number))
        hosts.now_ns = number * SECOND + SECOND // 2
        assert hosts.merged.appended >= number - 2
    latest = hosts.merged.latest
    assert latest is not None
    assert latest.end_ns <= hosts.now_ns
    assert rows(latest) == {"web1": 8, "web2": 8, "web3": 8}
    assert [one.end_ns // SECOND for one in hosts.merged.window(3)] == [6, 7, 8]
