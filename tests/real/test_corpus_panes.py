"""The tools that the distribution ships with bpftrace, unmodified: each that bare bpftrace can run is a working pane.

The table of all of them is printed: `pytest -s tests/real/test_corpus_panes.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from bttop.engine.engine import Engine
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Host, find_bpftrace
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.engine.request.questions import question_from_path
from bttop.engine.safety.own_processes import own_processes
from bttop.script.library.probe_files import Library
from tests.real import tracing

pytestmark = pytest.mark.real

TOOLS = sorted(Path("/usr/sbin").glob("*.bt"))
AT_ONCE = 8
"""Panes that run side by side; each is a bpftrace of its own."""
START_SECONDS = 100.0
_SETTLED = frozenset({ProgramState.LIVE, ProgramState.FAILED, ProgramState.UNAVAILABLE, ProgramState.ENDED})


class Pane(NamedTuple):
    """What became of one tool."""

    tool: str
    refusal: str
    """What bare bpftrace says against it; empty when it attaches."""
    state: str
    flushes: str
    badges: str
    complaint: str

    @property
    def works(self) -> bool:
        """Whether it shows what it counts, or says what bare bpftrace does not: that none of its hooks exists here."""
        has_no_hook = self.state == ProgramState.FAILED and "attached none of its probes" in self.complaint
        return has_no_hook or (self.state == ProgramState.LIVE and not self.complaint)

    def row(self) -> str:
        bare = "attaches" if not self.refusal else self.refusal[:60]
        pane = f"{self.state:12} {self.flushes:10} {self.badges or self.complaint}"
        return f"{self.tool:18} {pane if not self.refusal else '-':60.60} {bare}".rstrip()


def panes(bpftrace: str, tools: Sequence[Path]) -> Iterator[Pane]:
    """Run tools side by side, as the dashboard does, until each has flushed or has failed."""
    engine = Engine(Host.read(), find_bpftrace(bpftrace))
    try:
        settings = Settings(exclude=own_processes(engine.tracer_pid, engine.bpftrace, engine.numbers))
        for path in tools:
            question = question_from_path(Library(), path)
            engine.add(path.name, question.sources, settings, question.failure)
        engine.start()
        engine.at_full_speed()
        # What prints by arrival alone, and has nothing to print, is attached and stays so.
        tracing.wait_until(lambda: all(map(_is_settled, engine.programs)), START_SECONDS, "the panes")
        yield from map(_pane, engine.programs)
    finally:
        engine.close()


def _is_settled(program: Program) -> bool:
    grouped = not program.plan.heartbeats and program.status.state is ProgramState.ATTACHED
    return grouped or program.status.state in _SETTLED


def _pane(program: Program) -> Pane:
    status = program.status
    return Pane(
        program.name,
        "",
        ProgramState.LIVE if status.state is ProgramState.ATTACHED else status.state,
        "heartbeat" if program.plan.heartbeats else "grouped",
        ", ".join(badge.text for badge in status.badges),
        "" if status.complaint is None else status.complaint.title,
    )


def refusals(bpftrace: str) -> dict[Path, str]:
    """What bare bpftrace says against each tool."""
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(lambda path: tracing.refusal(bpftrace, path), TOOLS)
        return {path: answer and tracing.reason_line(answer) for path, answer in zip(TOOLS, answers, strict=True)}


@pytest.mark.skipif(not TOOLS, reason="the distribution's package has installed no tools")
def test_every_tool_that_bare_bpftrace_runs_is_a_working_pane(bpftrace: str) -> None:
    refused = refusals(bpftrace)
    run = iter([path for path, refusal in refused.items() if not refusal])
    found = {path.name: Pane(path.name, refusal, "", "", "", "") for path, refusal in refused.items()}
    while batch := list(itertools.islice(run, AT_ONCE)):
        found |= {pane.tool: pane for pane in panes(bpftrace, batch)}
    print(f"\n{'tool':18} {'pane':60} bare bpftrace")
    print("\n".join(pane.row() for pane in found.values()))
    tried = [pane for pane in found.values() if not pane.refusal]
    assert tried
    assert [pane for pane in tried if not pane.works] == []


def test_where_bpftrace_runs_what_is_left_of_a_script_so_does_its_pane(bpftrace: str, tmp_path: Path) -> None:
    """0.24 and newer leave out probes that do not exist; then nothing fills their maps."""
    script = tmp_path / "calls.bt"
    script.write_text(
        "kprobe:bttop_has_no_such_function { @gone[pid] = count(); }\n"
        "tracepoint:raw_syscalls:sys_enter { @calls[pid] = count(); }\n"
    )
    if find_bpftrace(bpftrace).release < (0, 24):
        pytest.skip("this release runs all of a script or nothing")
    (pane,) = panes(bpftrace, [script])
    assert pane.works
    assert pane.flushes == "heartbeat"
    assert "maps left out" in pane.badges
