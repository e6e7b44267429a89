from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from bttop.engine.recording.recorder import Recorder
from bttop.engine.recording.recording import Limits, Recording
from bttop.store.recording.snapshot_files import claim
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import CaveatsChanged, GenerationStarted, LineReceived, RecordingEvent
from bttop.store.snapshot.snapshot import Snapshot
from tests.store.made import SESSION
from tests.store.snapshot.test_recorded_history import banked


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder(SESSION, "demo-host")
    yield made
    made.close()


def tell(recorder: Recorder, events: list[RecordingEvent]) -> None:
    """What the engine would tell, without one."""
    for one in events:
        recorder.tell(one)
    assert recorder.wait(20)


def flushes(path: Path) -> int:
    with Snapshot(path) as snapshot:
        assert not snapshot.problems
        return sum(1 for program in snapshot.programs for _ in RecordedHistory(snapshot, program.id))


def test_a_recording_includes_what_was_before_it_and_is_one_file_at_the_end(recorder: Recorder, tmp_path: Path) -> None:
    told = list(banked(300).events())
    tell(recorder, told[:450])
    path = tmp_path / "s.bttop"
    claim(path, replace=False)
    recorder.start(path)
    recorder.mark("here it was")
    tell(recorder, told[450:])
    assert recorder.recording is not None
    assert recorder.recording.size > 0
    recorder.stop()
    assert recorder.wait(20)
    ended: Recording | None = recorder.recording
    assert ended is None
    assert [one.name for one in tmp_path.iterdir()] == ["s.bttop"]
    assert flushes(path) == 300
    with Snapshot(path) as snapshot:
        assert [(mark.cause, mark.note) for mark in snapshot.marks()] == [("user", "here it was")]


def test_every_line_is_in_the_file_before_its_block_is_sealed(recorder: Recorder, tmp_path: Path) -> None:
    path = tmp_path / "s.bttop"
    claim(path, replace=False)
    recorder.start(path)
    told = list(banked(10).events())
    tell(recorder, told)
    reader = sqlite3.connect(path)
    (count,) = reader.execute("SELECT count(*) FROM line").fetchone()
    assert count == sum(isinstance(one, LineReceived) for one in told)
    reader.close()
    assert flushes(path) == 10


def test_a_second_recording_after_the_first_is_whole_too(recorder: Recorder, tmp_path: Path) -> None:
    told = list(banked(300).events())
    for name, part in (("a", told[:100]), ("b", told[100:])):
        claim(tmp_path / name, replace=False)
        recorder.start(tmp_path / name)
        tell(recorder, part)
        recorder.stop()
    assert recorder.wait(20)
    assert flushes(tmp_path / "b") == 300


def test_a_file_that_cannot_be_made_is_said_and_nothing_else_stops(recorder: Recorder, tmp_path: Path) -> None:
    recorder.start(tmp_path / "no" / "s.bttop")
    tell(recorder, list(banked(5).events()))
    assert recorder.recording is not None
    assert "no/s.bttop" in recorder.recording.failure
    claim(tmp_path / "s.bttop", replace=False)
    recorder.start(tmp_path / "s.bttop")
    recorder.stop()
    assert recorder.wait(20)
    assert flushes(tmp_path / "s.bttop") == 5


FULL = """
import resource, signal, sys
from pathlib import Path
from bttop.engine.recording.recorder import Recorder
from bttop.store.recording.snapshot_files import claim
from tests.store.made import SESSION
from tests.store.snapshot.test_recorded_history import banked
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
path = Path(sys.argv[1])
claim(path, replace=False)
recorder = Recorder(SESSION, "demo-host")
recorder.start(path)
for one in banked(4000).events():
    recorder.tell(one)
assert recorder.wait(60)
assert recorder.recording is not None and recorder.recording.failure, recorder.recording
assert len(recorder._lookback_buffer.blocks) > 5
recorder.close()
print(recorder.recording.failure)
"""


def test_a_full_disk_ends_the_recording_with_a_reason_and_the_file_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "s.bttop"
    done = subprocess.run(
        [sys.executable, "-c", FULL, path], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert "s.bttop" in done.stdout
    assert 0 < flushes(path) < 4000


CRASH = textwrap.dedent("""
    import os, sys, time
    from pathlib import Path
    from bttop.engine.recording.recorder import Recorder
    from bttop.store.snapshot.recording_events import FlushCompleted
    from bttop.store.recording.snapshot_files import claim
    from tests.store.made import SESSION
    from tests.store.snapshot.test_recorded_history import banked
    path = Path(sys.argv[1])
    claim(path, replace=False)
    recorder = Recorder(SESSION, "demo-host")
    recorder.start(path)
    for one in banked(100_000).events():
        recorder.tell(one)
        if isinstance(one, FlushCompleted):
            assert recorder.wait(20)
            os.write(1, b".")
""")


@pytest.mark.parametrize("dots", [1, 2, 29, 30, 31, 250])
def test_kill_9_at_any_moment_loses_no_flush_that_was_kept(tmp_path: Path, dots: int) -> None:
    path = tmp_path / "s.bttop"
    with subprocess.Popen(
        [sys.executable, "-c", CRASH, path], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    ) as process:
        assert process.stdout is not None
        seen = len(process.stdout.read(dots))
        process.kill()
        seen += len(process.stdout.read())
    assert process.returncode == -signal.SIGKILL
    assert seen <= flushes(path) <= seen + 1


def test_limits_let_the_oldest_go_first(recorder: Recorder, tmp_path: Path) -> None:
    path = tmp_path / "s.bttop"
    claim(path, replace=False)
    recorder.start(path, Limits(max_bytes=100_000))
    tell(recorder, list(banked(9_000).events()))
    recorder.stop()
    assert recorder.wait(20)
    assert path.stat().st_size < 250_000
    with Snapshot(path) as snapshot:
        history = RecordedHistory(snapshot, 1)
        assert history.dropped > 0
        assert history.appended == 9_000
        assert len(list(history)) == len(history)


def test_the_file_is_for_its_owner_alone(recorder: Recorder, tmp_path: Path) -> None:
    path = tmp_path / "s.bttop"
    claim(path, replace=False)
    recorder.start(path)
    tell(recorder, list(banked(1).events()))
    assert {one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("before", [True, False])
def test_a_badge_that_shows_after_the_start_is_recorded(recorder: Recorder, tmp_path: Path, before: bool) -> None:
    told = list(banked(9).events())
    (begun,) = (one for one in told if isinstance(one, GenerationStarted))
    badge = CaveatsChanged(begun.generation, (("not attached: kprobe:f", "no such function"),))
    tell(recorder, [*told, badge] if before else told)
    path = tmp_path / "s.bttop"
    claim(path, replace=False)
    recorder.start(path)
    tell(recorder, [] if before else [badge])
    recorder.stop()
    assert recorder.wait(20)
    with Snapshot(path) as snapshot:
        assert [one.badges for one in snapshot.generations.values()] == [badge.badges]
