"""The engine with a real tracer and a stand-in for bpftrace: what programs do to each other, and how all of it ends."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from bttop.engine import engine
from bttop.engine.cost.budget import Budget
from bttop.engine.engine import Engine
from bttop.engine.generation import generation
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Bpftrace
from bttop.engine.program import backoff, starts
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.engine.request.questions import from_text
from bttop.engine.tracer.channel import TracerChannel
from bttop.errors import TracerLost
from bttop.model.record.decode import DecodedLine
from bttop.model.record.release import Release
from bttop.script.process.pin import Pin
from tests.engine.stage import ANYWHERE
from tests.standin import standin

PATIENCE = 60.0
MILLISECOND = 1_000_000
ATTACH: Sequence[object] = ["attach", 1]
ROW = {"type": "map", "data": {"@__bt_a0": {"7": 3}}}
BEAT: Sequence[object] = ["beat", "a", 0.02, None, [ROW]]
"""Well-behaved: a row and a heartbeat, for ever."""
BEAT_ONCE: Sequence[object] = ["beat", "a", 0.02, 1, [ROW]]


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules with a hundredth of the pauses."""
    monkeypatch.setattr(engine, "TICK", 0.02)
    monkeypatch.setattr(backoff, "SECOND", 10 * MILLISECOND)


class House:
    """One engine; its programs carry out steps."""

    def __init__(
        self,
        binary: Path,
        spawn: Callable[[], TracerChannel] = TracerChannel.spawn,
        limits: Budget | None = None,
    ) -> None:
        self.engine = Engine(ANYWHERE, Bpftrace(str(binary), Release(0, 17)), spawn, limits=limits)

    def add(self, *steps: Sequence[object], name: str = "calls", settings: Settings | None = None) -> Program:
        question = from_text(name, acted(*steps))
        return self.engine.add(name, question.sources, settings or Settings(interval_ms=100))

    @property
    def tracer(self) -> int:
        return self.engine.tracer_pid

    def processes(self) -> list[int]:
        """Pids of the programs that run."""
        try:
            return [int(pid) for pid in Path(f"/proc/{self.tracer}/task/{self.tracer}/children").read_text().split()]
        except FileNotFoundError:
            return []


def acted(*steps: Sequence[object]) -> str:
    """A program that carries out steps."""
    # A text in which a name of bttop's own stands as it is would not be edited.
    words = json.dumps(steps).replace("__bt_", "\\u005f_bt_")
    return f"tracepoint:a:b {{ @n[pid] = count(); }} // standin: {words}\n"


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    return standin(tmp_path)


@pytest.fixture
def house(binary: Path) -> Iterator[House]:
    made = House(binary)
    yield made
    made.engine.close()
    assert made.engine.error is None


def wait(condition: Callable[[], object], what: str = "it") -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.005)


def wait_for(program: Program, *states: ProgramState) -> None:
    wait(lambda: program.status.state in states, f"{states}; it is {program.status}")


def wait_for_more(program: Program, flushes: int = 3) -> None:
    wanted = program.history.appended + flushes
    wait(lambda: program.history.appended >= wanted, f"flushes of {program.name}; it is {program.status}")


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


# One beside the other.


def test_programs_become_live_and_show_their_rows(house: House) -> None:
    programs = [house.add(ATTACH, BEAT, name=name) for name in ("one", "two", "three")]
    house.engine.start()
    for program in programs:
        wait_for(program, ProgramState.LIVE)
        wait_for_more(program)
        latest = program.history.latest
        assert latest is not None
        assert dict(latest.maps["@n"].rows) == {"7": 3}


def test_of_programs_that_start_together_the_one_that_takes_longest_starts_first(house: House) -> None:
    texts = {"one": "BEGIN { @ = count(); }", "none": "/* not closed", "two": "t:a:b { @ = sum(args->x + args->y); }"}
    settings = Settings()
    house.engine.add_together([(from_text(name, text), settings) for name, text in texts.items()])
    started = [program.name for program, _ in dict(sorted(house.engine.runner.generations.items())).values()]
    assert [program.name for program in house.engine.programs] == list(texts)
    assert started == ["two", "one", "none"]


@pytest.mark.parametrize(
    "steps",
    [
        [["refuse", "stdin:1:1-2: ERROR: syntax error\n", 1]],
        [["exit", 255]],
        [["die", 9]],
        [ATTACH, ["raw", '{"type": "map", "da'], ["die", 11]],
        [ATTACH, ["garbage", 300_000], BEAT],
        [ATTACH, ["flood", 50_000, "nonsense"], BEAT],
        [["error", "ERROR: " + "x" * 100_000]],
        [["close", "stdout"], ["wait"]],
    ],
)
def test_whatever_one_program_does_the_other_goes_on(house: House, steps: list[Sequence[object]]) -> None:
    good = house.add(ATTACH, BEAT, name="good")
    house.add(*steps, name="bad")
    house.engine.start()
    wait_for(good, ProgramState.LIVE)
    wait_for_more(good, 20)
    assert good.status.restarts == 0


