"""`bttop stream --total` with the real bpftrace: its table is what a bare bpftrace prints for the same run."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real import load, tracing

pytestmark = pytest.mark.real

SECONDS = 90.0
ATTACHED = "++ counted as count()"
"""The badge that bttop tells once the program is attached."""
SCRIPT = """tracepoint:syscalls:sys_exit_read /pid == {pid} && args->ret >= 0/ {{
  @n = count();
  @by_size[args->ret] = count();
  @sum[comm] = sum(args->ret);
  @avg[comm] = avg(args->ret);
  @least = min(args->ret);
  @most[comm, pid] = max(args->ret);
  @stats[comm] = stats(args->ret);
  @sizes = hist(args->ret);
  @steps[comm] = lhist(args->ret, 0, 8192, 1024);
  @plus++;
}}
"""


class Totalled:
    """A running `bttop stream --total`."""

    def __init__(self, process: subprocess.Popen[str], stderr: Path) -> None:
        self._process = process
        self._stderr = stderr

    def wait_until_attached(self) -> None:
        tracing.wait_until(lambda: ATTACHED in self._stderr.read_text(), SECONDS, "the attach of bttop's program")

    def end(self, number: int = 0) -> list[str]:
        """The table, after a signal if there is one."""
        if number:
            self._process.send_signal(number)
        stdout, _ = self._process.communicate(timeout=SECONDS)
        assert self._process.returncode == 0, self._stderr.read_text()
        return stdout.splitlines()


@contextlib.contextmanager
def totalled(bpftrace: str, *arguments: str) -> Iterator[Totalled]:
    command = [sys.executable, "-m", "bttop", "stream", "--bpftrace", bpftrace, "--budget", "100", "--force"]
    with tempfile.NamedTemporaryFile("w") as stderr:
        process = subprocess.Popen(
            [*command, "--total", "500", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
        )  # fmt: skip
        try:
            yield Totalled(process, Path(stderr.name))
        finally:
            process.kill()
            process.communicate()


def section(lines: list[str], name: str) -> list[list[str]]:
    """The words of the lines below the head of a map, without the titles of its columns."""
    start = next(at for at, line in enumerate(lines) if line.startswith(f"  {name}"))
    below = lines[start + 1 :]
    rows = below[: next((at for at, line in enumerate(below) if not line.startswith("    ")), len(below))]
    return [line.split() for line in rows]


def histograms(rows: list[list[str]]) -> dict[str, list[int]]:
    """The counts of drawn histograms by their key, without empty buckets."""
    found: dict[str, list[int]] = {}
    for row in rows:
        if "count" in row:
            counts = found[" ".join(row[: row.index("count")])] = []
            continue
        bar = next(at for at, word in enumerate(row) if word.startswith("|"))
        counts += [int(row[bar - 1])] if int(row[bar - 1]) else []
    return found


def assert_as_bare(lines: list[str], maps: dict[str, Any]) -> None:
    """The table has every number that the bare bpftrace has printed."""
    for name in ("@n", "@plus", "@least"):
        assert section(lines, name) == [[str(maps[name][0][1])]], name
    assert {(key, int(value)) for value, key in section(lines, "@by_size")[1:]} == set(maps["@by_size"])
    for name in ("@sum", "@avg"):
        assert {row[-1]: int(row[0]) for row in section(lines, name)[1:]} == dict(maps[name]), name
    most = {f"{row[1]},{row[2]}": int(row[0]) for row in section(lines, "@most")[1:]}
    assert most == dict(maps["@most"])
    stats = {row[3]: dict(zip(("count", "average", "total"), map(int, row), strict=False)) for row in
             section(lines, "@stats")[1:]}  # fmt: skip
    assert stats == dict(maps["@stats"])
    for name in ("@sizes", "@steps"):
        wanted = {key: [one["count"] for one in value if one["count"]] for key, value in maps[name]}
        assert histograms(section(lines, name)) == wanted, name


@pytest.mark.parametrize("interval", ["0.2", "60"])
def test_the_table_of_a_run_is_what_a_bare_bpftrace_prints(bpftrace: str, tmp_path: Path, interval: str) -> None:
    with load.copy(30_000, 5_000) as copy:
        script = tmp_path / "reads.bt"
        script.write_text(SCRIPT.format(pid=copy.pid))
        with tracing.tracing(bpftrace, script) as bare, totalled(bpftrace, str(script), "-i", interval) as total:
            total.wait_until_attached()
            copy.run()
            lines = total.end(signal.SIGINT)
            maps = bare.stop()
    assert maps["@n"][0][1] >= 30_000
    assert len(maps["@by_size"]) > 1
    assert_as_bare(lines, maps)
    assert not [line for line in lines if line.startswith("  ! ") and ATTACHED not in line and "lost ticks" not in line]


def test_a_run_that_ends_by_exit_has_a_table_of_several_programs(bpftrace: str) -> None:
    first = "tracepoint:syscalls:sys_enter_getppid { @calls[comm] = count(); } interval:ms:1200 { exit(); }"
    second = "profile:hz:99 { @stacks[kstack, comm] = count(); } interval:ms:1200 { exit(); }"
    with load.caller("bttop-total"), totalled(bpftrace, "-e", first, "-e", second) as total:
        lines = total.end()
    assert lines[0].startswith("-e 1  ")
    assert any(line.startswith("-e 2  ") for line in lines)
    assert "bttop-total" in {row[-1] for row in section(lines, "@calls")}
    assert any(row[:1] == ["kstack"] for row in section(lines, "@stacks"))


def test_a_gauge_has_its_last_value(bpftrace: str) -> None:
    script = (
        'tracepoint:syscalls:sys_enter_getppid /comm == "bttop-total"/ { @now = nsecs; @n = count(); }'
        "interval:ms:200 { print(@now); print(@n); } interval:ms:1500 { exit(); }"
    )
    with load.caller("bttop-total"), totalled(bpftrace, "-e", script) as total:
        lines = total.end()
    assert "  @now, last value, not a sum" in lines
    assert int(section(lines, "@now")[0][0]) > 0
