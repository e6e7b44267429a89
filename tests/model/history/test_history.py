from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bttop.model.flush.flush import Flush
from bttop.model.flush.reader import FlushReader
from bttop.model.history.history import UNPACKED, History, HistoryBudget, decoded_bytes
from bttop.model.history.packed import pack, unpack
from bttop.model.plan import MapPlan, Plan
from bttop.model.record.heartbeats import heartbeat_ends
from tests.model.samples import (
    SECOND,
    TEXT,
    beat,
    captured,
    captured_plan,
    map_line,
    planned,
    stamped,
    version,
)

PLENTY = 1 << 30
COUNTED = planned(MapPlan("@c", "count", (TEXT,), "cumulative"), MapPlan("@h", "hist", (TEXT,), "cumulative"))


def flushes(lines: list[list[str]], release: str = "0.27", plan: Plan = COUNTED) -> list[Flush]:
    """The flushes of consecutive seconds."""
    reader = FlushReader(version(release), plan, 7)
    found = []
    for number, texts in enumerate(lines, 1):
        for text in (*texts, beat(number, number * SECOND)):
            flush = reader.feed(stamped(text, number * SECOND + 9, generation=7))
            if flush is not None:
                found.append(flush)
    return found


def counts(seconds: int) -> list[Flush]:
    """A map that grows by one each second, and some text."""
    text = '{"type": "printf", "data": "hello"}'
    return flushes([[map_line("@c", {"a": second, "b": 5}), text] for second in range(1, seconds + 1)])


