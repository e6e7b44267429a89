"""A disk that is slower than the programs: memory stays bounded, and lost and kept flushes add up to all that were."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bttop.engine.recording.recorder import Recorder
from bttop.engine.recording.recorder_queue import RecorderQueue
from bttop.store.recording import writer as writing
from bttop.store.recording.snapshot_files import claim
from bttop.store.recording.writer import SnapshotWriter
from bttop.store.snapshot.check_up import checkup
from bttop.store.snapshot.recording_events import LOST, FlushCompleted, LineReceived, RecordingEvent
from bttop.store.snapshot.snapshot import Snapshot
from tests.engine.recording.test_recorder import flushes
from tests.store.made import SESSION
from tests.store.snapshot.test_recorded_history import banked

LIMIT = 20_000


class Disk:
    """A disk that takes what it is allowed to."""

    def __init__(self) -> None:
        self.may_write = threading.Event()
        self.is_asked = threading.Event()

    def hold(self, step: Callable[[SnapshotWriter, Sequence[RecordingEvent]], None]) -> object:
        def write(writer: SnapshotWriter, events: Sequence[RecordingEvent]) -> None:
            self.is_asked.set()
            assert self.may_write.wait(60)
            step(writer, events)

        return write


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(writing.SnapshotWriter, "write", disk.hold(SnapshotWriter.write))
    return disk


def test_what_a_stuck_disk_loses_is_counted_and_stands_in_the_recording(tmp_path: Path, disk: Disk) -> None:
    path = tmp_path / "s.bttop"
    claim(path, replace=False)
    recorder = Recorder(SESSION, "demo-host", queue=RecorderQueue(limit=LIMIT))
    recorder.start(path)
    told = list(banked(1000).events())
    most = 0
    for at, one in enumerate(told):
        recorder.tell(one)
        if at == 3:
            assert disk.is_asked.wait(20)
        most = max(most, recorder.queue.waiting_bytes)
    disk.may_write.set()
    assert recorder.close(20)
    made = sum(isinstance(one, FlushCompleted) for one in told)
    assert most < 2 * LIMIT
    assert recorder.queue.flushes > made / 2
    assert flushes(path) + recorder.queue.flushes == made
    assert f"{recorder.queue.flushes:,} flushes" in recorder.losses.by_disk
    with Snapshot(path) as snapshot:
        marks = [mark.note for mark in snapshot.marks() if mark.cause == LOST]
    assert marks == [
        f"{recorder.queue.flushes:,} flushes of p ({recorder.queue.lines:,} lines) were not recorded: "
        "the disk was too slow"
    ]


def test_a_disk_that_is_slow_again_and_again_loses_whole_flushes_only(tmp_path: Path, disk: Disk) -> None:
    path = tmp_path / "s.bttop"
    claim(path, replace=False)
    recorder = Recorder(SESSION, "demo-host", queue=RecorderQueue(limit=LIMIT))
    recorder.start(path)
    told = list(banked(1000).events())
    disk.may_write.set()
    for at, one in enumerate(told):
        if at % 500 == 250:
            disk.may_write.clear()
        if at % 500 == 0:
            disk.may_write.set()
            assert recorder.wait(20)
        recorder.tell(one)
    disk.may_write.set()
    assert recorder.close(20)
    assert 0 < recorder.queue.flushes < 1000
    assert flushes(path) + recorder.queue.flushes == sum(isinstance(one, FlushCompleted) for one in told)
    lines = sum(isinstance(one, LineReceived) for one in told)
    with Snapshot(path) as snapshot:
        kept = checkup(snapshot)
        assert len([mark for mark in snapshot.marks() if mark.cause == LOST]) > 1
    assert not kept.faults
    assert kept.lines + recorder.queue.lines == lines


def test_patience_begins_anew_with_whatever_a_disk_takes(tmp_path: Path, disk: Disk) -> None:
    path = tmp_path / "s.bttop"
    claim(path, replace=False)
    recorder = Recorder(SESSION, "demo-host")
    recorder.start(path)
    for one in banked(5).events():
        recorder.tell(one)
    assert disk.is_asked.wait(20)
    assert not recorder.wait(0.1)
    assert not recorder.wait(60, lambda: True)
    disk.may_write.set()
    assert recorder.close(20)
    assert flushes(path) == 5


def removed(path: Path) -> None:
    path.unlink()


def renamed(path: Path) -> None:
    path.rename(path.with_name("other"))


def replaced(path: Path) -> None:
    claim(path, replace=True)


def overwritten(path: Path) -> None:
    path.write_bytes(b"something else")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (removed, "was removed or renamed"),
        (renamed, "was removed or renamed"),
        (replaced, "was replaced by another file"),
        (overwritten, "was overwritten"),
    ],
)
@pytest.mark.parametrize("is_idle", [True, False])
def test_a_recording_whose_file_is_not_its_own_any_more_fails_at_once(
    harm: Callable[[Path], None], said: str, is_idle: bool, tmp_path: Path
) -> None:
    path = tmp_path / "s.bttop"
    claim(path, replace=False)
    recorder = Recorder(SESSION, "demo-host")
    recorder.start(path)
    told = list(banked(50).events())
    for one in told[:60]:
        recorder.tell(one)
    assert recorder.wait(20)
    harm(path)
    if not is_idle:
        for one in told[60:]:
            recorder.tell(one)
    for _ in range(400):
        if path in recorder.failed:
            break
        threading.Event().wait(0.05)
    recorder.close(20)
    assert said in recorder.failed[path]


def test_a_second_recording_of_the_same_name_keeps_its_log_when_the_first_one_ends(tmp_path: Path) -> None:
    path = tmp_path / "s.bttop"
    told = list(banked(50).events())
    recorders = []
    for _ in range(2):
        claim(path, replace=True)
        recorders.append(Recorder(SESSION, "demo-host"))
        recorders[-1].start(path)
        for one in told:
            recorders[-1].tell(one)
        assert recorders[-1].wait(20)
    first, second = recorders
    first.close(20)
    assert path.with_name("s.bttop-wal").exists()
    assert flushes(path) == 50
    second.close(20)
    assert path in first.failed
    assert not second.failed
    assert flushes(path) == 50


@pytest.mark.parametrize("urgent", [None, threading.Event().set])
def test_entries_gather_until_an_order_or_the_end_waits(urgent: Callable[[], None] | None) -> None:
    queue, event = RecorderQueue(), banked(2).events()
    queue.put(next(iter(event)))
    assert not queue.gather(0)
    queue.put(urgent)
    assert queue.gather(60)
    queue.done([urgent])
    assert not queue.gather(0)


def test_entries_do_not_gather_above_a_part_of_the_limit() -> None:
    queue = RecorderQueue(limit=LIMIT)
    told = [one for one in banked(1000).events() if isinstance(one, LineReceived)]
    taken: list[RecordingEvent] = []
    while not queue.gather(0):
        taken.append(told[len(taken)])
        queue.put(taken[-1])
    assert queue.waiting_bytes < LIMIT / 4
    queue.done(list(taken))
    assert not queue.gather(0)
