"""The flushes of a whole run, its last one included, add up to every event that the program has seen.

The truth is kept by the program itself: each CPU counts its events in an entry of its own, which no other CPU changes,
and END prints that when every probe is detached. So the load may go on while the run ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.real import load
from tests.ui.dashboard import dashboard

pytestmark = pytest.mark.real

PATIENCE = 60.0
COMM = f"whole-{os.getpid()}"
COUNTING = f"""tracepoint:syscalls:sys_enter_getppid /comm == "{COMM}"/ {{
  @kept[cpu] = @kept[cpu] + 1;
  @count[pid, comm] = count();
  @sum[comm] = sum(2);
  @avg[comm] = avg(3);
  @stats[comm] = stats(4);
  @hist[comm] = hist(5);
  @lhist[comm] = lhist(6, 0, 10, 1);
  @least[comm] = min(7);
  @most[comm] = max(8);
  @all = count();
}}
"""
AT_END = 'END { print(@kept); printf("good bye\\n"); }\n'
SCRIPT = COUNTING + AT_END
EXITING = f"{SCRIPT}interval:ms:2300 {{ exit(); }}\n"
OWN = f"{COUNTING}interval:ms:700 {{ print(@count); clear(@count); print(@all); clear(@all); }}\n{AT_END}"

Line = dict[str, Any]


@contextlib.contextmanager
def calls() -> Iterator[None]:
    """Two processes that ask for their parent as fast as they can."""
    with load.caller(COMM), load.caller(COMM):
        yield


def run(command: str, bpftrace: str, folder: Path, *arguments: str, end: str = "--for") -> list[Line]:
    """The lines of a run by `stream`, or of the recording of one by `record`, that ends in some way."""
    for pause in (3.0, 9.0, 27.0) if end == "SIGINT" else (0.0,):
        process, stdout, stderr = _ended(_words(command, bpftrace, folder, *arguments), pause)
        # What is interrupted before its attach has no answer: on a busy machine later is early enough.
        if process.returncode == 0:
            break
    assert process.returncode == 0, stderr
    return exported(folder / "run.bttop") if command == "record" else [json.loads(one) for one in stdout.splitlines()]


def _words(command: str, bpftrace: str, folder: Path, *arguments: str) -> list[str]:
    out = ["-o", str(folder / "run.bttop"), "--overwrite"] if command == "record" else []
    usual = ["--bpftrace", bpftrace, "--budget", "100", "--force", *out]
    return [sys.executable, "-m", "bttop", command, str(folder / "whole.bt"), *usual, *arguments]


def _ended(words: Sequence[str], pause: float) -> tuple[subprocess.Popen[str], str, str]:
    """A process that has ended, by SIGINT after a pause where there is one."""
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True) as process:
        if pause:
            time.sleep(pause)
            process.send_signal(signal.SIGINT)
        return process, *process.communicate(timeout=PATIENCE)


def exported(recording: Path) -> list[Line]:
    """A recording as lines."""
    words = [sys.executable, "-m", "bttop", "export", str(recording), "--format", "jsonl"]
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return [json.loads(one) for one in text.splitlines()]


def events(lines: Sequence[Line], name: str) -> int:
    """How many events the rows of a map stand for, over all flushes."""
    total = 0
    for line in lines:
        for row in line["rows"] if line.get("map") == name else ():
            value = row["value"]
            if isinstance(value, list):
                total += sum(count for _, _, count in value)
            elif isinstance(value, dict):
                total += value["count"]
            else:
                total += value
    return total


def assert_whole(lines: Sequence[Line]) -> int:
    """Every map of every generation holds as many events as the program kept by itself; how many these are."""
    kept: dict[int, int] = defaultdict(int)
    for line in lines:
        if line.get("map") == "kept" and line.get("last"):
            kept[line["generation"]] += sum(row["value"] for row in line["rows"])
    assert kept
    for generation, wanted in kept.items():
        own = [line for line in lines if line["generation"] == generation]
        assert wanted > 1_000
        assert events(own, "count") == wanted
        assert events(own, "all") == wanted
        assert events(own, "sum") == 2 * wanted
        for name in ("stats", "hist", "lhist"):
            assert events(own, name) == wanted, name
        values = {
            name: {row["value"] for line in own if line.get("map") == name for row in line["rows"]}
            for name in ("avg", "least", "most")
        }
        assert values == {"avg": {3}, "least": {7}, "most": {8}}
        assert not {caveat for line in own for caveat in line.get("doubts", ())} - {"lost ticks"}
        assert [line["text"] for line in own if line.get("kind") == "printf"] == ["good bye\n"]
    return sum(kept.values())


def seconds(lines: Sequence[Line]) -> float:
    """The length of all flushes together."""
    return sum({int(line["flush"]): float(line["seconds"]) for line in lines if line.get("map") == "count"}.values())


@pytest.mark.parametrize("interval", ["0.5", "30"])
@pytest.mark.parametrize("end", ["--for", "SIGINT"])
@pytest.mark.parametrize("command", ["stream", "record"])
def test_the_flushes_of_a_run_hold_every_event(
    tmp_path: Path, bpftrace: str, command: str, end: str, interval: str
) -> None:
    (tmp_path / "whole.bt").write_text(SCRIPT)
    with calls():
        lines = run(command, bpftrace, tmp_path, "-i", interval, *(["--for", "2s"] if end == "--for" else []), end=end)
    assert_whole(lines)
    # The attach is when the run begins, the detach when it ends; the machine may be slow, but the two agree.
    assert seconds(lines) >= (2.0 if end == "--for" else 0.1)
    assert sum(line.get("last", False) for line in lines if line.get("map") == "count") == 1


@pytest.mark.parametrize("command", ["stream", "record"])
def test_a_script_that_ends_by_itself_holds_every_event(tmp_path: Path, bpftrace: str, command: str) -> None:
    (tmp_path / "whole.bt").write_text(EXITING)
    with calls():
        lines = run(command, bpftrace, tmp_path, end="exit")
    assert_whole(lines)
    assert seconds(lines) > 2.2


@pytest.mark.parametrize("command", ["stream", "record"])
def test_maps_beside_those_that_a_script_prints_hold_every_event(tmp_path: Path, bpftrace: str, command: str) -> None:
    (tmp_path / "whole.bt").write_text(OWN)
    with calls():
        lines = run(command, bpftrace, tmp_path, "--for", "2s")
    kept = sum(row["value"] for line in lines if line.get("map") == "kept" and line.get("last") for row in line["rows"])
    assert kept > 1_000
    assert events(lines, "sum") == 2 * kept
    for name in ("stats", "hist", "lhist"):
        assert events(lines, name) == kept, name


@pytest.mark.parametrize("end", ["q", "x", "P", "edit"])
def test_a_recording_of_the_dashboard_holds_every_event(tmp_path: Path, bpftrace: str, end: str) -> None:
    script = f"{SCRIPT}// {tmp_path}\n"
    options = ["--bpftrace", bpftrace, "-i", "2"]
    with calls(), dashboard(tmp_path, {"whole": script}, columns=120, options=options) as shown:
        shown.wait_for("1 of 1 live", COMM)
        shown.press("r")
        shown.wait_for("recording to")
        if end == "x":
            shown.press("x")
            shown.wait_for("stopped")
        elif end == "P":
            shown.press("j", "P")
            shown.wait_for("1 of 1 live", lambda: _runs_alone(tmp_path, "pid == "))
        elif end == "edit":
            (tmp_path / "new.bt").write_text(f"{script}// edited\n")
            (tmp_path / "new.bt").rename(tmp_path / "whole.bt")
            shown.wait_for("1 of 1 live", lambda: _runs_alone(tmp_path, "// edited"))
        shown.press("q")
        shown.wait_for(lambda: not _scripts(tmp_path))
        (recording,) = tmp_path.rglob("*.bttop")
        shown.wait_for("recorded: ")
    lines = exported(recording)
    generations = {line["generation"] for line in lines if line.get("map") == "kept"}
    assert len(generations) == (2 if end in ("P", "edit") else 1)
    assert_whole(lines)


def _scripts(folder: Path) -> list[str]:
    """What each bpftrace runs that was started for this test."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            words = path.read_bytes().split(b"\0")
            text = words[-2].decode(errors="replace") if len(words) > 2 else ""
            if f"// {folder}\n" in text and b"json" in words:
                found.append(text)
    return found


def _runs_alone(folder: Path, text: str) -> bool:
    """Whether the new script has taken over, and the old one has ended."""
    found = _scripts(folder)
    return len(found) == 1 and text in found[0]
