"""When the engine could hear nothing, what is said of it, and that no program is judged by it."""

from __future__ import annotations

import pytest

from bttop.engine.generation.generation import CONFIRMED, SHORTEST_SILENCE, START_SECONDS
from bttop.engine.program.status import ProgramState
from bttop.engine.tracer.stop_detector import LATE_NS, Gap, StopDetector
from bttop.model.record.records import Stamp
from tests.engine.stage import SECOND, UNREADABLE, Stage, change, source, state


class Clocks:
    """An engine's attention, and the clocks of its host."""

    def __init__(self) -> None:
        self.stop_detector = StopDetector()
        self.boot_ns = 1000 * SECOND
        self.awake_ns = 900 * SECOND
        self.stop_detector.meet(4711)

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.boot_ns, self.boot_ns + 10**18)

    def wait(self, seconds: float, *, asleep: bool = False) -> None:
        self.boot_ns += round(seconds * SECOND)
        self.awake_ns += 0 if asleep else round(seconds * SECOND)

    def tick(self) -> Gap | None:
        return self.stop_detector.tick(self.stamp, self.awake_ns)

    def hear(self) -> Gap | None:
        return self.stop_detector.hear(self.stamp, self.boot_ns)

    def run(self, seconds: int, *, heard: bool = True) -> list[Gap]:
        """So many seconds with a tick each, and a round of the tracer."""
        found = []
        for _ in range(seconds):
            self.wait(1)
            found += [self.tick(), self.hear() if heard else None]
        return [gap for gap in found if gap is not None]


def test_while_all_runs_there_is_no_gap_and_everything_is_complete() -> None:
    clocks = Clocks()
    assert clocks.run(100) == []
    assert clocks.stop_detector.is_complete(clocks.boot_ns)
    assert clocks.stop_detector.missing(clocks.boot_ns) == ""
    assert clocks.stop_detector.seconds(clocks.boot_ns) == pytest.approx(99)


@pytest.mark.parametrize(("asleep", "said"), [(False, "bttop did not run for 20s"), (True, "was suspended for 20s")])
def test_a_late_tick_is_one_gap_also_when_the_tracer_had_the_same(asleep: bool, said: str) -> None:
    clocks = Clocks()
    clocks.run(5)
    clocks.wait(20, asleep=asleep)
    gap = clocks.tick()
    assert gap is not None
    assert said in gap.text
    assert not clocks.stop_detector.is_complete(clocks.boot_ns)
    assert clocks.run(5) == []
    assert clocks.stop_detector.is_complete(clocks.boot_ns)


@pytest.mark.parametrize("better", [9 * SECOND, -9 * SECOND])
def test_a_better_known_clock_of_another_host_is_no_gap(better: int) -> None:
    clocks = Clocks()
    ahead = 500 * SECOND
    clocks.tick()
    for _ in range(3):
        clocks.wait(1)
        ahead += better
        now = Stamp(clocks.boot_ns + ahead, 0)
        assert clocks.stop_detector.tick(now, clocks.awake_ns, ahead) is None
    clocks.wait(6)
    gap = clocks.stop_detector.tick(Stamp(clocks.boot_ns + ahead, 0), clocks.awake_ns, ahead)
    assert gap is not None
    assert gap.nanoseconds == 6 * SECOND


def test_a_tracer_that_stood_still_alone_is_a_gap_and_nothing_is_complete_meanwhile() -> None:
    clocks = Clocks()
    clocks.run(5)
    assert clocks.run(20, heard=False) == []
    assert not clocks.stop_detector.is_complete(clocks.boot_ns)
    (gap,) = clocks.run(1)
    assert "tracer did not run for 21s" in gap.text
    assert clocks.stop_detector.is_complete(clocks.boot_ns)


def test_a_tracer_that_does_not_answer_is_named_once_with_the_command_that_lets_it_go_on() -> None:
    clocks = Clocks()
    clocks.run(5)
    said = []
    for _ in range(60):
        clocks.run(1, heard=False)
        said.append(clocks.stop_detector.missing(clocks.boot_ns))
    assert [one for one in said if one] == [one for one in said if "kill -CONT 4711" in one]
    assert sum(map(bool, said)) == 1


