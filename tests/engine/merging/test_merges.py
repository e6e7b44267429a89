"""Which starts share a process, and what happens to the programs of a shared process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bttop.engine.generation.generation import Generation
from bttop.engine.merging.merged_process import MergedProcess
from bttop.engine.program.program import Program
from bttop.engine.program.starts import Starts
from bttop.engine.program.status import ProgramState
from bttop.engine.tracer.frames import CostTotals, Dropped, Exited, Failed, Frame, Started
from bttop.model.record.records import StampedLine, Stream
from bttop.model.record.release import Release
from bttop.paths import shipped
from bttop.script.process.pin import Pin
from tests.engine.stage import NEW, OLD
from tests.model.samples import beat
from tests.ui.scenes import SECOND, FakeEngine

NAMES = ("opens", "syscalls_tracepoint", "profile")
USERS = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }"
READY = "__BPFTRACE_NOTIFY_PROBES_ATTACHED"


def text_of(name: str) -> str:
    return (shipped("probes") / f"{name}.bt").read_text()


@pytest.fixture(autouse=True)
def _tracer_is_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Starts, "reads_maps", True)


class Shared:
    """An engine with programs that were started together."""

    def __init__(self, *texts: str, release: Release = OLD, wanted: bool = True) -> None:
        self.fake = FakeEngine(release)
        self.runner = self.fake.engine.runner
        self.runner.merges.wanted = wanted
        self.runner.merges._available = lambda: None
        self.texts = texts or tuple(map(text_of, NAMES))

    def start(self) -> Shared:
        with self.fake.engine.together():
            for index, text in enumerate(self.texts):
                self.fake.add(f"p{index}", text)
        return self

    @property
    def programs(self) -> tuple[Program, ...]:
        return self.fake.engine.programs

    @property
    def processes(self) -> list[MergedProcess]:
        return list(self.runner.merges.processes.values())

    @property
    def process(self) -> MergedProcess:
        """The process that was started last."""
        return self.processes[-1]

    def send(self, *frames: Frame) -> None:
        self.fake.engine._router.take(frames)

    def look(self) -> None:
        """What the engine does after each read of frames."""
        self.runner.replace_merged(self.fake.now)

    def say(self, process: MergedProcess, text: str, stream: Stream = "stdout") -> None:
        self.send(StampedLine(process.id, stream, self.fake._stamp(), text.encode()))

    def attach(self, process: MergedProcess, probes: int | None = None) -> None:
        self.send(Started(process.id, self.fake._stamp(), 4711))
        count = process.probes if probes is None else probes
        self.say(process, f'{{"type": "attached_probes", "data": {{"probes": {count}}}}}')
        self.say(process, READY, "stderr")

    def beat(self, process: MergedProcess, *parts: Generation, number: int = 1, last: bool = False) -> None:
        """Let a second pass; then these parts end a flush."""
        self.fake.now += SECOND
        for part in parts or process.parts:
            record = beat(number, self.fake.now, 0, part.plan.nonce)
            self.say(process, record.replace("]]", ", 1]]") if last else record)

    def run(self) -> MergedProcess:
        """Attach the newest process and show a flush of each part."""
        self.attach(self.process)
        self.beat(self.process)
        return self.process

    def end(self, process: MergedProcess, code: int = 0) -> None:
        self.send(Exited(process.id, self.fake._stamp(), code))

    def states(self) -> list[ProgramState]:
        return [program.status.state for program in self.programs]

    def numbers(self) -> list[int]:
        """The numbers of the generations that are shown."""
        return [program.status.generation for program in self.programs]


def merged_names(shared: Shared) -> list[set[str]]:
    names = {id_: program.name for id_, (program, _) in shared.runner.generations.items()}
    return [{names[part.id] for part in process.parts} for process in shared.processes]


def test_shipped_probes_that_are_asked_for_together_share_a_process() -> None:
    shared = Shared().start()
    assert merged_names(shared) == [{"p0", "p1", "p2"}]
    assert shared.fake.tracer.started == [shared.process.id]
    assert shared.runner.merges.note == "1 bpftrace for 3 programs"


@pytest.mark.parametrize(("available", "merges"), [(None, False), (1 << 30, False), ((1 << 30) - 1, True)])
def test_without_a_request_they_share_one_while_memory_is_short(available: int | None, *, merges: bool) -> None:
    shared = Shared(wanted=False)
    shared.runner.merges._available = lambda: available
    shared.start()
    assert bool(shared.processes) is merges
    assert shared.runner.merges.note == ("1 bpftrace for 3 programs, memory is short" if merges else "")
    assert len(shared.fake.tracer.started) == (1 if merges else 3)


@pytest.mark.parametrize(
    "other", [USERS, f"// edited\n{text_of('profile')}", text_of("exec"), "uprobe:/bin/sh:x { @ = count(); }"]
)
def test_other_scripts_run_alone(other: str) -> None:
    shared = Shared(text_of("opens"), other, text_of("profile")).start()
    assert merged_names(shared) == [{"p0", "p2"}]
    assert len(shared.fake.tracer.started) == 2


@pytest.mark.parametrize(
    ("release", "pin", "parts"),
    [
        (OLD, None, {"p0", "p1", "p2"}),
        (OLD, Pin((7,)), {"p0", "p1"}),
        (Release(0, 23), None, {"p0", "p1"}),
        (NEW, None, {"p0", "p1"}),
    ],
)
def test_a_probe_whose_user_frames_get_names_runs_alone(release: Release, pin: Pin | None, parts: set[str]) -> None:
    shared = Shared(release=release).start()
    shared.fake.engine._pin(pin, shared.programs)
    assert merged_names(shared)[-1] == parts


def test_a_single_probe_has_a_process_of_its_own() -> None:
    shared = Shared(text_of("opens"), USERS).start()
    assert shared.processes == []
    assert len(shared.fake.tracer.started) == 2


def test_starts_one_after_the_other_are_not_merged() -> None:
    shared = Shared()
    for text in shared.texts:
        shared.fake.add("p", text)
    assert shared.processes == []


def test_a_probe_without_its_hook_on_this_host_runs_alone(tmp_path: Path) -> None:
    shared = Shared(text_of("opens"), text_of("syscalls_tracepoint"), text_of("profile"))
    (tmp_path / "events/syscalls/sys_enter_openat").mkdir(parents=True)
    shared.runner.merges._host = replace(shared.fake.engine.host, tracefs=tmp_path)
    shared.start()
    assert merged_names(shared) == []


@pytest.mark.parametrize(
    ("release", "kernel", "is_root", "merges"),
    [
        (Release(0, 27), "6.8.0", True, True),
        (Release(0, 16), "6.8.0", True, False),
        (Release(0, 27), "4.14.9", True, False),
        (Release(0, 27), "6.8.0", False, False),
    ],
)
def test_nothing_is_merged_where_nobody_can_tell_whose_bpf_programs_are_whose(
    monkeypatch: pytest.MonkeyPatch, release: Release, kernel: str, *, is_root: bool, merges: bool
) -> None:
    from bttop.engine.merging.merges import Merges

    monkeypatch.setattr(Starts, "reads_maps", is_root)
    shared = Shared(release=release)
    host = replace(shared.fake.engine.host, kernel=kernel)
    shared.runner.merges = Merges(shared.fake.engine._starts, host, release, wanted=True)
    assert bool(shared.start().processes) is merges


def test_each_pane_decodes_its_own_lines() -> None:
    shared = Shared().start()
    shared.attach(shared.process)
    assert shared.states() == [ProgramState.ATTACHED] * 3
    shared.say(shared.process, '{"type": "map", "data": {"@__bt_b_a0": {"7,sh,1": 5}}}')
    shared.beat(shared.process, shared.process.parts[1])
    assert shared.states() == [ProgramState.ATTACHED, ProgramState.LIVE, ProgramState.ATTACHED]
    assert [len(program.history) for program in shared.programs] == [0, 1, 0]
    flush = shared.programs[1].history.latest
    assert flush is not None
    assert flush.maps["@calls"].rows == {"7,sh,1": 5}
    assert sum(program.status.probes for program in shared.programs) == shared.process.probes + 4


def test_what_is_stopped_is_detached_as_soon_as_the_others_are_attached_without_it() -> None:
    shared = Shared().start()
    old = shared.run()
    shared.programs[1].stop(shared.fake.now)
    shared.look()
    assert merged_names(shared)[-1] == {"p0", "p2"}
    assert shared.fake.tracer.stopped == []
    shared.beat(old, number=2)
    shared.attach(shared.process)
    assert shared.fake.tracer.stopped == [old.id]
    shared.beat(old, number=3, last=True)
    shared.end(old)
    assert shared.states() == [ProgramState.ATTACHED, ProgramState.STOPPED, ProgramState.ATTACHED]
    shared.beat(shared.process)
    assert shared.states() == [ProgramState.LIVE, ProgramState.STOPPED, ProgramState.LIVE]
    assert [len(program.history) for program in shared.programs] == [4, 3, 4]
    assert [program.missing for program in shared.programs] == ["", "", ""]


def test_a_stopped_program_does_not_wait_long_for_the_others() -> None:
    shared = Shared().start()
    old = shared.run()
    shared.programs[1].stop(shared.fake.now)
    for seconds in (0, 2):
        shared.fake.now += seconds * SECOND
        shared.look()
        assert shared.fake.tracer.stopped == []
    shared.fake.now += SECOND
    shared.look()
    assert shared.fake.tracer.stopped == [old.id]


def test_what_the_budget_guard_detaches_is_detached_at_once_and_the_others_go_on() -> None:
    shared = Shared().start()
    old = shared.run()
    shared.runner.detach_at_once(shared.programs[1])
    shared.programs[1].hold(shared.fake.now, "limit exceeded")
    shared.look()
    assert shared.fake.tracer.stopped == [old.id]
    assert merged_names(shared)[-1] == {"p0", "p2"}
    shared.beat(old, number=2, last=True)
    shared.end(old)
    assert shared.states() == [ProgramState.STARTING, ProgramState.HELD, ProgramState.STARTING]
    shared.run()
    assert shared.states() == [ProgramState.LIVE, ProgramState.HELD, ProgramState.LIVE]
    assert [program.missing for program in shared.programs] == ["", "", ""]


def test_what_is_changed_runs_beside_the_others_until_they_run_without_it() -> None:
    shared = Shared().start()
    old = shared.run()
    shared.fake.engine._pin(Pin((7,)), shared.programs[:1])
    (alone,) = [one for _, one in shared.runner.generations.values() if one not in old.parts]
    assert shared.processes == [old]
    send_alone(shared, alone)
    assert shared.numbers() == [2, 1, 1]
    assert shared.fake.tracer.stopped == []
    shared.look()
    assert merged_names(shared)[-1] == {"p1", "p2"}
    # Its next flush is the last one of the old generation: what it counts later is in those of the new one.
    shared.beat(old, number=2)
    assert [len(program.history) for program in shared.programs] == [3, 2, 2]
    shared.beat(old, number=3)
    assert [len(program.history) for program in shared.programs] == [3, 3, 3]
    shared.run()
    assert shared.numbers() == [2, 2, 2]
    assert shared.fake.tracer.stopped == [old.id]
    shared.end(old)
    assert shared.states() == [ProgramState.LIVE] * 3


def send_alone(shared: Shared, generation: Generation) -> None:
    """Attach a generation that has its own process, and show a flush."""
    frames: Sequence[tuple[str, Stream]] = [
        ('{"type": "attached_probes", "data": {"probes": 9}}', "stdout"),
        (READY, "stderr"),
        (beat(1, shared.fake.now + SECOND, 0, generation.plan.nonce), "stdout"),
    ]
    shared.send(*[StampedLine(generation.id, stream, shared.fake._stamp(), text.encode()) for text, stream in frames])


def test_a_change_of_all_is_one_new_process_and_the_old_one_ends_with_its_last_part() -> None:
    shared = Shared().start()
    old = shared.run()
    shared.fake.engine._set_interval(500)
    shared.look()
    assert len(shared.processes) == 2
    shared.run()
    assert shared.numbers() == [2, 2, 2]
    assert shared.fake.tracer.stopped == [old.id]
    assert len(shared.fake.tracer.started) == 2


def test_a_stop_while_a_new_process_takes_over_waits_for_that() -> None:
    shared = Shared().start()
    shared.run()
    shared.fake.engine._set_interval(500)
    new = shared.process
    shared.attach(new)
    shared.beat(new, new.parts[0])
    shared.programs[0].stop(shared.fake.now)
    shared.look()
    assert len(shared.processes) == 2
    shared.beat(new, *new.parts[1:])
    shared.look()
    assert merged_names(shared)[-1] == {"p1", "p2"}


def test_a_program_that_cannot_start_anew_does_not_keep_another_from_being_detached() -> None:
    shared = Shared().start()
    old = shared.run()
    shared.programs[1].stop(shared.fake.now)
    shared.look()
    shared.end(shared.process, 1)
    for _, part in list(shared.runner.generations.values()):
        if part not in old.parts:
            shared.send(Exited(part.id, shared.fake._stamp(), 1))
    shared.look()
    assert old.id in shared.fake.tracer.stopped
    shared.end(old)
    assert shared.programs[1].status.state is ProgramState.STOPPED
    assert all(program.status.state is not ProgramState.STOPPED for program in (shared.programs[0], shared.programs[2]))


@pytest.mark.parametrize("how", ["exit", "failed", "probes"])
def test_a_shared_process_that_does_not_start_is_replaced_by_one_for_each(how: str) -> None:
    shared = Shared().start()
    failed = shared.process
    if how == "exit":
        shared.say(failed, "ERROR: no such tracepoint", "stderr")
        shared.end(failed, 1)
    elif how == "failed":
        shared.send(Failed(failed.id, shared.fake._stamp(), "Argument list too long"))
    else:
        shared.attach(failed, failed.probes - 1)
    assert shared.processes == []
    assert shared.runner.merges.note == ""
    assert (failed.id in shared.fake.tracer.stopped) is (how == "probes")
    assert len(shared.fake.tracer.started) == 4
    assert shared.states() == [ProgramState.STARTING] * 3
    assert all(program.status.complaint is None for program in shared.programs)
    for _, generation in list(shared.runner.generations.values()):
        send_alone(shared, generation)
    assert shared.states() == [ProgramState.LIVE] * 3
    shared.fake.engine._set_interval(500)
    assert shared.processes == [], "it failed once"


def test_after_a_crash_each_program_starts_alone() -> None:
    shared = Shared().start()
    shared.end(shared.run(), -11)
    assert shared.states() == [ProgramState.RETRYING] * 3
    shared.fake.now += 2 * SECOND
    shared.fake.engine._judge(shared.fake.now)
    assert shared.processes == []
    assert len(shared.runner.generations) == 3


def test_after_a_kill_they_share_a_process_again() -> None:
    shared = Shared().start()
    shared.end(shared.run(), -9)
    assert shared.states() == [ProgramState.RETRYING] * 3
    assert {program.missing for program in shared.programs} == {"bpftrace was killed by SIGKILL"}
    shared.fake.now += 2 * SECOND
    shared.fake.engine._judge(shared.fake.now)
    assert merged_names(shared) == [{"p0", "p1", "p2"}]


def test_the_end_of_the_session_stops_the_process_once_and_shows_each_last_flush() -> None:
    shared = Shared().start()
    process = shared.run()
    shared.fake.engine._router.ends = True
    shared.fake.engine._finish_programs()
    assert shared.fake.tracer.stopped == [process.id]
    shared.beat(process, number=2, last=True)
    shared.end(process)
    assert [program.history.latest is not None and program.history.latest.is_last for program in shared.programs] == [
        True
    ] * 3
    assert shared.runner.generations == {}


def test_states_of_the_process_are_those_of_each_program() -> None:
    shared = Shared().start()
    process = shared.run()
    shared.send(Dropped(process.id, shared.fake._stamp(), 3, 99))
    assert [program.tally.dropped for program in shared.programs] == [3, 3, 3]
    shared.fake.engine._router.lose("killed")
    assert shared.processes == []
    assert shared.states() == [ProgramState.RETRYING] * 3


def test_a_program_pays_for_its_own_bpf_programs_and_its_output() -> None:
    shared = Shared().start()
    process = shared.run()
    for second in (0, 1):
        shared.say(process, '{"type": "map", "data": {"@__bt_b_a0": {"7,sh,1": 5}}}')
        for part in process.parts:
            totals = CostTotals(part.id, shared.fake._stamp(), 0, 30 << 20, run_ns=second * part.id, parts=3)
            shared.send(totals)
        shared.fake.now += SECOND
    costs = [program.cost for program in shared.programs]
    assert [cost and cost.parts for cost in costs] == [3, 3, 3]
    assert [bool(cost and cost.output) for cost in costs] == [False, True, False]
