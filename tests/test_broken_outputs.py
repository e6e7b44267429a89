"""No standard stream stops the work: every command with each of them full, closed, without a reader or not read."""

from __future__ import annotations

import contextlib
import os
import pty
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from bttop.model.plan import Column, MapPlan
from bttop.store.export.catalogue import exporters
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.opening import CannotReview
from tests.model.samples import planned
from tests.store.made import Session, made
from tests.test_cli import GOOD, RUN, Shell

GONE: Final = 20.0
"""Seconds that everything gets to end: only a failing test waits that long."""
QUICK: Final = """
import sys, bttop.cli
if sys.argv[1] == "doctor":
    from bttop.engine.doctor import hooks
    hooks.ask_timer = hooks.HookPrices
sys.exit(bttop.cli.main())
"""
"""bttop whose doctor does not measure for a second what hooks cost."""
COMMANDS: Final = {
    "info": "info s.bttop",
    "info as JSON": "info --json s.bttop",
    "verify": "verify s.bttop",
    **{name: f"export --format {name} s.bttop" for name in exporters() if name != "parquet"},
    "report": "report -o - s.bttop",
    "diff": "diff s.bttop@..+1.5s @+1.5s..",
    "diff as JSON": "diff --json s.bttop@..+1.5s @+1.5s..",
    "doctor": "doctor",
    "doctor as JSON": "doctor --json",
    "probes": "probes",
    "help": "--help",
    "help of a command": "record --help",
    "version": "--version",
    "stream": f"stream --for 0.3s -e {shlex.quote(GOOD)}",
}
"""Everything that writes to standard output."""
WORKING: Final = {
    "report to a file": "report -o out.html --overwrite s.bttop",
    "record": f"record --for 0.3s --overwrite -o r.bttop -e {shlex.quote(GOOD)}",
}
"""What does its work without writing to standard output."""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("outputs"))
    plan = planned(MapPlan("@n", "count", (Column("stack", "stack"),), "bank"))
    stack = "\n    read+1\n"
    made(shell.folder / "s.bttop", Session("p", plan, [{"@n": ("map", {stack: number})} for number in (5, 6, 7, 90)]))
    return shell


def run(shell: Shell, command: str, redirection: str) -> subprocess.CompletedProcess[str]:
    """Run a command that a shell redirects. Descriptor 9 is a pipe whose reader has gone."""
    code = RUN if command.startswith(("stream", "record")) else QUICK
    words = f"{shlex.quote(shell.python)} -c {shlex.quote(code)} {command} {redirection}"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        ["bash", "-c", f"exec 9>&{writing}; {words}"],
        cwd=shell.folder,
        env=shell.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        pass_fds=[writing],
    )
    os.close(writing)
    return done


def in_order(command: str) -> Sequence[int]:
    """The exit codes of a command that has done its work. Doctor's also says how this host is."""
    return (0, 3) if command.startswith("doctor") else (0,)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_standard_output_that_cannot_be_written_is_one_clear_line(shell: Shell, command: str, redirection: str) -> None:
    done = run(shell, COMMANDS[command], redirection)
    why = "No space left on device" if redirection == ">/dev/full" else "it is closed"
    assert (done.returncode, done.stderr) == (1, f"cannot write: standard output: {why}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_has_gone_is_not_worth_a_word(shell: Shell, command: str) -> None:
    done = run(shell, COMMANDS[command], ">&9")
    assert not done.stderr
    assert done.returncode in in_order(command)


@pytest.mark.parametrize("command", [*COMMANDS, *WORKING])
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2>&9", "<&- 2>&-"])
def test_standard_error_that_cannot_be_written_changes_nothing(shell: Shell, command: str, redirection: str) -> None:
    done = run(shell, (COMMANDS | WORKING)[command], redirection)
    assert done.returncode in in_order(command)
    assert bool(done.stdout) == (command in COMMANDS)
    if command == "record":
        assert_recorded(shell.folder / "r.bttop")


@pytest.mark.parametrize("command", [*COMMANDS, *WORKING])
@pytest.mark.parametrize("redirection", ["<&- >&- 2>&-", ">/dev/full 2>/dev/full", ">&9 2>&9"])
def test_without_any_standard_stream_the_exit_code_says_it(shell: Shell, command: str, redirection: str) -> None:
    done = run(shell, (COMMANDS | WORKING)[command], redirection)
    is_gone = redirection.startswith(">&9")
    assert done.returncode in ((1,) if command in COMMANDS and not is_gone else in_order(command))
    if command == "record":
        assert_recorded(shell.folder / "r.bttop")


def assert_recorded(path: Path) -> None:
    """A recording is whole: what was meant for a closed stream is not in it either."""
    with Snapshot(path) as snapshot:
        assert not list(snapshot.integrity())
        assert not snapshot.problems
        assert snapshot.span() is not None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_record_on_a_terminal_that_is_not_read_ends_by_a_signal(shell: Shell, number: signal.Signals) -> None:
    master, slave = pty.openpty()
    _fill(slave)
    out = shell.folder / f"unread-{number}.bttop"
    arguments = ("record", "-o", str(out), "-e", GOOD)
    with subprocess.Popen(
        shell.command(*arguments), cwd=shell.folder, env=shell.environment, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        try:
            _await_flushes(out)
            process.send_signal(number)
            code = process.wait(GONE)
        finally:
            process.kill()
            os.close(slave)
            os.close(master)
    assert code == (0 if number == signal.SIGINT else 128 + number)
    with Snapshot(out) as snapshot:
        assert not snapshot.problems
    assert not out.with_name(f"{out.name}-wal").exists()


def _fill(slave: int) -> None:
    """Leave no room in a terminal."""
    os.set_blocking(slave, False)
    try:
        while True:
            os.write(slave, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(slave, True)


def _await_flushes(path: Path) -> None:
    """Wait until a recording holds a flush."""
    deadline = time.monotonic() + GONE
    while time.monotonic() < deadline:
        if path.exists() and path.stat().st_size > 0:
            with contextlib.suppress(CannotReview), Snapshot(path) as snapshot:  # it has no line yet
                if snapshot.span() is not None:
                    return
        time.sleep(0.05)
    pytest.fail("nothing was recorded")
