"""What is no file is refused with a sentence wherever a file is read; a FIFO without a writer hangs no command."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.test_cli import BARE, GOOD, RUN, Shell

READERS: Final[dict[str, Callable[[str], list[str]]]] = {
    "info": lambda path: ["info", path],
    "verify": lambda path: ["verify", path],
    "export": lambda path: ["export", path],
    "report": lambda path: ["report", path],
    "diff": lambda path: ["diff", path, path],
    "stream": lambda path: ["stream", path],
    "record": lambda path: ["record", path],
}
KINDS: Final[dict[str, Callable[[Path], object]]] = {
    "a FIFO": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "directory": lambda path: path.mkdir(),
    "No such device": lambda path: _bind(path),
}


def _bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", READERS)
def test_what_is_no_file_is_refused_at_once(command: str, kind: str, tmp_path: Path) -> None:
    KINDS[kind](tmp_path / "x.bt")
    shell = Shell(tmp_path)
    code = RUN if command in ("stream", "record") else BARE
    done = shell.run(*READERS[command](str(tmp_path / "x.bt")), code=code)
    assert done.returncode in (1, 2)
    assert kind.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_a_fifo_in_a_folder_of_probes_is_said_and_the_others_are_listed(tmp_path: Path) -> None:
    (tmp_path / "probes").mkdir()
    os.mkfifo(tmp_path / "probes" / "pipe.bt")
    (tmp_path / "probes" / "mine.bt").write_text(GOOD)
    done = Shell(tmp_path).run("probes", "--probes", str(tmp_path / "probes"), code=BARE)
    assert done.returncode == 0
    assert "mine" in done.stdout
    assert "a FIFO" in done.stdout


def test_the_pipe_of_a_shell_is_read_as_a_probe_file(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    reading, writing = os.pipe()
    os.write(writing, GOOD.encode())
    os.close(writing)
    try:
        done = shell.run("stream", "--for", "0.3s", f"/dev/fd/{reading}", pass_fds=[reading])
    finally:
        os.close(reading)
    assert done.returncode == 0
    assert done.stdout
