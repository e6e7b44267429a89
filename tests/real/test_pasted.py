"""Pasted lines with the real bpftrace: it gets the options and variables of the line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real


def streamed(bpftrace: str, folder: Path, line: str) -> list[list[Any]]:
    """The keys of the rows that `bttop stream` writes for a pasted line."""
    words = ["stream", "-e", line, "--for", "2s", "--force", "--bpftrace", bpftrace]
    command = [sys.executable, "-m", "bttop", *words]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=90, check=False)
    assert ended.returncode == 0, ended.stderr
    return [row["key"] for one in ended.stdout.splitlines() for row in json.loads(one)["rows"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a header, which includes another one beside it."""
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "limits.h").write_text('#include "number.h"\n')
    (tmp_path / "inc" / "number.h").write_text("#define MOST_BYTES 4711\n")
    return tmp_path


@pytest.mark.parametrize("options", ["--include limits.h -I inc", "--include=inc/limits.h"])
def test_a_header_of_the_line_is_included(bpftrace: str, folder: Path, options: str) -> None:
    line = f"[root@host ~]# bpftrace {options} -e 'tracepoint:sched:sched_switch {{ @[MOST_BYTES] = count(); }}'"
    assert streamed(bpftrace, folder, line)[0] == [4711]


OPENING = """
import os, sys, time
while True:
    os.close(os.open(sys.argv[1], os.O_RDONLY))
    time.sleep(0.1)
"""


def test_a_setting_of_the_line_reaches_bpftrace(bpftrace: str, folder: Path) -> None:
    place = folder / ("d" * 90)
    place.mkdir()
    with subprocess.Popen([sys.executable, "-c", OPENING, str(place)]) as load:
        opened = f"tracepoint:syscalls:sys_enter_openat /pid == {load.pid}/ {{ @[str(args->filename)] = count(); }}"
        try:
            keys = streamed(bpftrace, folder, f"BPFTRACE_STRLEN=180 timeout 10 bpftrace - <<'EOF'\n{opened}\nEOF")
        finally:
            load.kill()
    assert [str(place)] in keys