def test_rounds_and_lines_that_waited_say_that_more_waits() -> None:
    clocks = Clocks()
    clocks.run(5)
    old = clocks.stamp
    clocks.wait(20)
    clocks.tick()
    clocks.hear()
    clocks.stop_detector.read(old, clocks.boot_ns)
    assert not clocks.stop_detector.is_complete(clocks.boot_ns)
    clocks.stop_detector.read(clocks.stamp, clocks.boot_ns)
    assert clocks.stop_detector.is_complete(clocks.boot_ns)


def test_an_old_last_line_keeps_nothing_waiting_after_the_next_round() -> None:
    clocks = Clocks()
    clocks.run(5)
    clocks.stop_detector.read(Stamp(clocks.boot_ns - 2 * LATE_NS, 0), clocks.boot_ns)
    assert not clocks.stop_detector.is_complete(clocks.boot_ns)
    clocks.run(1)
    assert clocks.stop_detector.is_complete(clocks.boot_ns)


def test_a_lost_tracer_is_not_waited_for() -> None:
    clocks = Clocks()
    clocks.run(5)
    clocks.stop_detector.lose()
    clocks.run(60, heard=False)
    assert clocks.stop_detector.is_complete(clocks.boot_ns)
    assert clocks.stop_detector.missing(clocks.boot_ns) == ""
    assert clocks.run(5) == []


def test_of_a_gap_no_more_counts_than_a_late_tick() -> None:
    clocks = Clocks()
    clocks.run(11)
    clocks.wait(3600)
    clocks.tick()
    assert clocks.stop_detector.seconds(clocks.boot_ns) == pytest.approx(10 + LATE_NS / SECOND)


# What a program makes of it.


def silence(stage: Stage) -> None:
    stage.go_live()
    stage.wait(2 * SHORTEST_SILENCE / SECOND)


def hanging_start(stage: Stage) -> None:
    stage.start()
    stage.wait(2 * START_SECONDS)


def hanging_successor(stage: Stage) -> None:
    stage.go_live()
    change(stage)
    stage.beat(stage.launched[0])
    stage.wait(2 * START_SECONDS)


def lost_descriptors(stage: Stage) -> None:
    generation = stage.go_live()
    stage.program.on_descriptors(generation, {"bpf-prog": 3}, stage.now)
    stage.program.on_descriptors(generation, {"bpf-prog": 2}, stage.now)
    stage.wait(2 * CONFIRMED / SECOND)


@pytest.mark.parametrize("befall", [silence, hanging_start, hanging_successor, lost_descriptors])
def test_what_lasted_while_nothing_could_be_heard_is_no_verdict(befall) -> None:  # type: ignore[no-untyped-def]
    judged, excused = Stage(), Stage()
    for stage in (judged, excused):
        befall(stage)
    excused.program.excuse(excused.now)
    before = state(excused)
    for stage in (judged, excused):
        stage.tick(0.001)
    assert (state(judged), len(judged.stopped)) != (before, len(excused.stopped))
    assert (state(excused), excused.stopped) == (before, {})
    excused.tick(2 * START_SECONDS)
    assert (state(excused), len(excused.stopped)) != (before, 0)


def test_a_next_generation_without_heartbeat_does_not_settle_by_time_in_which_it_was_not_heard() -> None:
    stage = Stage(source(UNREADABLE))
    stage.start()
    stage.ready(stage.last)
    change(stage)
    stage.ready(stage.last)
    stage.wait(60)
    stage.program.excuse(stage.now)
    stage.tick(0.5)
    assert stage.living == [1, 2]
    stage.tick(2)
    assert stage.living == [2]


def test_silence_after_a_gap_is_silence() -> None:
    stage = Stage()
    silence(stage)
    stage.program.excuse(stage.now)
    stage.tick(SHORTEST_SILENCE / SECOND + 1)
    assert state(stage) is ProgramState.SILENT
    assert "no heartbeat for 9 s" in stage.program.status.reason