@pytest.mark.parametrize("release", ["0.17", "0.23", "0.27"])
@pytest.mark.parametrize("heartbeats", [("a",), ()])
def test_captured_flushes_are_equal_after_packing(release: str, heartbeats: tuple[str, ...]) -> None:
    whole = captured_plan("cumulative")
    reader = FlushReader(version(release), Plan(whole.maps, whole.aliases, heartbeats, whole.interval_ns), 7)
    runs = [captured(f"{release}-{run}") for run in ("keys", "stacks")]
    lines = [line for run in sorted(runs, key=lambda run: heartbeat_ends(run, whole)) for line in run]
    found = [reader.feed(stamped(data, at * SECOND // 20, generation=7)) for at, data in enumerate(lines, 1)]
    found.append(reader.due(len(lines) * SECOND))
    complete = [flush for flush in found if flush is not None]
    assert len(complete) >= 3
    for flush in complete:
        assert unpack(pack(flush)) == flush


STICKY = r'{"type": "printf", "data": "\u001b"}'
HISTOGRAM = map_line("@h", {"k": [{"min": 1, "max": 1, "count": 10}]}, "hist")
ESCAPED = map_line("@h", {"\x1b": [{"min": 1, "max": 1, "count": 11}]}, "hist")
LINES = st.sampled_from(
    [
        STICKY,
        HISTOGRAM,
        ESCAPED,
        HISTOGRAM.replace("10", "1f"),
        map_line("@c", {"a": 5}),
        map_line("@c", {"a": 9, "b": 1}),
        map_line("@mine", [1, "x"]),
        '{"type": "map", "data": {"@c": {"a": 1, "a": 2}}}',
        '{"type": "map"',
        '{"type": "helper_error", "helper": "map_update_elem", "retcode": -7}',
        "",
    ]
)


@given(st.lists(st.lists(LINES, max_size=6), max_size=6), st.sampled_from(["0.17", "0.23", "0.27"]))
def test_any_flush_is_equal_after_packing(lines: list[list[str]], release: str) -> None:
    for flush in flushes(lines, release):
        assert unpack(pack(flush)) == flush


def test_numbers_keep_their_base_after_packing() -> None:
    decimal, hexadecimal = flushes([[HISTOGRAM], [STICKY, HISTOGRAM.replace("10", "14")]])
    assert unpack(pack(decimal)).maps["@h"].rows == decimal.maps["@h"].rows
    again = unpack(pack(hexadecimal)).maps["@h"].rows
    assert again == hexadecimal.maps["@h"].rows
    # 0x14 - 10
    assert str(again["k"]) == "(Bucket(low=1, high=1, count=10),)"


def test_earlier_prints_keep_their_base_after_packing() -> None:
    prints = [
        [HISTOGRAM, STICKY, map_line("@c", {"a": 1})],
        [map_line("@c", {"a": 3}), HISTOGRAM.replace("10", "14")],
    ]
    second = flushes(prints)[1]
    assert str(second.maps["@h"].rows["k"]) == "(Bucket(low=1, high=1, count=10),)"
    assert unpack(pack(second)) == second


def test_packing_a_map_of_many_keys_saves_memory() -> None:
    rows = {f"some-process,{number}": number for number in range(1000)}
    flush = flushes([[map_line("@c", rows)]])[0]
    assert pack(flush).size < len(flush.lines[0].data) < decoded_bytes(flush)


def test_a_history_gives_back_what_was_appended() -> None:
    found = counts(20)
    history = History(PLENTY)
    for flush in found:
        history.append(flush)
    assert len(history) == 20
    assert history.latest is found[-1]
    assert [history.at(index) for index in range(20)] == found
    assert [history.at(index) for index in range(-20, 0)] == found
    assert history.window(5) == tuple(found[-5:])
    assert history.window(99) == tuple(found)
    assert history.window(0) == ()


def test_the_newest_flushes_are_kept_as_they_are() -> None:
    found = counts(5)
    history = History(PLENTY)
    for flush in found:
        history.append(flush)
    assert all(history.at(-offset) is found[-offset] for offset in range(1, UNPACKED + 1))
    assert history.at(0) is not found[0]


def test_a_flush_that_is_looked_at_again_is_not_decoded_again() -> None:
    history = History(PLENTY)
    for flush in counts(5):
        history.append(flush)
    assert history.at(0) is history.at(0)


@pytest.mark.parametrize("index", [0, -1, 3, -4])
def test_there_is_nothing_outside_a_history(index: int) -> None:
    assert History(PLENTY).at(index) is None


def test_the_oldest_flushes_go_when_the_limit_is_reached() -> None:
    found = counts(200)
    history = History(20_000)
    for flush in found:
        history.append(flush)
        assert history.bytes <= 20_000
    assert 0 < history.dropped < 200
    assert len(history) + history.dropped == 200
    assert history.at(0) == found[history.dropped]
    assert list(history.window(200)) == found[history.dropped :]


def test_the_latest_flush_stays_whatever_the_limit() -> None:
    found = counts(3)
    history = History(0)
    for flush in found:
        history.append(flush)
    assert history.latest is found[-1]
    assert (len(history), history.dropped) == (1, 2)


def test_a_moment_is_found_by_the_flush_that_ended_before_it() -> None:
    history = History(PLENTY)
    assert history.index_at(SECOND) is None
    for flush in counts(10):
        history.append(flush)
    assert history.index_at(SECOND - 1) is None
    assert history.index_at(SECOND) == 0
    assert history.index_at(5 * SECOND + 1) == 4
    assert history.index_at(99 * SECOND) == 9


def test_the_oldest_flush_that_is_kept_tells_its_end() -> None:
    history = History(20_000)
    assert history.oldest_ns == 0
    for flush in counts(300):
        history.append(flush)
    oldest = history.at(0)
    assert history.dropped
    assert oldest is not None
    assert history.oldest_ns == oldest.end_ns


def test_programs_share_one_budget() -> None:
    budget = HistoryBudget(100_000)
    first = budget.open()
    assert first.limit_bytes == 100_000
    second = budget.open()
    assert first.limit_bytes == second.limit_bytes == 50_000
    budget.close(first)
    assert second.limit_bytes == 100_000


def test_a_history_shrinks_when_another_program_comes() -> None:
    budget = HistoryBudget(40_000)
    first = budget.open()
    found = counts(100)
    for flush in found:
        first.append(flush)
    before = len(first)
    for _ in range(3):
        budget.open()
    assert first.bytes <= 10_000
    assert len(first) < before
    assert first.latest is found[-1]


@settings(max_examples=20)
@given(st.integers(1, 60), st.integers(0, 40_000))
def test_what_is_there_and_what_is_gone_make_up_what_came(seconds: int, limit: int) -> None:
    history = History(limit)
    for flush in counts(seconds):
        history.append(flush)
    assert len(history) + history.dropped == seconds
    assert len(history.window(seconds)) == len(history) >= 1


def test_one_thread_may_read_while_another_appends() -> None:
    history = History(30_000)
    found = counts(300)

    def write() -> None:
        for flush in found:
            history.append(flush)

    writer = Thread(target=write)
    writer.start()
    while writer.is_alive():
        numbers = [flush.number for flush in history.window(20)]
        assert numbers == sorted(numbers)
        history.at(0)
    writer.join()
    assert history.latest is found[-1]
