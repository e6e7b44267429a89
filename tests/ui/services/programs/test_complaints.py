"""Notices about programs that hold only as long as they are true."""

from __future__ import annotations

from bttop.engine.program.status import ProgramState
from bttop.ui.services.programs.complaints import starts_or_runs
from tests.ui.scenes import FakeEngine

CALLS = "profile:hz:99 { @calls[pid] = count(); }"


def test_a_program_that_has_failed_neither_starts_nor_runs() -> None:
    fake = FakeEngine()
    holds = starts_or_runs(lambda: fake.engine.programs, "calls")
    assert holds(), "there is no program yet"
    program = fake.add("calls", CALLS)
    assert holds()
    while program.status.state is not ProgramState.FAILED:
        fake.complain(program, "ERROR: no")
        fake.end(program, 1)
    assert not holds()
    assert starts_or_runs(lambda: fake.engine.programs, "other")()
