"""The trail of questions: what a question keeps of the pane that it is asked from."""

from __future__ import annotations

from typing import Any, cast

import pytest
from msgspec.structs import replace

from bttop.engine.program.program import Program
from bttop.script.library.follow_ups import RowFacts, follow_ups
from bttop.script.process.pin import Pin
from bttop.ui.board.board import Board
from bttop.ui.services.programs.probe_library import ProbeLibrary
from bttop.ui.services.programs.question_trail import QuestionTrail
from bttop.ui.services.programs.reloads import Reloads
from bttop.ui.services.programs.running_programs import RunningPrograms
from bttop.ui.services.screen_access import ScreenAccess
from tests.ui.scenes import FakeEngine

CALLS = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }"
CGROUP = Pin(cgroups=("/system.slice/nginx.service",))


def trail_of(fake: FakeEngine, interval_ms: int, pin: Pin | None) -> QuestionTrail:
    """The trail of an engine with one program, `calls`, under these settings."""
    program = fake.add("calls", CALLS)
    program.change(replace(program.settings, interval_ms=interval_ms, pin=pin), fake.now)
    probes, screen = cast(ProbeLibrary, None), cast(ScreenAccess, None)
    programs = RunningPrograms(fake.engine, program.settings, probes, cast(Reloads, None), screen)
    return QuestionTrail(fake.engine, programs, probes, cast(Board, None), screen)


@pytest.mark.parametrize("pane_pin", [None, CGROUP, Pin(comm="java"), Pin(pids=(7,))])
@pytest.mark.parametrize(
    "facts",
    [
        RowFacts(pid=478, comm="java", syscall="write"),
        RowFacts(comm="java"),
        RowFacts(address="10.0.0.7"),
        RowFacts(file="/etc/passwd"),
        RowFacts(function="vfs_read"),
        RowFacts(tid=481),
    ],
)
def test_a_question_keeps_the_interval_and_has_the_pin_of_the_row_or_else_that_of_the_pane(
    facts: RowFacts, pane_pin: Pin | None
) -> None:
    fake = FakeEngine()
    trail = trail_of(fake, 5000, pane_pin)
    asked = follow_ups(facts)
    assert asked
    for question in asked:
        settings = trail.settings(fake.engine.programs[0], question)
        assert settings.interval_ms == 5000
        assert settings.pin == (question.pin or pane_pin)


class Shown:
    """A board and a screen that keep what they are told."""

    def __init__(self) -> None:
        self.focused: list[str] = []
        self.told: list[str] = []
        self.page = ""

    def focus_program(self, program: Program) -> None:
        self.focused.append(program.name)

    def tell(self, text: str) -> None:
        self.told.append(text)


@pytest.mark.parametrize(("pin", "is_there"), [(Pin(pids=(478,)), True), (Pin(pids=(479,)), False)])
def test_a_question_that_runs_already_is_focused_and_not_asked_again(pin: Pin, is_there: bool) -> None:
    fake, shown = FakeEngine(), Shown()
    asked = next(one for one in follow_ups(RowFacts(pid=478, comm="java", syscall="write")) if one.letter == "S")
    calls, running = fake.add("calls", CALLS), fake.add("write stacks", asked.text)
    running.change(replace(running.settings, pin=pin), fake.now)
    programs = RunningPrograms(fake.engine, calls.settings, cast(Any, None), cast(Any, None), cast(Any, shown))
    trail = QuestionTrail(fake.engine, programs, cast(Any, None), cast(Any, shown), cast(Any, shown))
    settings = trail.settings(calls, asked)
    assert (trail._running(trail._question(asked), settings) is running) == is_there
    if is_there:
        trail.ask(calls, asked)
        assert (shown.focused, shown.told) == (["write stacks"], ["write stacks answers this already"])
        assert list(fake.engine.programs) == [calls, running]
