"""Recordings of the real bpftrace as a report, and compared: what dd did is what they say."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.opening import CannotReview
from tests.real import load, tracing

pytestmark = pytest.mark.real

PATIENCE = 60.0
CALLS = 1_500_000


def bttop(*arguments: str) -> str:
    """What a command of bttop says."""
    done = subprocess.run(
        [sys.executable, "-m", "bttop", *arguments], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return done.stdout


def flushes(file: Path) -> int:
    """How many flushes of the first program are in a recording that goes on."""
    with contextlib.suppress(CannotReview), Snapshot(file) as snapshot:
        return len(RecordedHistory(snapshot, 1)) if snapshot.programs else 0
    return 0  # it is being made


def test_a_recorded_load_is_in_the_report_and_leads_the_comparison(bpftrace: str, tmp_path: Path) -> None:
    file, page = tmp_path / "s.bttop", tmp_path / "r.html"
    record = [sys.executable, "-m", "bttop", "record", "syscalls", "--bpftrace", bpftrace, "-i", "0.2", "-o", str(file)]
    # Whatever else this host does must not blow the fuse.
    record += ["--budget", "100"]
    # Pinned, since whatever else this host does would be in the comparison too.
    with (
        load.copy(CALLS, 1) as copy,
        subprocess.Popen([*record, "-p", str(copy.pid)], stderr=subprocess.DEVNULL) as recorder,
    ):
        try:
            tracing.wait_until(lambda: flushes(file) >= 20, PATIENCE, "twenty flushes without the load")
            with Snapshot(file) as snapshot:
                span = extent(snapshot)
                assert span is not None
                quiet = datetime.fromtimestamp(span[1].wall_ns / 1e9, UTC).isoformat()
            copy.run()
            seen = flushes(file)
            tracing.wait_until(lambda: flushes(file) >= seen + 3, PATIENCE, "three flushes after the load")
        finally:
            recorder.terminate()
    bttop("report", str(file), "-o", str(page))
    text = page.read_text()
    assert f"{CALLS:,}" in text, "every write of dd is in the totals"
    assert ">dd<" in text
    bttop("report", str(file), "-o", str(page), "--redact", "--overwrite")
    assert ">dd<" not in page.read_text()
    found = json.loads(bttop("diff", f"{file}@..{quiet}", f"@{quiet}..", "--json"))
    leading = found["maps"][0]["changes"][:2]
    assert {tuple(one["key"][1:]) for one in leading} == {("dd", "read"), ("dd", "write")}
    assert [(one["key"][0], one["new"]) for one in leading] == [(str(copy.pid), True)] * 2