def test_a_line_of_100_mb_is_counted_and_not_kept(house: House) -> None:
    good = house.add(ATTACH, BEAT, name="good")
    large = house.add(ATTACH, ["huge", 100_000_000], BEAT, name="large")
    house.engine.start()
    wait_for(large, ProgramState.LIVE)
    wait_for_more(good)
    assert large.tally.oversized == 1
    assert large.history.bytes < 1_000_000


def test_a_text_that_does_not_compile_is_shown_with_its_place_and_fails(house: House) -> None:
    program = house.add(["refuse", "stdin:1:1-15: ERROR: tracepoint not found: a:b\n", 1])
    house.engine.start()
    wait_for(program, ProgramState.FAILED)
    complaint = program.status.complaint
    assert complaint is not None
    assert complaint.title == "calls:1:1 tracepoint not found: a:b"
    assert complaint.lines[1] == "^" + "~" * 13


def test_an_edited_text_that_dies_gives_way_to_the_text_as_it_is(tmp_path: Path, house: House) -> None:
    seen = tmp_path / "seen"
    # The first process to run is the edited text's: it fails; the second finds the mark and attaches.
    steps: list[Sequence[object]] = [
        ATTACH,
        ["await", str(seen)],
        ["json", {"type": "map", "data": {"@n": {"7": 3}}}],
        ["wait"],
    ]
    program = house.add(*steps)
    house.engine.start()
    wait(house.processes, "the first process")
    os.kill(house.processes()[0], signal.SIGSEGV)
    wait(lambda: program.status.generation == 2, "the second attempt")
    seen.touch()
    wait_for(program, ProgramState.LIVE)
    assert "read as is" in [badge.text for badge in program.status.badges]


# Deaths.


def test_a_killed_program_says_so_and_comes_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "SECOND", 200 * MILLISECOND)
    program = house.add(ATTACH, BEAT)
    house.engine.start()
    wait_for(program, ProgramState.LIVE)
    os.kill(house.processes()[0], signal.SIGKILL)
    wait_for(program, ProgramState.RETRYING)
    assert program.status.reason == "bpftrace was killed by SIGKILL"
    wait_for(program, ProgramState.LIVE)
    assert (program.status.generation, program.status.restarts) == (2, 1)
    wait_for_more(program)


def test_a_killed_tracer_takes_all_programs_with_it_and_all_come_back(house: House) -> None:
    programs = [house.add(ATTACH, BEAT, name="beats"), house.add(ATTACH, ["deaf", -1], BEAT, name="deaf")]
    house.engine.start()
    for program in programs:
        wait_for(program, ProgramState.LIVE)
    tracer, before = house.tracer, house.processes()
    os.kill(tracer, signal.SIGKILL)
    wait(lambda: all(map(is_gone, before)), "the end of the old processes")
    for program in programs:
        wait_for(program, ProgramState.LIVE)
        wait_for_more(program)
    assert house.tracer != tracer
    assert [program.status.restarts for program in programs] == [1, 1]


def test_no_tracer_for_a_while_is_survived_and_what_was_stopped_meanwhile_stays_stopped(binary: Path) -> None:
    may_start, refused = threading.Event(), threading.Event()
    may_start.set()

    def spawn() -> TracerChannel:
        if not may_start.is_set():
            refused.set()
            raise TracerLost("no processes left")
        return TracerChannel.spawn()

    house = House(binary, spawn)
    kept, left = house.add(ATTACH, BEAT, name="kept"), house.add(ATTACH, BEAT, name="left")
    house.engine.start()
    wait_for(kept, ProgramState.LIVE)
    wait_for(left, ProgramState.LIVE)
    may_start.clear()
    os.kill(house.tracer, signal.SIGKILL)
    assert refused.wait(PATIENCE)
    wait_for(left, ProgramState.STARTING)
    house.engine.toggle(left)
    wait_for(left, ProgramState.STOPPING)
    may_start.set()
    wait_for(kept, ProgramState.LIVE)
    wait_for(left, ProgramState.STOPPED)
    assert len(house.processes()) == 1
    house.engine.close()


def test_a_bpftrace_that_is_not_there_is_tried_until_it_is(tmp_path: Path) -> None:
    house = House(tmp_path / "bpftrace")
    program = house.add(ATTACH, BEAT)
    house.engine.start()
    wait_for(program, ProgramState.RETRYING)
    assert program.status.reason.endswith("No such file or directory")
    standin(tmp_path)
    wait_for(program, ProgramState.LIVE)
    house.engine.close()


