"""The trial run, with twins that say what the test wants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

from bttop.engine.cost.budget import Budget
from bttop.engine.cost.trial_verdict import TrialVerdict
from bttop.engine.generation.candidates import Candidate
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.engine.request.questions import question_from_path
from bttop.engine.safety.admission import Admission
from bttop.engine.safety.trial_run import TrialRuns
from bttop.engine.tracer.frames import CostTotals, Exited, Failed, Frame
from bttop.model.record.records import Stamp, StampedLine
from bttop.paths import shipped
from bttop.script.cost.hook_costs import HookPrices
from bttop.script.library.probe_files import Library
from bttop.script.process.pin import Pin
from tests.engine.stage import OLD, READY, SECOND, Stage, source, state
from tests.model.samples import beat

HOT = "tracepoint:sched:sched_switch { @n[pid] = count(); }"
CALM = "profile:hz:99 { @n[pid] = count(); }"
KILLS = 'profile:hz:99 { system("reboot"); }'
TICK = SECOND // 10


class Looking(Stage):
    """A program whose starts must pass a real gate."""

    def __init__(self, text: str = HOT, *, unsafe: bool = False, confirmed: bool = False) -> None:
        self.twins: list[Generation] = []
        self.ended: list[int] = []
        self.taken = 0.0
        self.asked_costs = False
        host = Host("host", "6.1", "x86_64", 2, None)
        self.admission = Admission(
            TrialRuns(Budget(), host, Bpftrace("bpftrace", OLD), self), unsafe=unsafe, confirmed=confirmed
        )
        super().__init__(source(text))

    def look(self, program: Program, candidate: Candidate) -> TrialVerdict | None:
        return self.admission.look(program, candidate)

    def forget_look(self, program: Program) -> None:
        self.admission.forget(program)

    def run_twin(self, program: Program, candidate: Candidate) -> Generation:
        made = Generation(1000 + len(self.twins), 0, candidate, release=self.release, key_limit=16384, now=self.now)
        self.twins.append(made)
        return made

    def stop(self, generation: Generation, grace: float) -> None:
        if generation in self.twins:
            self.ended.append(generation.id)
        else:
            super().stop(generation, grace)

    @property
    def twin(self) -> Generation:
        return self.twins[-1]

    @property
    def prices(self) -> HookPrices:
        return HookPrices("x86_64")

    def tell_costs(self) -> None:
        self.asked_costs = True

    def taken_by_others(self, _program: Program) -> float:
        return self.taken

    def end(self, code: int) -> None:
        """The twin ends by itself."""
        self.admission.on_frame(Exited(self.twin.id, Stamp(self.now, self.now), code))

    def say(self, data: bytes, stream: Literal["stdout", "stderr"] = "stdout") -> None:
        self.admission.on_frame(StampedLine(self.twin.id, stream, Stamp(self.now, self.now), data))

    def count(self, rate: int, ticks: int = 7, probes: int = 1) -> None:
        """The twin is ready and tells the rate of each probe (its maps are never cleared), tick by tick."""
        self.say(READY)
        for number in range(1, ticks + 1):
            self.now += TICK
            for probe in range(probes):
                events = {f"@bttop_events{probe}": rate * number // 10}
                self.say(json.dumps({"type": "map", "data": events}).encode())
            self.say(beat(number, self.now, nonce=self.twin.plan.nonce).encode())

    def frame(self, frame: Frame) -> None:
        self.admission.on_frame(frame)

    def reload(self, text: str) -> None:
        """The file was saved with another text."""
        self.program.permission.edited()
        self.program.reload((source(text),), self.now)

    def approve(self) -> None:
        """The user presses y."""
        if self.program.permission.approve():
            self.program.go_on(self.now)


def looking(text: str = HOT) -> Looking:
    """A program that is being looked at, if it need be."""
    stage = Looking(text)
    stage.start()
    return stage


def live(text: str = CALM) -> Looking:
    """A program that has flushed."""
    stage = Looking(text)
    stage.go_live()
    return stage


def test_what_could_be_hot_runs_as_a_twin_first_and_starts_when_it_is_cheap() -> None:
    stage = looking()
    assert stage.launched == []
    assert state(stage) is ProgramState.STARTING
    assert "counting" in stage.program.status.reason
    stage.count(rate=1000)
    assert len(stage.launched) == 1
    assert stage.ended == [stage.twin.id]


def test_what_cannot_be_hot_starts_at_once() -> None:
    stage = looking(CALM)
    assert stage.twins == []
    assert len(stage.launched) == 1


def test_above_the_budget_it_is_asked_about_with_the_numbers_and_y_runs_it() -> None:
    stage = looking()
    stage.count(rate=2_000_000)
    assert state(stage) is ProgramState.COSTLY
    assert stage.launched == []
    assert stage.program.status.asks
    assert "% of all CPUs at 2 M/s (the budget is 3 %)" in stage.program.status.reason
    stage.approve()
    assert len(stage.launched) == 1
    assert not stage.program.status.asks


def test_far_above_it_is_refused_after_two_ticks_and_no_key_runs_it() -> None:
    stage = looking()
    stage.count(rate=20_000_000, ticks=2)
    assert stage.ended == [stage.twin.id]
    assert state(stage) is ProgramState.COSTLY
    assert not stage.program.status.asks
    assert "only --force runs it" in stage.program.status.reason
    stage.approve()
    assert stage.launched == []


def test_what_was_found_cheap_is_not_looked_at_again_for_another_interval() -> None:
    stage = looking()
    stage.count(rate=1000)
    stage.ready(stage.last)
    stage.beat(stage.last)
    stage.program.change(Settings(interval_ms=2000), stage.now)
    assert len(stage.twins) == 1
    assert len(stage.launched) == 2


def test_without_its_pin_it_is_looked_at_anew_and_a_pin_may_make_it_cheap() -> None:
    stage = looking()
    stage.count(rate=2_000_000)
    stage.program.change(Settings(pin=Pin(pids=(7,))), stage.now)
    assert len(stage.twins) == 2
    assert state(stage) is ProgramState.STARTING
    stage.count(rate=10)
    stage.ready(stage.last)
    stage.beat(stage.last)
    stage.program.change(Settings(), stage.now)
    assert len(stage.twins) == 3
    assert state(stage) is ProgramState.LIVE


def test_an_edit_that_is_held_back_leaves_the_old_one_running() -> None:
    stage = live()
    stage.reload(HOT)
    assert stage.living == [1]
    stage.count(rate=2_000_000)
    assert stage.living == [1]
    assert stage.stopped == {}
    assert state(stage) is ProgramState.LIVE
    found = stage.program.status.complaint
    assert found is not None
    assert found.title.startswith("the new text would cost")
    assert stage.program.status.asks
    stage.approve()
    assert stage.living == [1, 2]


def test_another_edit_ends_the_look_at_the_one_before() -> None:
    stage = live()
    stage.reload(HOT)
    first = stage.twin.id
    stage.reload(CALM.replace("pid", "tid"))
    assert stage.ended == [first]
    assert stage.living == [1, 2]
    assert not stage.program.status.asks


def test_a_program_that_is_stopped_waits_for_no_look() -> None:
    stage = looking()
    stage.program.stop(stage.now)
    assert stage.ended == [stage.twin.id]
    assert state(stage) is ProgramState.STOPPED
    stage.count(rate=10)
    assert stage.launched == []


def test_what_others_take_of_the_budget_is_not_there_to_be_spent() -> None:
    stage = looking()
    stage.taken = 0.056
    stage.count(rate=100_000)
    assert state(stage) is ProgramState.COSTLY
    assert "of which others take 2.8 %" in stage.program.status.reason


def test_a_twin_that_ends_unmeasured_is_asked_about() -> None:
    stage = looking()
    stage.frame(Exited(stage.twin.id, Stamp(stage.now, stage.now), -11))
    assert stage.launched == []
    assert stage.program.status.asks
    wanted = "it could not be measured: bpftrace was killed by SIGSEGV on its count-only twin"
    assert stage.program.status.reason == wanted
    stage.approve()
    assert len(stage.launched) == 1


def test_without_any_bpftrace_the_scripts_own_start_says_so() -> None:
    stage = looking()
    stage.frame(Failed(stage.twin.id, Stamp(stage.now, stage.now), "bpftrace: No such file or directory"))
    assert len(stage.launched) == 1


@pytest.mark.parametrize(
    "error",
    [
        b"stdin:1:1-24: ERROR: tracepoint not found: sched:nosuch",
        b"ERROR: unexpected program command line options: --nope",
        b"ERROR: program command line option --limit invalid integer (value: abc)",
        b"ERROR: program command line option --limit expects an integer (value: true)",
    ],
)
def test_what_bpftrace_has_against_the_twins_text_is_heard_from_the_script_itself(error: bytes) -> None:
    stage = looking()
    stage.say(error, "stderr")
    stage.frame(Exited(stage.twin.id, Stamp(stage.now, stage.now), 1))
    assert len(stage.launched) == 1
    assert stage.ended == []


def test_a_twin_that_says_nothing_is_asked_about() -> None:
    stage = looking()
    stage.say(READY)
    stage.twin.ready(stage.now)
    stage.admission.tick(stage.now + 4 * SECOND)
    assert state(stage) is ProgramState.COSTLY
    assert "could not be measured" in stage.program.status.reason


def test_many_probes_are_measured_as_one_is() -> None:
    stage = looking(", ".join(f"tracepoint:kmem:e{n}" for n in range(361)) + " { @ = count(); }")
    stage.count(rate=1_000)
    assert len(stage.launched) == 1


def test_one_probe_for_all_calls_is_offered() -> None:
    stage = looking("tracepoint:syscalls:sys_enter_* { @[probe] = count(); }")
    stage.count(rate=2_000_000)
    assert "one probe, raw_syscalls, counts the same" in stage.program.status.reason
    assert stage.program.status.offered
    assert [suggestion.code for suggestion in stage.program.suggestions] == ["one-probe"]


def test_a_copy_of_a_shipped_probe_starts_at_once_wherever_it_is_and_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.bt"
    path.write_bytes((shipped("probes") / "syscalls_tracepoint.bt").read_bytes())
    stage = Looking()
    stage.program._parts.sources = question_from_path(Library(), path).sources
    stage.start()
    assert (stage.twins, len(stage.launched)) == ([], 1)


def test_a_shipped_probe_is_looked_at_once_it_is_edited_and_no_more_when_it_is_restored() -> None:
    (sources,) = [question_from_path(Library(), shipped("probes") / "syscalls_tracepoint.bt").sources]
    text = sources[0].text
    stage = Looking()
    stage.program._parts.sources = sources
    stage.start()
    assert (stage.twins, len(stage.launched)) == ([], 1)
    stage.reload(text.replace("count()", "sum(1)"))
    assert len(stage.twins) == 1
    stage.reload(text)
    assert (len(stage.twins), len(stage.launched)) == (1, 2)


def test_a_file_elsewhere_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "x.bt"
    path.write_text(HOT)
    stage = Looking()
    stage.program._parts.sources = question_from_path(Library(), path).sources
    stage.start()
    assert len(stage.twins) == 1


@pytest.mark.parametrize("confirmed", [False, True])
def test_unsafe_is_passed_only_when_it_was_asked_for_twice(confirmed: bool) -> None:
    stage = Looking(KILLS, unsafe=True, confirmed=confirmed)
    stage.start()
    if not confirmed:
        assert state(stage) is ProgramState.COSTLY
        assert stage.program.status.reason == "it can change this system by system() and wants --unsafe"
        stage.approve()
    assert stage.admission.is_unsafe(stage.program, stage.last.candidate)


def test_without_the_flag_nothing_is_asked_and_nothing_is_unsafe() -> None:
    stage = Looking(KILLS)
    stage.start()
    assert not stage.admission.is_unsafe(stage.program, stage.last.candidate)


def test_what_needs_no_such_power_never_gets_it() -> None:
    stage = Looking(CALM, unsafe=True, confirmed=True)
    stage.start()
    assert not stage.admission.is_unsafe(stage.program, stage.last.candidate)


def test_a_reload_is_never_unsafe_and_not_even_asked() -> None:
    stage = Looking(CALM, unsafe=True, confirmed=True)
    stage.go_live()
    stage.reload(KILLS)
    assert not stage.program.status.asks
    assert not stage.admission.is_unsafe(stage.program, stage.last.candidate)


@pytest.mark.parametrize(
    "line",
    [
        b"ERROR: Error attaching probe: hardware:cache-misses:100000",
        b"ERROR: Could not resolve symbol: /bin/x:fooo, cannot attach probe.",
        b"FATAL: Invalid probe type made it to attachpoint parser",
    ],
)
def test_what_bpftrace_has_against_an_attach_point_is_heard_from_the_script_itself(line: bytes) -> None:
    stage = looking("hardware:cache-misses:100000 { @ = count(); }")
    stage.say(line, "stderr")
    stage.end(255)
    assert len(stage.launched) == 1


def test_a_twin_that_fails_by_something_else_is_asked_about_with_bpftraces_message() -> None:
    stage = looking()
    stage.say(b"ERROR: Error loading program: tracepoint:sched:sched_switch", "stderr")
    stage.end(255)
    assert stage.program.status.asks
    assert stage.program.status.reason.endswith(
        "on its count-only twin: Error loading program: tracepoint:sched:sched_switch"
    )


def test_a_twin_runs_though_some_of_its_attach_points_do_not_exist() -> None:
    stage = looking()
    assert not stage.twin.candidate.all_probes


def test_probes_that_exist_are_counted_where_others_of_the_script_do_not() -> None:
    stage = looking(f"kprobe:gone {{ @a = count(); }} {HOT}")
    stage.say(b"stdin:2:1-9: ERROR: Undefined map: @bttop_events0", "stderr")
    stage.end(1)
    assert len(stage.twins) == 2
    assert "kprobe:gone" not in stage.twin.candidate.prepared.text
    assert stage.launched == []
    stage.say(b"stdin:2:1-9: ERROR: Undefined map: @bttop_events1", "stderr")
    stage.end(1)
    assert len(stage.twins) == 2
    assert len(stage.launched) == 1, "there is nothing to count"


def test_a_user_function_of_a_quiet_name_is_looked_at_and_judged_by_its_trap() -> None:
    stage = looking("uprobe:/bin/bash:readline { @ = count(); }")
    stage.count(rate=100_000)
    assert stage.asked_costs
    assert state(stage) is ProgramState.COSTLY


@pytest.mark.parametrize(("code", "held"), [("53488d", False), ("f30f1efa", True)])
def test_what_the_kernel_must_single_step_is_dearer(code: str, held: bool) -> None:
    stage = looking("uprobe:/bin/x:f { @ = count(); }")
    stage.frame(CostTotals(stage.twin.id, Stamp(stage.now, stage.now), 0, 0, hooks=[("uprobe", code, 0, "8:2:10", 1)]))
    stage.count(rate=30_000)
    assert (state(stage) is ProgramState.COSTLY) is held


def test_a_look_ends_as_soon_as_it_has_taken_what_the_budget_leaves_a_whole_look() -> None:
    stage = looking("uprobe:/bin/x:f { @ = count(); }")
    stage.count(rate=30_000, ticks=4)
    assert stage.ended == [stage.twin.id]
    assert state(stage) is ProgramState.COSTLY


@pytest.mark.parametrize(("functions", "held"), [(("f", "f"), False), (("f", "g"), True)])
def test_a_return_probe_beside_the_entry_of_its_function_does_not_pay_the_trap_again(
    functions: tuple[str, str], held: bool
) -> None:
    entry, back = functions
    stage = looking(f"uprobe:/bin/x:{entry} {{ @s = nsecs; }} uretprobe:/bin/x:{back} {{ @t = nsecs; }}")
    stage.frame(CostTotals(stage.twin.id, Stamp(stage.now, stage.now), 0, 0, hooks=[("uprobe", "55", 0, "8:2:10", 1)]))
    stage.count(rate=38_000, probes=2)
    assert (state(stage) is ProgramState.COSTLY) is held
