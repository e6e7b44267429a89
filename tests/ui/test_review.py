"""`bttop review` and `bttop demo` in a terminal: the same dashboard, without root, bpftrace or a tracer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from bttop.store.snapshot.recording_events import MarkSet
from bttop.ui.terminal.background import QUERY
from tests.store.made import FACTS, at, made
from tests.store.made import Session as RecordedSession
from tests.terminal import Terminal
from tests.ui.dashboard import SOURCES, Dashboard
from tests.ui.recorded import COUNTS, TEXT, minutes


@contextmanager
def running(
    folder: Path,
    *arguments: str,
    columns: int = 120,
    rows: int = 24,
    answers: Mapping[bytes, bytes] | None = None,
) -> Iterator[Dashboard]:
    """`bttop` with these arguments, and nothing on the path that could trace."""
    env = {"PYTHONPATH": SOURCES, "XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    command = ["env", f"PATH={folder}", sys.executable, "-m", "bttop", *arguments]
    with Terminal(command, columns, rows, env, answers=answers) as terminal:
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


def key_colours(shown: Dashboard) -> set[str]:
    """The colours of the keys in the footer."""
    row = shown.terminal.screen.buffer[23]
    return {row[column].fg for column in range(120) if row[column].bold}


NIGHT_KEYS, DAY_KEYS = {"87afff"}, {"005faf"}
"""Colours 111 and 25 of the palette."""
LIGHT = b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\"


@pytest.mark.parametrize(
    ("answer", "options", "colours"),
    [
        (LIGHT, (), DAY_KEYS),
        (LIGHT.replace(b"ffff", b"0000"), (), NIGHT_KEYS),
        (LIGHT, ("--theme", "night"), NIGHT_KEYS),
        (b"", (), NIGHT_KEYS),
    ],
    ids=["light", "dark", "chosen", "silent"],
)
def test_the_theme_is_that_of_the_background(
    recording: Path, tmp_path: Path, answer: bytes, options: tuple[str, ...], colours: set[str]
) -> None:
    arguments = ("review", str(recording), "--at", "-50s", *options)
    with running(tmp_path, *arguments, answers={QUERY.encode(): answer}) as shown:
        shown.wait_for("calls-50 ", lambda: key_colours(shown) == colours)
        assert (QUERY.encode() in shown.terminal.raw) == (not options)


def test_an_answer_after_the_time_for_it_is_not_typed(paused: Dashboard) -> None:
    paused.press("g")
    paused.wait_for("go to 03:11")
    for piece in (b"-2", LIGHT[:9], LIGHT[9:], b"5s\r"):
        paused.terminal.send(piece)
    paused.wait_for("calls-25 ", "late-15 ")


def test_the_keys_of_time_are_those_of_the_dashboard(paused: Dashboard) -> None:
    for key, flush in (("[", 49), ("{", 39), ("]", 40), ("}", 50), ("(", 1)):
        paused.press(key)
        paused.wait_for(f"calls-{flush} ")
    paused.press(")")
    paused.wait_for("calls-100 ", "the recording ends here")
    paused.press("g", "-25s", "Enter")
    paused.wait_for("calls-75 ", "late-65 ")
    paused.press("Esc")
    paused.wait_for("calls-75 ")


def test_marks_of_the_recording_are_found_and_shown(paused: Dashboard) -> None:
    paused.press(",")
    paused.wait_for("⚑ here it was", "calls-30 ")
    paused.press(".")
    paused.wait_for("⚑ p99(@x) > 5ms (trigger)", "calls-70 ")
    paused.press(".")
    paused.wait_for("no mark after this moment")
    assert "m sets one" not in paused.text


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
    paused.press("B")
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


def test_a_baseline_from_another_host_is_said(tmp_path: Path) -> None:
    steady = [{"@calls": ("map", {"1,java": 10})}] * 30
    files = [
        made(
            tmp_path / f"{host}.bttop", RecordedSession("calls", COUNTS, steady, TEXT), facts=replace(FACTS, name=host)
        )
        for host in ("here", "there")
    ]
    with running(tmp_path, "review", str(files[0]), "--at", "-5s", "--baseline", f"{files[1]}@..+20s") as shown:
        shown.wait_for("vs there 13:", "baseline: a recording of another host, there", "Δ")
        shown.press("C")
        shown.wait_for("the baseline is from another host: there, not here", "Nothing changed beyond chance.")
        shown.press("Esc")
        shown.wait_until_gone("Nothing changed")


def test_what_changed_is_told_between_two_moments_of_a_review(tmp_path: Path) -> None:
    prints = [{"@calls": ("map", {"1,java": 990 if second > 30 else 99})} for second in range(1, 61)]
    marked = MarkSet(at(30.2), "user", "it begins")
    file = made(tmp_path / "s.bttop", RecordedSession("calls", COUNTS, prints, TEXT), others=[marked])
    with running(tmp_path, "review", str(file), "--at", "+45s", columns=80) as shown:
        shown.wait_for("15s before the end", "java")
        shown.press("b")
        shown.wait_for("1  the minute up to mark 13:07:42", "it begins")
        shown.press("1")
        shown.wait_for("vs 13:07:42", "x10")
        shown.press("C")
        shown.wait_for("1 calls by java: 10 times as many (99/s → 990/s)", "1 rows compared, 0 of them within chance")
        shown.press("-")
        shown.wait_for("the last 5s")
        shown.press("Enter")
        shown.wait_for("━1 calls", "x10")
        shown.press("y")
        shown.wait_for("written to", "Against the baseline: by java: 10")


def test_a_baseline_that_cannot_be_read_is_an_error_before_the_screen(recording: Path, tmp_path: Path) -> None:
    with running(tmp_path, "review", str(recording), "--baseline", "nowhere") as shown:
        shown.wait_for("not a snapshot: nowhere")


def test_a_span_is_shown_by_all_panes_until_escape(recording: Path, tmp_path: Path) -> None:
    with running(tmp_path, "review", str(recording), "--at", "+20s..+30s") as shown:
        shown.wait_for("10 flushes, 10s", "calls-30 ", "late-20 ", "10s ")
        shown.press("[")
        shown.wait_for("calls-29 ", "late-19 ")
        shown.press("Esc")
        shown.wait_for("calls-30 ", "70s before the end")


def test_a_span_outside_the_recording_is_refused(recording: Path, tmp_path: Path) -> None:
    with running(tmp_path, "review", str(recording), "--at", "-1s..-5s") as shown:
        shown.wait_for("is empty")