def test_a_program_that_falls_silent_is_said_and_replaced(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "SHORTEST_SILENCE", 500 * MILLISECOND)
    program = house.add(ATTACH, ["beat", "a", 0.02, 3], ["wait"], settings=Settings(interval_ms=20))
    house.engine.start()
    wait_for(program, ProgramState.LIVE)
    wait_for(program, ProgramState.SILENT)
    assert program.status.reason.startswith("no heartbeat for")
    wait(lambda: program.status.generation >= 2, "the next generation")
    wait(lambda: len(house.processes()) == 1, "the end of the old one")


# Commands.


def test_a_program_is_stopped_and_started_from_another_thread(house: House) -> None:
    program = house.add(ATTACH, BEAT)
    house.engine.start()
    wait_for(program, ProgramState.LIVE)
    house.engine.toggle(program)
    wait_for(program, ProgramState.STOPPED)
    assert not house.processes()
    house.engine.toggle(program)
    wait_for(program, ProgramState.LIVE)
    assert program.status.generation == 2


def test_a_new_interval_takes_over_without_a_gap(house: House) -> None:
    program = house.add(ATTACH, BEAT)
    house.engine.start()
    wait_for(program, ProgramState.LIVE)
    house.engine.set_interval(200)
    wait(lambda: program.status.interval_ns == 200 * MILLISECOND, "the new interval")
    wait_for_more(program)
    flushes = program.history.window(1000)
    late = [
        flush for at, flush in enumerate(flushes) if flush.generation < max(one.generation for one in flushes[: at + 1])
    ]
    assert len(late) <= 2, "the old one was told to stop"
    assert not any(flush.replaces(flushes[-1]) for flush in late)


def test_a_pin_restarts_only_what_it_is_for(house: House) -> None:
    programs = [house.add(ATTACH, BEAT, name=name) for name in ("one", "two")]
    house.engine.start()
    for program in programs:
        wait_for(program, ProgramState.LIVE)
    house.engine.pin(Pin((42,)), programs[:1])
    wait(lambda: programs[0].status.generation == 2, "the pinned generation")
    assert programs[0].settings.pin == Pin((42,))
    assert programs[1].status.generation == 1


def test_a_reloaded_text_takes_over_and_a_faulty_one_leaves_the_old_running(house: House) -> None:
    program = house.add(ATTACH, BEAT)
    house.engine.start()
    wait_for(program, ProgramState.LIVE)
    house.engine.reload(program, from_text("calls", acted(["refuse", "stdin:1:1-2: ERROR: no\n", 1])).sources)
    wait(lambda: program.status.complaint, "the message")
    assert (program.status.state, program.status.generation) == (ProgramState.LIVE, 1)
    wait_for_more(program)
    house.engine.reload(program, from_text("calls", acted(ATTACH, BEAT, ["wait"])).sources)
    wait(lambda: program.status.generation > 1, "the mended text")
    assert program.status.complaint is None


def test_what_is_printed_after_the_end_was_ordered_is_told_to_nobody(house: House) -> None:
    class Follower(Observer):
        def __init__(self) -> None:
            self.told: list[tuple[str, int]] = []

        def came(self, generation: Generation, decoded: DecodedLine) -> None:
            self.told.append(("came", generation.number))

        def ended(self, generation: Generation) -> None:
            self.told.append(("ended", generation.number))

    follower = Follower()
    house.engine.observe(follower)
    program = house.add(["at-exit", [["flood", 500, "late"]]], ATTACH, BEAT)
    house.engine.start()
    wait_for(program, ProgramState.LIVE)
    house.engine.reload(program, from_text("calls", acted(ATTACH, BEAT, ["wait"])).sources)
    wait(lambda: program.status.generation == 2 and len(house.processes()) == 1, "the end of the first")
    wait_for_more(program)
    assert ("came", 1) not in follower.told[follower.told.index(("ended", 1)) :]


def test_programs_come_and_go_while_it_runs(house: House) -> None:
    first = house.add(ATTACH, BEAT, name="first")
    house.engine.start()
    wait_for(first, ProgramState.LIVE)
    house.engine.open(from_text("second", acted(ATTACH, BEAT)), Settings(interval_ms=100))
    wait(lambda: len(house.engine.programs) == 2, "the second program")
    wait_for(house.engine.programs[1], ProgramState.LIVE)
    house.engine.remove(first)
    wait(lambda: len(house.engine.programs) == 1, "the removal")
    wait(lambda: len(house.processes()) == 1, "the end of its process")


def test_programs_start_politely_and_go_on_at_full_speed(house: House) -> None:
    program = house.add(ATTACH, BEAT)
    house.engine.start()
    wait_for(program, ProgramState.LIVE)
    (pid,) = house.processes()
    assert os.getpriority(os.PRIO_PROCESS, pid) == starts.POLITE
    house.engine.at_full_speed()
    wait(lambda: os.getpriority(os.PRIO_PROCESS, pid) == 0, "full speed")


