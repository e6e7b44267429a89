"""The arguments of `bttop stream`, and its table at the end of a run of a stand-in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bttop.commands.stream import with_rows
from tests.standin import standin
from tests.ui.dashboard import CALLS, beat, probe, record

PATIENCE = 60.0


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["--total", "syscalls"], ["--total=10", "syscalls"]),
        (["--total", "5", "syscalls"], ["--total", "5", "syscalls"]),
        (["syscalls", "--total"], ["syscalls", "--total=10"]),
        (["--total=3"], ["--total=3"]),
        (["--total", "--for", "5s"], ["--total=10", "--for", "5s"]),
        (["a.bt", "--", "--total"], ["a.bt", "--", "--total"]),
    ],
)
def test_a_total_without_a_number_does_not_take_the_probe_for_it(typed: list[str], read: list[str]) -> None:
    assert with_rows(typed) == read


def streamed(folder: Path, *arguments: str, end: int = 0, steps: str) -> subprocess.CompletedProcess[str]:
    """A run of a script of a stand-in; ended by a signal once it has printed, if there is one."""
    (folder / "calls.bt").write_text(steps)
    words = [sys.executable, "-m", "bttop", "stream", "--force", "--bpftrace", str(standin(folder))]
    command = [*words, str(folder / "calls.bt"), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True) as process:
        if end:
            assert process.stderr is not None
            first = process.stderr.readline()
            process.send_signal(end)
        stdout, stderr = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(command, process.returncode, stdout, (first if end else "") + stderr)


ROWS = {"4711,java": 3, "4712,\x1b[31mred": 2}


def counting(times: int, *then: list[object]) -> str:
    return probe(CALLS, [["attach", 1], beat(CALLS, record(CALLS, "@calls", ROWS), times=times), *then])


def test_a_script_that_exits_leaves_one_table_and_no_json(tmp_path: Path) -> None:
    ended = streamed(tmp_path, "--total", steps=counting(3))
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("calls  ")
    assert lines[1:] == [
        "  @calls, count 15",
        "    count   pid  comm",
        "        9  4711  java",
        "        6  4712  \\x1b[31mred",
    ]


def test_the_number_of_rows_can_be_given(tmp_path: Path) -> None:
    ended = streamed(tmp_path, "--total", "1", steps=counting(2))
    assert "the 1 largest of 2 rows" in ended.stdout
    assert "red" not in ended.stdout


def test_rows_of_one_column_are_added_up(tmp_path: Path) -> None:
    rows = {"4711,java": 3, "4712,java": 4, "4713,dd": 1}
    steps = probe(CALLS, [["attach", 1], beat(CALLS, record(CALLS, "@calls", rows), times=2)])
    total = streamed(tmp_path, "--total", "--group-by", "comm", steps=steps)
    assert total.stdout.splitlines()[2:] == ["    count  comm", "       14  java", "        2  dd"]
    lines = streamed(tmp_path, "--group-by", "comm", steps=steps)
    flushes = [json.loads(line) for line in lines.stdout.splitlines()]
    assert flushes[0]["columns"] == ["comm", "rows"]
    assert flushes[0]["rows"] == [{"key": ["java", 2], "value": 7}, {"key": ["dd", 1], "value": 1}]


def test_a_column_that_no_map_has_is_refused_before_the_start(tmp_path: Path) -> None:
    ended = streamed(tmp_path, "--group-by", "daddr", steps=counting(1))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "no map has a column 'daddr' to group by: calls:@calls has comm, pid" in ended.stderr


def test_for_ends_a_run_with_the_table(tmp_path: Path) -> None:
    ended = streamed(tmp_path, "--total", "--for", "1s", steps=counting(2, ["wait"]))
    assert ended.returncode == 0, ended.stderr
    assert "@calls, count" in ended.stdout


def test_a_signal_ends_a_run_with_the_table(tmp_path: Path) -> None:
    # The badge for `++` is told once the program is attached.
    text = counting(2, ["wait"]).replace("count()", "count(); @other++", 1)
    ended = streamed(tmp_path, "--total", end=signal.SIGINT, steps=text)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("calls  ")


@pytest.mark.parametrize("rows", ["0", "-1", "x", "1000000"])
def test_a_number_of_rows_that_makes_no_sense_is_refused(rows: str) -> None:
    command = [sys.executable, "-m", "bttop", "stream", f"--total={rows}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert ended.returncode == 2
    assert "is not a number of rows between 1 and 25000" in ended.stderr
