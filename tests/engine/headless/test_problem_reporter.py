"""What a user without a screen is told: options and commands, and never a key."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from msgspec.structs import replace

import bttop
from bttop.engine.cost.trial_verdict import TrialVerdict
from bttop.engine.engine import Engine
from bttop.engine.headless.problem_reporter import OVER, ProblemReporter, could_not_run
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.engine.remote.link import Link
from tests.engine.stage import ANYWHERE, COUNTS, Stage, source, state

ROOMS = ("model", "script", "store", "engine", "commands")
KEY = re.compile(
    r"(?<![\w%`'\-.])[a-zA-Z+] (?:starts|runs|offers|mends|opens|shows|closes|saves|lifts)\b|\([+-]\)|press "
)


def engine_of(stage: Stage) -> Engine:
    """What is asked of an engine here: its programs and its problems."""
    return cast(Engine, SimpleNamespace(programs=(stage.program,), problems=(), links=()))


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (TrialVerdict("ask", "would cost 8 %"), "it would cost 8 %; --force runs it"),
        (TrialVerdict("refuse", "would cost 80 %"), "it would cost 80 %; only --force runs it"),
        (
            TrialVerdict("ask", "wants --unsafe", option="--confirm-unsafe"),
            "it wants --unsafe; --confirm-unsafe runs it",
        ),
    ],
)
def test_what_is_held_back_is_told_with_the_option_that_runs_it(
    verdict: TrialVerdict, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage()
    stage.verdict = verdict
    stage.start()
    ProblemReporter().tell_all(engine_of(stage))
    assert capsys.readouterr().err == f"bttop: calls: {told}\n"
    assert could_not_run([stage.program])


def test_why_a_program_is_detached_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert _trouble_of(ProgramState.STOPPING, capsys) == ""
    assert _trouble_of(ProgramState.HELD, capsys).startswith("bttop: calls: limit exceeded: 9 %")


def _trouble_of(state_: ProgramState, capsys: pytest.CaptureFixture[str]) -> str:
    stage = Stage()
    stage.start()
    status = replace(stage.program.status, state=state_, reason="limit exceeded: 9 % of 8 CPUs, budget 3 %")
    stage.program._parts.statuses.status = status
    capsys.readouterr()
    ProblemReporter().tell_all(engine_of(stage))
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("limit exceeded: 9 % of 8 CPUs, budget 3 %", "; it stays detached"),
        ("limit exceeded: maps take 300 MiB, limit 256 MiB", "; it stays detached"),
    ],
)
def test_what_was_detached_is_told_without_a_key(reason: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage()
    generation = stage.go_live()
    stage.program.hold(stage.now, reason)
    stage.exit(generation, 0)
    assert state(stage) is ProgramState.HELD
    ProblemReporter().tell_all(engine_of(stage))
    assert capsys.readouterr().err == f"bttop: calls: {reason}{told}\n"


@pytest.mark.parametrize(("good", "bad", "failed"), [(1, 0, False), (1, 1, True), (0, 1, True), (0, 0, False)])
def test_one_program_that_could_not_run_is_a_failure(good: int, bad: int, failed: bool) -> None:
    live, refused = [Stage() for _ in range(good)], [Stage().start() for _ in range(bad)]
    for stage in live:
        stage.go_live()
    for stage in refused:
        while state(stage) is not ProgramState.FAILED:
            stage.refuse(stage.last)
    assert could_not_run([stage.program for stage in (*live, *refused)]) is failed


def texts(module: Path) -> Iterator[str]:
    """The string literals of a module, without docstrings."""
    tree = ast.parse(module.read_text())
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


@pytest.mark.parametrize("room", ROOMS)
def test_no_text_below_the_screen_names_a_key(room: str) -> None:
    folder = Path(bttop.__file__).parent / room
    modules = [*folder.rglob("*.py")]
    assert modules
    assert [text for module in modules for text in texts(module) if KEY.search(text)] == []


@pytest.mark.parametrize(
    "state", [ProgramState.FAILED, ProgramState.UNAVAILABLE, ProgramState.COSTLY, ProgramState.HELD]
)
def test_a_program_that_did_not_run_to_the_end_makes_the_exit_code_one(state: ProgramState) -> None:
    running = cast("Program", SimpleNamespace(status=SimpleNamespace(state=ProgramState.LIVE), shows_nothing=False))
    other = cast("Program", SimpleNamespace(status=SimpleNamespace(state=state), shows_nothing=False))
    assert could_not_run([running, other])
    assert not could_not_run([running])
    assert state in OVER


@pytest.mark.parametrize("has_kprobes", [True, False])
def test_a_stable_tracepoint_is_offered_once_whether_the_program_runs_or_is_refused(
    has_kprobes: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events/syscalls/sys_enter_read").mkdir(parents=True)
    if has_kprobes:
        (tmp_path / "kprobe_events").touch()
    stage = Stage(source("kprobe:vfs_read { @ = count(); }"), host=replace(ANYWHERE, tracefs=tmp_path))
    stage.start()
    reporter = ProblemReporter()
    reporter.tell_all(engine_of(stage))
    reporter.tell_all(engine_of(stage))
    told = capsys.readouterr().err
    assert told.count("kprobe:vfs_read: tracepoint:syscalls:sys_enter_read reports about the same") == 1
    assert ("no kprobes" in told) != has_kprobes


@pytest.mark.parametrize(("text", "fails"), [("k:f { $x = 1; }", True), (COUNTS, False)])
def test_a_program_that_has_nothing_to_show_makes_the_exit_code_one(
    text: str, fails: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(source(text))
    stage.go_live()
    assert could_not_run([stage.program]) is fails
    ProblemReporter().tell_all(engine_of(stage))
    assert ("nothing to show" in capsys.readouterr().err) is fails


def test_a_lost_host_is_one_line_until_it_answers_again(capsys: pytest.CaptureFixture[str]) -> None:
    stage, link, reporter = Stage(), Link("web1"), ProblemReporter()
    stage.start()
    engine = cast(Engine, SimpleNamespace(programs=(stage.program,), problems=(), links=(link,)))
    link.unheard(2)
    reporter.tell_all(engine)
    link.unheard(3)
    link.lost("no answer for 5 s")
    stage.program.on_tracer_lost(9, "no answer for 5 s")
    assert stage.program.status.state is ProgramState.RETRYING
    reporter.tell_all(engine)
    link.heard()
    reporter.tell_all(engine)
    assert capsys.readouterr().err.splitlines() == [
        "bttop: web1: it does not answer",
        "bttop: web1: no connection: no answer for 5 s; it is made again",
        "bttop: web1: it answers again",
    ]


@pytest.mark.parametrize(
    ("who", "text", "told"),
    [
        ("-e 1", "-e 1:1:44: ERROR: Unknown function", "bttop: -e 1:1:44: ERROR: Unknown function"),
        ("-e 1", "-e 1: this kernel has no kprobes", "bttop: -e 1: this kernel has no kprobes"),
        ("calls", "calls.bt:1:44: ERROR: Unknown function", "bttop: calls.bt:1:44: ERROR: Unknown function"),
        ("calls", "calls_at.bt:1:44: ERROR: Unknown", "bttop: calls: calls_at.bt:1:44: ERROR: Unknown"),
        ("calls", "it was not attached", "bttop: calls: it was not attached"),
        ("", "the tracer was lost", "bttop: the tracer was lost"),
    ],
)
def test_a_problem_names_its_program_once(who: str, text: str, told: str, capfd: pytest.CaptureFixture[str]) -> None:
    ProblemReporter().tell("about", who, text)
    assert capfd.readouterr().err == f"{told}\n"
