"""Recordings of the real bpftrace: every flush is read as it was shown, whatever ends the recording."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bttop.engine.engine import Engine
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Host, find_bpftrace
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.recording.host_recorder import HostRecorder
from bttop.engine.recording.recorder import Recorder
from bttop.engine.recording.session_facts import facts_of, session_facts
from bttop.engine.request.questions import Asked, questions
from bttop.model.flush.flush import Flush
from bttop.script.library.probe_files import Library
from bttop.script.process.pin import Pin
from bttop.store.recording.snapshot_files import claim
from bttop.store.snapshot.check_up import checkup
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.opening import CannotReview
from tests.real import load, tracing

pytestmark = pytest.mark.real

PATIENCE = 60.0
FLOOD = 'tracepoint:raw_syscalls:sys_enter { @n[comm] = count(); } interval:ms:20 { printf("tick %d\\n", nsecs); }'
OWN = "tracepoint:raw_syscalls:sys_enter { @n = count(); } interval:ms:300 { print(@n); }"
SHORT = 'interval:s:4 { printf("done\\n"); exit(); } tracepoint:raw_syscalls:sys_enter { @n[pid] = count(); }'


class Watch(Observer):
    """Keeps what was shown, by program."""

    def __init__(self) -> None:
        self.shown: dict[str, list[Flush]] = {}

    def flushed(self, program: Program, generation: Generation | None, flush: Flush) -> None:
        self.shown.setdefault(program.name, []).append(flush)


class Recorded:
    """An engine that is being recorded."""

    def __init__(self, bpftrace: str, path: Path) -> None:
        host, found = Host.read(), find_bpftrace(bpftrace)
        self.path = path
        self.watch = Watch()
        self.engine = Engine(host, found)
        self.recorder = Recorder(session_facts(), host.name)
        self.engine.observe(self.watch)
        self.engine.observe(HostRecorder(self.recorder, facts_of(host, found)))
        claim(path, replace=True)
        self.recorder.start(path)

    def ask(self, *probes: str, programs: tuple[str, ...] = ()) -> None:
        for question in questions(Library.load([tracing.PROBES]), Asked(probes, programs)):
            self.engine.add(question.name, question.sources, Settings(200), failure=question.failure)
        self.engine.start()
        self.engine.at_full_speed()

    def wait_for(self, flushes: int, program: Program) -> None:
        shown = self.watch.shown
        tracing.wait_until(lambda: len(shown.get(program.name, ())) >= flushes, PATIENCE, f"flushes of {program.name}")

    def finish(self) -> None:
        """End, and hold every flush in the file against the one that was shown."""
        self.engine.close()
        self.recorder.close()
        with Snapshot(self.path) as snapshot:
            assert not checkup(snapshot).faults
            for program in snapshot.programs:
                found = list(RecordedHistory(snapshot, program.id))
                expected = self.watch.shown.get(program.name, [])
                assert [essence(one) for one in found] == [essence(one) for one in expected]


def essence(flush: Flush) -> tuple[object, ...]:
    """Everything but the notice when it was attached, which only a flush in the first block knows."""
    return (flush.generation, flush.mark, flush.number, flush.end_ns, dict(flush.maps), flush.printed, flush.lines)


@pytest.fixture
def recorded(bpftrace: str, tmp_path: Path) -> Iterator[Recorded]:
    made = Recorded(bpftrace, tmp_path / "s.bttop")
    try:
        yield made
    finally:
        made.engine.close()
        made.recorder.close()


def test_five_programs_are_read_as_they_were_shown(recorded: Recorded) -> None:
    with load.busy_loop(), load.copy(200_000, 512) as copy:
        recorded.ask("syscalls", "vfs_read", programs=(FLOOD, OWN, SHORT))
        for program in recorded.engine.programs[:4]:
            recorded.wait_for(3, program)
        copy.run()
        for program in recorded.engine.programs[:4]:
            recorded.wait_for(30, program)
        recorded.finish()


def test_a_pin_and_a_reload_hand_over_without_a_flush_missing_or_twice(recorded: Recorded) -> None:
    with load.copy(1_000, 512) as copy:
        recorded.ask("syscalls")
        (program,) = recorded.engine.programs
        recorded.wait_for(5, program)
        recorded.engine.pin(Pin(pids=(os.getpid(), copy.pid)), [program])
        tracing.wait_until(lambda: program.status.generation == 2, PATIENCE, "the pin")
        recorded.wait_for(len(recorded.watch.shown[program.name]) + 5, program)
        question = questions(Library.load([tracing.PROBES]), Asked(("vfs_read",)))[0]
        recorded.engine.reload(program, question.sources)
        tracing.wait_until(lambda: program.status.generation > 2, PATIENCE, "the reload")
        recorded.wait_for(len(recorded.watch.shown[program.name]) + 5, program)
        copy.run()
        recorded.finish()
    with Snapshot(recorded.path) as snapshot:
        assert [bool(one.pin) for one in snapshot.generations.values()][:2] == [False, True]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_command_leaves_a_file_that_can_be_read_whatever_ends_it(
    bpftrace: str, tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "s.bttop"
    words = [sys.executable, "-m", "bttop", "record", "--bpftrace", bpftrace, "-i", "0.2", "-o", str(path), "syscalls"]
    # Whatever else this host does must not blow the fuse.
    words += ["--budget", "100"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            tracing.wait_until(lambda: flushes(path) >= 5, PATIENCE, "five flushes in the file")
            process.send_signal(number)
            _, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == {signal.SIGINT: 0, signal.SIGKILL: -signal.SIGKILL}.get(number, 128 + number), said
    assert flushes(path) >= 5
    assert [one.name for one in tmp_path.iterdir()] == ["s.bttop"] or number == signal.SIGKILL


def flushes(path: Path) -> int:
    """Flushes that can be read, while it is written as well; 0 while there is no file, or one that is being made."""
    try:
        snapshot = Snapshot(path)
    except CannotReview:
        return 0
    with snapshot:
        return sum(len(list(RecordedHistory(snapshot, program.id))) for program in snapshot.programs)
