"""What a recording takes on the disk while it goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bttop.model.plan import Plan
from bttop.model.record.records import StampedLine
from bttop.store.recording.lookback_buffer import LookbackBuffer
from bttop.store.recording.snapshot_files import claim
from bttop.store.recording.writer import LOG_BYTES, CannotRecord, SnapshotWriter
from bttop.store.snapshot.facts import RecordedHost
from bttop.store.snapshot.recording_events import (
    CostSampled,
    FlushCompleted,
    GenerationStarted,
    HostKnown,
    LineReceived,
    ProgramAdded,
    StatusChanged,
)
from bttop.store.snapshot.snapshot import Snapshot
from tests.store.export.kit import CALLS, CALLS_PRINTS
from tests.store.made import FACTS, SESSION, Session, at, made, small_blocks, tell

LONG = 20_000
"""Bytes of a line."""


class Recording:
    """A file that a program's lines go into."""

    def __init__(self, path: Path, lookback_buffer: LookbackBuffer, max_bytes: int = 0) -> None:
        self.path = path
        self.lookback_buffer = lookback_buffer
        claim(path, replace=True)
        self.writer = SnapshotWriter(path, SESSION, max_bytes=max_bytes)
        tell(
            [
                HostKnown(RecordedHost(1, FACTS)),
                ProgramAdded(1, "p"),
                GenerationStarted(1, 1, 1, "p.bt", "", "", (), Plan(), "", (), at(0)),
            ],
            self.writer,
            lookback_buffer,
        )

    @property
    def log(self) -> int:
        return self.path.with_name(f"{self.path.name}-wal").stat().st_size

    def flush(self, second: int, data: bytes) -> None:
        stamp = at(second)
        line = LineReceived(StampedLine(1, "stdout", stamp, data), hexadecimal=False)
        tell([line, FlushCompleted(1, stamp, stamp)], self.writer, self.lookback_buffer)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "s.bttop"


def test_the_log_stays_small_while_no_block_is_full(path: Path) -> None:
    recording = Recording(path, LookbackBuffer())
    largest = 0
    for second in range(4 * LOG_BYTES // LONG):
        recording.flush(second, b"%d" % second * LONG)
        largest = max(largest, recording.log)
    assert LOG_BYTES < largest < 20 * LOG_BYTES
    assert path.stat().st_size > LOG_BYTES
    recording.writer.close()


def test_lines_that_are_in_no_block_yet_push_no_block_out(path: Path) -> None:
    recording = Recording(path, small_blocks(), max_bytes=120_000)
    for second in range(120):
        recording.flush(second, b"short")
    for second in range(120, 170):
        recording.flush(second, b"x" * LONG)
    for second in range(3000, 3000 + 2 * LOG_BYTES // LONG):
        recording.writer.write([LineReceived(StampedLine(1, "stdout", at(second), b"y" * LONG), hexadecimal=False)])
    recording.writer.close()
    with Snapshot(path) as snapshot:
        assert [block.first_flush for block in snapshot.blocks()][:1] == [0]


def test_a_file_is_empty_until_it_is_a_snapshot(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[str, int]] = []

    class Watched(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            found = super().execute(statement, *values)
            sizes.append((statement, path.stat().st_size))
            return found

    monkeypatch.setattr("bttop.store.snapshot.tables.schema.sqlite3.connect", partial(sqlite3.connect, factory=Watched))
    claim(path, replace=True)
    SnapshotWriter(path, SESSION).write([HostKnown(RecordedHost(1, FACTS))])
    made = [statement for statement, _ in sizes].index("COMMIT")
    assert {size for _, size in sizes[:made]} == {0}
    with Snapshot(path) as snapshot:
        assert snapshot.session == SESSION
        assert snapshot.hosts == (RecordedHost(1, FACTS),)


def test_a_file_that_is_overwritten_before_the_recording_begins_is_reported_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "s.bttop"
    claim(path, replace=True)
    path.write_text("notes of somebody else")
    with pytest.raises(CannotRecord, match=r"s\.bttop was overwritten while it was being written"):
        SnapshotWriter(path, SESSION)
    assert path.read_text() == "notes of somebody else"


def test_a_failed_step_names_the_cause_if_the_file_was_overwritten_meanwhile(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "s.bttop", LookbackBuffer())

    def overwrite() -> None:
        recording.path.write_text("x")
        raise sqlite3.DatabaseError("file is not a database")

    with pytest.raises(CannotRecord, match="was overwritten while it was being written"):
        recording.writer._transaction(overwrite)


def test_what_no_host_can_have_is_unknown_and_stops_no_recording(path: Path) -> None:
    made(
        path,
        Session("calls", CALLS, CALLS_PRINTS),
        others=[CostSampled(1, at(1), {"run": 1e30, "events": 5.0}), StatusChanged(1, at(1), "live", "half \ud800")],
    )
    with Snapshot(path) as snapshot:
        assert [one.cost for one in snapshot.costs(1, 1)] == [{"events": 5.0}]
        assert snapshot.states(1)[-1].reason == "half \ufffd"
        assert not snapshot.problems
