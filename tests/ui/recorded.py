"""Recordings for the tests of the screen: programs whose flushes tell by themselves which they are."""

from __future__ import annotations

from pathlib import Path

from bttop.engine.recording.replay import ReplaySession
from bttop.model.plan import Column, MapPlan
from bttop.store.recording.snapshot_files import claim
from bttop.store.recording.writer import SnapshotWriter
from bttop.store.snapshot.recording_events import MarkSet, ProcessSeen, RecordingEvent, StatusChanged
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.made import SESSION, Session, at, small_blocks, tell

COUNTS = planned(MapPlan("@calls", "count", (Column("pid", "int"), Column("comm", "text")), "own", pid="pid"))
TEXT = "profile:hz:99 { @calls[pid, comm] = count(); }"


def program(number: int, name: str, flushes: int, first: float = 1.0) -> Session:
    """A program that counted one row in each second: `name-1` in the first, `name-2` in the second, ..."""
    prints = [{"@calls": ("map", {f"{1000 + count},{name}-{count}": count})} for count in range(1, flushes + 1)]
    return Session(name, COUNTS, prints, TEXT, number, number, 1, first)


def write(path: Path, *told: Session | RecordingEvent) -> Path:
    """A recording of programs, and of whatever else happened, in the order of the arguments."""
    happened: list[RecordingEvent] = []
    for one in told:
        happened += one.events() if isinstance(one, Session) else [one]
    claim(path, replace=True)
    writer = SnapshotWriter(path, SESSION)
    lookback_buffer = small_blocks()
    tell(happened, writer, lookback_buffer)
    writer.write_blocks(lookback_buffer.seal())
    writer.close()
    return path


def minutes(path: Path, flushes: int = 100) -> Path:
    """Two programs, the second ten seconds later, with a mark at 30 s, a failure at 60 s, and who a process was."""
    met = {
        "pid": 1030, "tid": 1030, "comm": "calls-30", "command": "/usr/bin/java -jar pay.jar", "executable": "",
        "uid": 0, "user": "root", "parents": [[1, "init"]], "threads": 4, "started": 2000.0, "cgroup": "/",
        "unit": "pay.service", "container": None, "kernel": False,
    }  # fmt: skip
    return write(
        path,
        program(1, "calls", flushes),
        program(2, "late", flushes - 10, 11.0),
        *[StatusChanged(number, at(0.5 + number), "live", "") for number in (1, 2)],
        StatusChanged(2, at(60), "silent", "no heartbeat for 8 s"),
        MarkSet(at(30.2), "user", "here it was"),
        MarkSet(at(70.2), "trigger", "p99(@x) > 5ms"),
        ProcessSeen(1030, at(30), met),
    )


def replay(path: Path) -> ReplaySession:
    """The recording as a session."""
    return ReplaySession(Snapshot(path))
