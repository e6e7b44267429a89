"""`bttop record` on a slow disk and with its file taken away: what is missing is said, and the exit code tells."""

from __future__ import annotations

import itertools
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import LOST
from bttop.store.snapshot.snapshot import Snapshot
from tests.test_cli import GOOD, RUN, Shell

PATIENCE = 60.0
SLOW = f"""
import time
from bttop.engine.recording import recorder_queue
from bttop.store.recording import writer
write = writer.SnapshotWriter.write
def slowly(self, happenings):
    time.sleep({{seconds}})
    write(self, happenings)
writer.SnapshotWriter.write = slowly
put = recorder_queue.RecorderQueue.put
def limited(self, told):
    self.limit = 10_000
    put(self, told)
recorder_queue.RecorderQueue.put = limited
{RUN}
"""


def test_a_slow_disk_is_said_on_standard_error_in_the_file_and_by_the_exit_code(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    done = shell.run("record", "--for", "2s", "-o", "s.bttop", "-e", GOOD, code=SLOW.format(seconds=0.5))
    assert done.returncode == 1
    said = re.findall(
        r"recording: ([\d,]+) flushes \(([\d,]+) lines\).* were not recorded: the disk was too slow", done.stderr
    )
    assert said
    flushes = int(said[-1][0].replace(",", ""))
    with Snapshot(tmp_path / "s.bttop") as snapshot:
        marks = [mark.note for mark in snapshot.marks() if mark.cause == LOST]
        numbers = [flush.number for flush in RecordedHistory(snapshot, 1)]
    marked = [re.match(r"([\d,]+) flushes", mark) for mark in marks]
    assert sum(int(one[1].replace(",", "")) for one in marked if one) == flushes > 0
    # The flushes are numbered in the kernel: what is missing in between is what was left out.
    gaps = sum(later - earlier - 1 for earlier, later in itertools.pairwise(numbers))
    assert 0 < gaps <= flushes
    for command in ("info", "report", "export", "verify"):
        words = {"report": ("-o", "-")}.get(command, ())
        shown = shell.run(command, *words, "s.bttop", code="import sys, bttop.cli; sys.exit(bttop.cli.main())")
        assert "not recorded" in shown.stdout or '"kind": "lost"' in shown.stdout, command


@pytest.mark.parametrize(
    "harm",
    [lambda path: path.unlink(), lambda path: path.rename(path.with_name("t")), lambda path: path.write_text("x")],
    ids=["removed", "renamed", "overwritten"],
)
def test_a_recording_that_is_taken_away_ends_at_once(harm: Callable[[Path], object], tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    path = tmp_path / "s.bttop"
    with subprocess.Popen(
        shell.command("record", "-o", str(path), "-e", GOOD),
        cwd=tmp_path,
        env=shell.environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not (path.exists() and path.stat().st_size) and time.monotonic() < deadline:
                time.sleep(0.05)
            harm(path)
            _, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 1
    assert re.search(r"recording stopped: .*s\.bttop was .* while it was being written", said)
