"""What was stopped and goes on: no program is silent by it, none is restarted, and the gap is said once."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from bttop.store.snapshot.snapshot import Snapshot
from tests.stopping import PROGRAMS, STOPPED, Family, headless, recorded_seconds, runner, wait_until
from tests.ui.dashboard import INTERVAL, counting, dashboard

HEARD_AGAIN = {"bttop": "bttop did not run for", "tracer": "bttop's tracer did not run for", "all": "did not run for"}


AFTERWARDS = 3.0
"""Seconds in which a program that were taken to be silent would be started afresh."""


def newest(lines: list[dict[str, object]]) -> int:
    """The number of the last flush that all programs have."""
    return min((sum(one["program"] == name for one in lines) for name in PROGRAMS), default=0)


@pytest.mark.parametrize("who", HEARD_AGAIN)
def test_a_stream_that_was_stopped_says_so_once_and_restarts_nothing(tmp_path: Path, who: str) -> None:
    with headless(tmp_path, "stream") as stream:
        wait_until(lambda: newest(stream.lines()) > 3, "the first flushes")
        family = Family(stream.process.pid)
        family.stop(who)
        wait_until(lambda: HEARD_AGAIN[who] in stream.said(), f"the gap is said: {stream.said()}")
        seen = newest(stream.lines())
        wait_until(lambda: newest(stream.lines()) > seen + AFTERWARDS / INTERVAL, "flushes after the gap")
        assert family.traced() == family.programs
        stream.process.send_signal(signal.SIGINT)
        assert stream.process.wait(20) == 0
        assert stream.said().count("did not run for") == 1, stream.said()
        assert "no heartbeat" not in stream.said()


@pytest.mark.parametrize("who", HEARD_AGAIN)
def test_a_recording_has_one_mark_for_the_gap_and_no_silence(tmp_path: Path, who: str) -> None:
    path = tmp_path / "out.bttop"
    with headless(tmp_path, "record", "-o", str(path)) as record:
        wait_until(lambda: recorded_seconds(path) > 1, "the first flushes")
        family = Family(record.process.pid)
        family.stop(who)
        wait_until(lambda: HEARD_AGAIN[who] in record.said(), f"the gap is said: {record.said()}")
        seen = recorded_seconds(path)
        wait_until(lambda: recorded_seconds(path) > seen + AFTERWARDS, "flushes after the gap")
        assert family.traced() == family.programs
        record.process.send_signal(signal.SIGINT)
        assert record.process.wait(20) == 0
    assert not (tmp_path / "snapshots").exists()
    with Snapshot(path) as snapshot:
        assert [mark.cause for mark in snapshot.marks()] == ["stopped"]
        assert snapshot.integrity() == ()
        states = {one.state for program in snapshot.programs for one in snapshot.states(program.id)}
        assert states <= {"starting", "attached", "live", "ended", "stopped", "stopping"}
        assert len(snapshot.generations) == len(PROGRAMS)


def test_what_was_printed_while_bttop_was_stopped_is_recorded(tmp_path: Path) -> None:
    with headless(tmp_path, "stream") as stream:
        wait_until(lambda: newest(stream.lines()) > 3, "the first flushes")
        Family(stream.process.pid).stop("bttop")
        wait_until(lambda: "did not run for" in stream.said(), "the gap is said")
        stream.process.send_signal(signal.SIGINT)
        stream.process.wait(20)
        for name in PROGRAMS:
            numbers = [one["flush"] for one in stream.lines() if one["program"] == name]
            assert numbers == list(range(1, len(numbers) + 1))


def test_a_bpftrace_that_is_stopped_alone_is_silent_and_started_afresh(tmp_path: Path) -> None:
    with headless(tmp_path, "stream") as stream:
        wait_until(lambda: newest(stream.lines()) > 3, "the first flushes")
        family = Family(stream.process.pid)
        family.stop("bpftrace")
        wait_until(lambda: stream.said().count("no heartbeat for") == len(PROGRAMS), "both are silent")
        wait_until(lambda: not set(family.traced()) & set(family.programs), "both are started afresh")
        assert "did not run" not in stream.said()


def test_a_tracer_that_stays_stopped_is_said_with_the_command_that_lets_it_go_on(tmp_path: Path) -> None:
    with headless(tmp_path, "stream") as stream:
        wait_until(lambda: newest(stream.lines()) > 3, "the first flushes")
        family = Family(stream.process.pid)
        family.stop("tracer")
        wait_until(lambda: f"kill -CONT {family.tracer} " in stream.said(), "it is said")


@pytest.mark.parametrize("command", ["stream", "record"])
def test_a_duration_does_not_count_the_gap(tmp_path: Path, command: str) -> None:
    with headless(tmp_path, command, "--for", "4s") as run:
        wait_until(lambda: run.said() or run.lines(), "the run has begun: what stops before it is no gap")
        family = Family(run.process.pid)
        began = time.monotonic()
        family.stop("all")
        assert run.process.poll() is None
        assert run.process.wait(40) == 0
        assert time.monotonic() - began > STOPPED + 1
        assert "did not run for" in run.said()


def test_the_dashboard_says_the_gap_and_records_nothing_by_itself(tmp_path: Path) -> None:
    probes = dict.fromkeys(PROGRAMS, counting())
    with dashboard(tmp_path, probes, command=runner(tmp_path), columns=120) as shown:
        shown.wait_for("2 of 2 live", "18421 java")
        family = Family(shown.terminal.process.pid)
        family.stop("all")
        shown.wait_for("did not run for", "2 of 2 live")
        assert family.traced() == family.programs
        shown.press("q")
        assert shown.terminal.exit_code() == 0
    assert not (tmp_path / "snapshots").exists()
    assert not list(tmp_path.rglob("*.bttop"))
