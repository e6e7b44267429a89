"""What a pane takes in of a history."""

from __future__ import annotations

from bttop.model.flush.reader import FlushReader
from bttop.model.plan import MapPlan
from bttop.ui.board.pane_data.flush_accumulator import MOST_TRENDS, FlushAccumulator
from bttop.ui.board.pane_data.merged_maps import MergedMaps
from tests.model.samples import SECOND, TEXT, beat, map_line, planned, stamped, version


def test_the_minutes_of_maps_that_never_come_again_are_not_kept_for_ever() -> None:
    reader = FlushReader(version("0.17"), planned(MapPlan("@c", "count", (TEXT,))), 1)
    intake = FlushAccumulator(MergedMaps(None))
    for second in range(1, 3 * MOST_TRENDS):
        texts = [map_line("@c", {"a": 2}), map_line(f"@damaged{second}", {"a": 1}), beat(second, second * SECOND)]
        flushes = [reader.feed(stamped(text, second * SECOND)) for text in texts]
        intake.take([flush for flush in flushes if flush is not None])
        assert len(intake._trends) <= MOST_TRENDS
    assert list(intake.trend("@c").values("a"))[-3:] == [2.0, 2.0, 2.0]


def test_a_short_last_flush_leaves_the_one_before_it_on_show_and_its_text_in_the_log() -> None:
    reader = FlushReader(version("0.17"), planned(MapPlan("@c", "count", (TEXT,))), 1, ready_ns=SECOND)
    intake = FlushAccumulator(MergedMaps(None))
    bye = '{"type": "printf", "data": "bye\\n"}'
    last = beat(3, 3 * SECOND + SECOND // 9, is_last=True)
    lines: list[tuple[float, str]] = [
        (2, map_line("@c", {"a": 2})),
        (2, beat(1, 2 * SECOND)),
        (3, map_line("@c", {"a": 3})),
    ]
    lines += [(3, beat(2, 3 * SECOND)), (3.1, map_line("@c", {"a": 1})), (3.1, bye), (3.2, last)]
    flushes = [reader.feed(stamped(text, round(second * SECOND))) for second, text in lines]
    intake.take([flush for flush in flushes if flush is not None])
    assert intake.flush is not None
    assert intake.flush.maps["@c"].rows == {"a": 3}
    assert list(intake.trend("@c").values("a"))[:2] == [2.0, 3.0]
    assert intake.log.lines == ["bye"]


def test_an_earlier_flush_shows_only_the_maps_of_other_interval_blocks() -> None:
    maps = MapPlan("@c", "count", (TEXT,), mark="a"), MapPlan("@slow", "count", (TEXT,), mark="b")
    reader = FlushReader(version("0.17"), planned(*maps, heartbeats=("a", "b")), 1)
    intake = FlushAccumulator(MergedMaps(None))
    slow = [map_line("@slow", {"b": 2}), beat(1, 2 * SECOND, 1)]
    flushes = []
    for second in range(1, 4):
        texts = [map_line("@c", {"a": second}), beat(second, second * SECOND), *(slow if second == 2 else [])]
        flushes += [reader.feed(stamped(text, second * SECOND)) for text in texts]
    first, second_, slow_one, newest = [flush for flush in flushes if flush is not None]
    intake.show(newest)
    intake.take_earlier([first, second_, slow_one, newest])
    assert intake.flush is newest
    assert intake.flush_of("@c") is newest
    assert intake.flush_of("@slow") is slow_one
    assert list(intake.trend("@c").values("a"))[-3:] == [1.0, 2.0, 3.0]
