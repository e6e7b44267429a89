"""`bttop review` and `bttop demo` in a terminal: the same dashboard, without root, bpftrace or a tracer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.terminal import Terminal
from tests.ui.dashboard import SOURCES, Dashboard
from tests.ui.recorded import minutes


@contextmanager
def running(folder: Path, *arguments: str, columns: int = 120, rows: int = 24) -> Iterator[Dashboard]:
    """`bttop` with these arguments, and nothing on the path that could trace."""
    env = {"PYTHONPATH": SOURCES, "XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    with Terminal(["env", f"PATH={folder}", sys.executable, "-m", "bttop", *arguments], columns, rows, env) as terminal:
        yield Dashboard(terminal)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return minutes(tmp_path / "s.bttop")


@pytest.fixture
def paused(recording: Path, tmp_path: Path) -> Iterator[Dashboard]:
    """Standing at 50 s of 100."""
    with running(tmp_path, "review", str(recording), "--at", "-50s") as shown:
        shown.wait_for("50s before the end", "calls-50 ", "late-40 ")
        yield shown


def test_a_review_without_a_time_plays_from_the_beginning(recording: Path, tmp_path: Path) -> None:
    with running(tmp_path, "review", str(recording)) as shown:
        shown.wait_for("demo-host", "bpftrace 0.17", "1 calls", "2 late", "nothing yet; first flush", "▶ 1x")
        shown.wait_for("calls-3 ")
        shown.press("+", "+", "+", "+", "+")
        shown.wait_for("the recording ends here", "calls-100 ", "late-90 ", "the end ‖ 60x")


def test_the_keys_of_time_are_those_of_the_dashboard(paused: Dashboard) -> None:
    for key, flush in (("[", 49), ("{", 39), ("]", 40), ("}", 50), ("Home", 1)):
        paused.press(key)
        paused.wait_for(f"calls-{flush} ")
    paused.press("End")
    paused.wait_for("calls-100 ", "the recording ends here")
    paused.press("g", "-25s", "Enter")
    paused.wait_for("calls-75 ", "late-65 ")
    paused.press("Esc")
    paused.wait_for("calls-75 ")


def test_marks_of_the_recording_are_found_and_shown(paused: Dashboard) -> None:
    paused.press(",")
    paused.wait_for("mark 1 of 2: here it was", "⚑ here it was", "calls-30 ")
    paused.press(".")
    paused.wait_for("mark 2 of 2: p99(@x) > 5ms (trigger)", "calls-70 ")
    paused.press(".")
    paused.wait_for("no mark after this moment")


def test_states_of_then_are_shown(paused: Dashboard) -> None:
    assert "silent" not in paused.text
    paused.press("g", "+20s", "Enter")
    paused.wait_for("no heartbeat for 8 s", "1 of 2 live", lambda: "silent" in paused.line("2 late"))


def test_a_row_says_who_its_process_was_and_what_was_run(paused: Dashboard) -> None:
    paused.press(",")
    paused.wait_for("calls-30 ")
    paused.press("Enter")
    paused.wait_for("/usr/bin/java -jar pay.jar", "pay.service", "init 1", "calls.bt, start 1", "profile:hz:99")
    paused.press("Esc")
    paused.wait_for("1 calls")
    paused.press("b")
    paused.wait_for("calls: state", "calls.bt, start 1", "profile:hz:99")


@pytest.mark.parametrize("key", ["x", "X", "p", "P", "u", "L", "e", ":", "a", "o", "O"])
def test_what_would_trace_says_that_this_is_a_recording(paused: Dashboard, key: str) -> None:
    paused.press(key)
    paused.wait_for("this is a recording: nothing can be traced here", "calls-50 ")


def test_what_needs_no_tracing_works(paused: Dashboard) -> None:
    for key, told in (("m", "this is a recording: no mark can be added"), ("r", "this is already a recording")):
        paused.press(key)
        paused.wait_for(told)
    paused.press("z")
    paused.wait_for(lambda: "2 late" not in paused.text)
    paused.press("/", "nobody", "Enter")
    paused.wait_for("no row contains")
    paused.press("Esc", "Esc", "s", "S", "v", "c", "t", "?")
    paused.wait_for("bttop: keys", "Time", "One flush back")
    paused.press("Esc")
    paused.wait_for("1 calls")
    paused.press("w")
    paused.wait_for("save to")
    paused.press("Enter")
    paused.wait_for("saved; `bttop calls` runs it")
    paused.press("q")
    assert paused.terminal.exit_code() == 0


def test_nothing_is_started_and_nothing_written_by_a_review(recording: Path, tmp_path: Path) -> None:
    before = recording.read_bytes()
    with running(tmp_path, "review", str(recording), "--at", "-50s") as shown:
        shown.wait_for("calls-50 ")
        pid = shown.terminal.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        assert children == ""
    assert recording.read_bytes() == before
    assert not list(tmp_path.glob("s.bttop-*"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["review"], 2, "required: FILE"),
        (["review", "nowhere.bttop"], 1, "No such file"),
        (["review", "{}", "--at", "whenever"], 2, "is not a time"),
        (["review", "{}", "--theme", "none"], 2, "there is no theme"),
        (["demo", "none"], None, "demo"),
    ],
)
def test_what_cannot_be_reviewed_is_said(
    recording: Path, tmp_path: Path, arguments: list[str], code: int | None, said: str
) -> None:
    with running(tmp_path, *[one.format(recording) for one in arguments]) as shown:
        shown.wait_for(said)
        found = shown.terminal.exit_code()
        assert found == code if code is not None else found in (1, 2)


def test_without_a_terminal_the_export_is_named(recording: Path) -> None:
    command = [sys.executable, "-m", "bttop", "review", str(recording)]
    env = {**os.environ, "PYTHONPATH": SOURCES}
    found = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert f"bttop export {recording}" in found.stderr
