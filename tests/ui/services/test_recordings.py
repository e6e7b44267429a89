"""What a recording of the dashboard lacks: the header counts it, the end says it, and the exit code tells."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import LOST
from bttop.store.snapshot.snapshot import Snapshot
from tests.test_cli import descendants
from tests.test_record_losses import SLOW
from tests.ui.dashboard import CALLS, Dashboard, beat, counting, dashboard, probe, record

BEAT = beat(CALLS, record(CALLS, "@calls", {"4711,java": 50}))
DEAF = probe(CALLS, [["deaf", -1], ["attach", 1], BEAT])
IMPATIENT = """
from bttop.engine.tracer import channel
channel.longest_stop = lambda grace: grace
import sys
from bttop.cli import main
sys.exit(main())
"""
"""bttop that kills what keeps printing as soon as what does not: after two seconds instead of ten."""


def lost_marks(folder: Path) -> list[str]:
    (path,) = (folder / "snapshots").glob("*.bttop")
    with Snapshot(path) as snapshot:
        return [mark.note for mark in snapshot.marks() if mark.cause == LOST]


def begin(screen: Dashboard) -> None:
    screen.wait_for("1 of 1 live")
    screen.press("r")
    screen.wait_for("recording to ")


def ended(screen: Dashboard) -> tuple[int, str]:
    """The exit code, and everything that was written."""
    return screen.terminal.exit_code(), screen.terminal.everything().decode(errors="replace")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "snapshots").mkdir()
    return tmp_path


def test_what_a_slow_disk_loses_is_counted_in_the_header_and_said_at_the_end(folder: Path) -> None:
    command = [sys.executable, "-c", SLOW.format(seconds=2.0)]
    with dashboard(folder, {"calls": counting()}, 100, 24, command=command) as screen:
        begin(screen)
        screen.wait_for(lambda: re.search(r"● \d+s  \d+ lost  ", screen.lines[0]) is not None)
        screen.wait_for("were not recorded: the disk was too slow")
        screen.press("q")
        code, written = ended(screen)
    assert code == 1
    said = re.findall(r"bttop: recording: (\d+) flushes \(.*were not recorded: the disk was too slow", written)
    assert len(said) == 1
    marked = [re.match(r"([\d,]+) flushes", mark) for mark in lost_marks(folder)]
    assert sum(int(one[1].replace(",", "")) for one in marked if one) == int(said[0]) > 0


def test_a_recording_that_has_ended_says_what_it_lacks_and_the_next_one_begins_with_nothing_lost(folder: Path) -> None:
    with dashboard(folder, {"calls": counting()}, 240, 24) as screen:
        begin(screen)
        kill_bpftrace(screen)
        screen.wait_for("1 lost  ")
        screen.press("r")
        screen.wait_for("recorded ", "1 flush of calls never came")
        screen.press("r")
        screen.wait_for("recording to ", "● ", lambda: " lost  " not in screen.lines[0])
        screen.press("q")
        assert ended(screen)[0] == 1


def kill_bpftrace(screen: Dashboard) -> None:
    os.kill(descendants(screen.terminal.process.pid)[-1], signal.SIGKILL)


def kill_tracer(screen: Dashboard) -> None:
    os.kill(descendants(screen.terminal.process.pid)[0], signal.SIGKILL)


def stop(screen: Dashboard) -> None:
    screen.press("x")


@pytest.mark.parametrize(
    ("script", "cut", "why"),
    [
        (counting(), kill_bpftrace, "bpftrace was killed by SIGKILL"),
        (counting(), kill_tracer, "the tracer was lost: "),
        (DEAF, stop, "bpftrace was killed by SIGKILL"),
    ],
    ids=["bpftrace", "tracer", "deaf"],
)
def test_a_last_flush_that_never_comes_counts_as_lost(
    folder: Path, script: str, cut: Callable[[Dashboard], None], why: str
) -> None:
    with dashboard(folder, {"calls": script}, 100, 24, command=[sys.executable, "-c", IMPATIENT]) as screen:
        begin(screen)
        cut(screen)
        screen.wait_for("1 lost  ", "1 flush of calls never came")
        screen.press("q")
        code, written = ended(screen)
    assert code == 1
    assert "bttop: recording: 1 flush of calls never came: bpftrace ended before it printed" in written
    assert [why in mark for mark in lost_marks(folder)] == [True]


@pytest.mark.parametrize("way", ["q", "SIGTERM"])
def test_what_is_missing_at_the_end_of_the_session_is_said_as_well(folder: Path, way: str) -> None:
    with dashboard(folder, {"calls": DEAF}, 100, 24, command=[sys.executable, "-c", IMPATIENT]) as screen:
        begin(screen)
        if way == "q":
            screen.press("q")
        else:
            screen.terminal.process.send_signal(signal.SIGTERM)
        code, written = ended(screen)
    assert code == 1
    assert "bttop: recording: 1 flush of calls never came" in written
    assert len(lost_marks(folder)) == 1


@pytest.mark.parametrize("keys", [[], ["r", "r"]], ids=["without a recording", "after it"])
def test_what_no_recording_asked_for_is_no_loss(folder: Path, keys: Sequence[str]) -> None:
    with dashboard(folder, {"calls": counting()}, 100, 24) as screen:
        screen.wait_for("1 of 1 live")
        for key, said in zip(keys, ("recording to ", "recorded "), strict=False):
            screen.press(key)
            screen.wait_for(said)
        kill_bpftrace(screen)
        screen.wait_for("killed by SIGKILL")
        screen.press("q")
        code, written = ended(screen)
    assert code == 0
    assert "never came" not in written


def test_a_whole_recording_has_no_mark_of_a_loss(folder: Path) -> None:
    with dashboard(folder, {"calls": counting()}, 100, 24) as screen:
        begin(screen)
        screen.press("q")
        assert ended(screen)[0] == 0
    assert lost_marks(folder) == []
    (path,) = (folder / "snapshots").glob("*.bttop")
    with Snapshot(path) as snapshot:
        assert len(RecordedHistory(snapshot, 1)) > 0
