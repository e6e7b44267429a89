"""Several shipped probes in one bpftrace: the numbers are those of separate ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bttop.engine.cost.cost import Cost
from bttop.engine.engine import Engine
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.engine.request.questions import Asked, questions
from bttop.model.flush.caveat_words import MISSING_OR_WRONG
from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.record.records import Stats
from bttop.model.record.release import Release
from bttop.paths import shipped
from bttop.script.library.probe_files import Library
from tests.real.tracing import wait_until

pytestmark = pytest.mark.real

CALLS, READS = 20_000, 7_000
ATTEMPTS = 3
PATIENCE = 90.0
_LOAD = """
import os, sys
zero = os.open("/dev/zero", os.O_RDONLY)
open("/proc/self/comm", "w").write(sys.argv[1])
for _ in range(int(sys.argv[2])):
    os.getppid()
for _ in range(int(sys.argv[3])):
    os.read(zero, 3)
"""


class Rows(Observer):
    """Adds up the rows of the process with this name, over all flushes."""

    def __init__(self, comm: str) -> None:
        self.comm = comm
        self.calls: Counter[str] = Counter()
        self.reads = 0
        self.flushes: Counter[str] = Counter()
        self.caveats: set[Caveat] = set()

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:
        self.flushes[program.name] += 1
        self.caveats |= flush.caveats
        for name, data in flush.maps.items():
            for key, value in data.rows.items():
                if f",{self.comm}" not in key:
                    continue
                if name == "@calls" and isinstance(value, int):
                    self.calls[key.rpartition(",")[2]] += value
                elif name == "@reads" and isinstance(value, Stats):
                    self.reads += value.count

    @property
    def wrong(self) -> bool:
        """Whether a flush says that its counts may be too small."""
        return bool(self.caveats & MISSING_OR_WRONG)


@contextmanager
def merged(bpftrace: str, rows: Rows) -> Iterator[Engine]:
    """An engine that runs the five probes, in one process as far as possible."""
    said = subprocess.run([bpftrace, "--version"], check=True, capture_output=True, text=True).stdout
    release = Release.parse(said)
    assert release is not None
    engine = Engine(Host.read(), Bpftrace(bpftrace, release), folder="/proc")
    engine.runner.merges.wanted = True
    engine.observe(rows)
    try:
        with engine.together():
            for question in questions(Library.load((shipped("probes"),)), Asked()):
                engine.add(question.name, question.sources, Settings())
        engine.start()
        engine.at_full_speed()
        wait_until(
            lambda: all(one.status.state is ProgramState.LIVE for one in engine.programs), PATIENCE, "five flushes"
        )
        yield engine
    finally:
        engine.close()


def costs(engine: Engine) -> list[Cost]:
    found = [program.cost for program in engine.programs]
    return [cost for cost in found if cost is not None and cost.events is not None]


def run_load(bpftrace: str, number: int) -> Rows:
    """Runs the five probes over one process that makes a known number of calls; the rows and the caveats of it."""
    rows = Rows(f"merged{number}x{os.getpid()}"[:15])
    with merged(bpftrace, rows) as engine:
        # From 0.23 on bpftrace names user frames, and `profile` runs alone.
        together = 5 if engine.bpftrace.release < Release(0, 23) else 4
        parts = [len(process.parts) for process in engine.runner.merges.processes.values()]
        subprocess.run([sys.executable, "-c", _LOAD, rows.comm, str(CALLS), str(READS)], check=True)
        wait_until(lambda: len(costs(engine)) == 5, PATIENCE, "costs")
        shares = costs(engine)
        engine.finish()
        wait_until(lambda: not engine.still_detaching, PATIENCE, "the last flushes")
        assert engine.error is None
        assert [program.missing for program in engine.programs] == [""] * 5
    if not rows.wrong:  # a program whose map was full leaves the others, to start again with a larger one
        assert parts == [together]
        assert sorted(cost.parts for cost in shares)[1:] == [together] * 4
    assert all(cost.programs and cost.map_bytes for cost in shares)
    return rows


def test_five_probes_in_one_process_count_every_event_and_know_what_each_costs(bpftrace: str) -> None:
    # Beside other tests a map may be full or an event skipped: the flush says so, and the load is run again.
    runs = [run_load(bpftrace, 0)]
    while len(runs) < ATTEMPTS and runs[-1].wrong:
        runs.append(run_load(bpftrace, len(runs)))
    last = runs[-1]
    assert last.wrong or last.reads == READS, last.calls
    assert last.wrong or CALLS in last.calls.values(), last.calls
    assert min(last.flushes.values()) >= 2