def test_a_listener_is_woken_by_changes(house: House) -> None:
    woken = threading.Event()
    house.engine.bridge.listen(woken.set)
    program = house.add(ATTACH, BEAT)
    house.engine.start()
    assert woken.wait(PATIENCE)
    wait_for(program, ProgramState.LIVE)


# The end.


def test_closing_leaves_no_process_not_even_a_deaf_one(house: House) -> None:
    house.add(ATTACH, BEAT, name="beats")
    deaf = house.add(ATTACH, ["deaf", -1], ["wait"], name="deaf")
    house.engine.start()
    wait_for(deaf, ProgramState.ATTACHED)
    tracer, pids = house.tracer, house.processes()
    assert len(pids) == 2
    house.engine.close()
    assert is_gone(tracer)
    assert all(map(is_gone, pids))
    house.engine.close()


def test_closing_changes_no_program_any_more(house: House) -> None:
    program = house.add(ATTACH, BEAT)
    house.engine.start()
    wait_for(program, ProgramState.LIVE)
    house.engine.close()
    assert program.status.state is ProgramState.LIVE


def test_an_engine_that_was_never_started_closes_as_well(house: House) -> None:
    house.add(["deaf", -1], ["wait"])
    tracer = house.tracer
    house.engine.close()
    assert is_gone(tracer)


def test_commands_after_the_end_are_ignored(house: House) -> None:
    program = house.add(ATTACH, BEAT)
    house.engine.start()
    house.engine.close()
    wait(lambda: not any(thread.name == "engine" for thread in threading.enumerate()), "the thread's end")
    house.engine.toggle(program)
    house.engine.set_interval(500)


def test_an_error_in_the_engine_is_handed_over_and_leaves_no_process(binary: Path) -> None:
    house = House(binary)
    program = house.add(ATTACH, BEAT)

    class Broken(Observer):
        def flushed(self, *_: object) -> None:
            raise ArithmeticError("a broken recorder")

    rung = threading.Event()
    house.engine.observe(Broken())
    house.engine.bridge.listen(rung.set)
    tracer = house.tracer
    house.engine.start()
    wait(lambda: house.engine.error is not None, "the error")
    assert isinstance(house.engine.error, ArithmeticError)
    wait(lambda: is_gone(tracer), "the tracer's end")
    assert rung.is_set()
    assert program.history.appended == 1


# The fuse.


def test_a_flood_blows_the_fuse_and_its_program_alone_is_detached_until_it_is_started(binary: Path) -> None:
    # Both heartbeats together are some kilobytes a second.
    house = House(binary, limits=Budget(output_rate=100 << 10))
    try:
        flooding = house.add(ATTACH, ["repeat", None, [["flood", 2000, "x" * 100], BEAT_ONCE]], name="flooding")
        calm = house.add(ATTACH, BEAT, name="calm")
        house.engine.start()
        wait_for(flooding, ProgramState.LIVE)
        wait(lambda: flooding.alarm, "the warning")
        wait_for(flooding, ProgramState.HELD)
        assert "MiB/s of output" in flooding.status.reason
        assert flooding.history.appended
        wait(lambda: len(house.processes()) == 1, "the end of the flood")
        wait_for_more(calm)
        house.engine.toggle(flooding)
        wait_for(flooding, ProgramState.LIVE)
    finally:
        house.engine.close()
    assert house.engine.error is None


def test_what_is_not_waited_for_is_missing_and_the_engine_says_so_itself(
    binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(binary)
    threads: list[str] = []
    cut = Program.on_cut

    def noted(program: Program, generation: Generation, why: str) -> None:
        threads.append(threading.current_thread().name)
        cut(program, generation, why)

    monkeypatch.setattr(Program, "on_cut", noted)
    program = house.add(["deaf", -1], ATTACH, BEAT)
    house.engine.start()
    wait_for_more(program)
    house.engine.finish()
    house.engine.give_up()
    house.engine.close()
    assert program.missing == "bttop did not wait until it was detached"
    assert set(threads) == {"engine"}


def _fail() -> None:
    raise RuntimeError("on the engine's thread")


def test_what_is_not_waited_for_is_missing_also_when_the_engine_has_failed(house: House) -> None:
    program = house.add(["deaf", -1], ATTACH, BEAT)
    house.engine.start()
    wait_for_more(program)
    house.engine.bridge.call(_fail)
    wait(lambda: house.engine.error is not None, "the error")
    house.engine.give_up()
    assert program.missing == "bttop did not wait until it was detached"
    house.engine.close()
    house.engine._thread.error = None
