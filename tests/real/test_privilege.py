"""The dashboard as a normal user: only what has to be root is root, and nothing of it is left, whatever ends first."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.real.seconduser import PASSWORD, UID, SecondUser, argv, children, second_user
from tests.real.tracing import wait_until
from tests.terminal import Terminal

pytestmark = pytest.mark.real

LIMIT: Final = 2.0
"""Seconds after which nothing may be attached any more."""
EVERYTHING: Final = "{user} ALL=(root) NOPASSWD: ALL"
BPFTRACE: Final = "{user} ALL=(root) NOPASSWD: /usr/bin/bpftrace, /usr/local/bin/bpftrace"
KEPT: Final = 'Defaults env_keep += "BPFTRACE_* __BPFTRACE_NOTIFY_PROBES_ATTACHED"'
WITH_PASSWORD: Final = "{user} ALL=(root) ALL"
USE_PTY: Final = "Defaults use_pty"
NO_PTY: Final = "Defaults !use_pty"
WAYS: Final = {
    "tracer, use_pty": (EVERYTHING, USE_PTY),
    "tracer": (EVERYTHING, NO_PTY),
    "bpftrace, use_pty": (BPFTRACE, USE_PTY),
    "bpftrace": (BPFTRACE, NO_PTY),
}
QUESTIONS: Final = ("profile:hz:49 { @a[comm] = count(); }", "tracepoint:sched:sched_switch { @b = count(); }")
PROGRAMS: Final = tuple(word for question in QUESTIONS for word in ("-e", question))


class Shown:
    """A dashboard of the second user and what runs below it."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.pid = terminal.process.pid

    def processes(self, what: str) -> list[int]:
        """The dashboard, the tracer, sudo, or every bpftrace."""
        if what == "dashboard":
            return [self.pid]
        below = [(pid, words) for pid, words in children(self.pid) if words]
        by_sudo = [pid for pid, words in below if Path(words[0]).name == "sudo"]
        if what == "sudo":
            return by_sudo
        name = "tracer.py" if what == "tracer" else "-f"
        return [pid for pid, words in below if pid not in by_sudo and any(word.endswith(name) for word in words)]

    def attached(self) -> list[int]:
        return self.processes("bpftrace")

    def everything(self) -> list[int]:
        """All that the dashboard has started."""
        return [*self.attached(), *self.processes("tracer"), *self.processes("sudo")]

    def wait_until_live(self) -> None:
        self.terminal.wait_for(lambda: "2 of 2 live" in self.terminal.text, 40)


@contextmanager
def shown(user: SecondUser, bpftrace: str) -> Iterator[Shown]:
    with Terminal(user.bttop(*PROGRAMS, "--bpftrace", bpftrace), 100, 30) as terminal:
        yield Shown(terminal)


def gone_after(pids: list[int]) -> float:
    """Seconds until none of the processes runs."""
    start = time.monotonic()
    wait_until(lambda: not any(argv(pid) for pid in pids), 90, f"{pids} gone")
    return time.monotonic() - start


@pytest.mark.parametrize("way", WAYS)
def test_only_what_needs_it_is_root(bpftrace: str, tmp_path: Path, way: str) -> None:
    with shown(second_user(tmp_path, *WAYS[way]), bpftrace) as one:
        one.wait_until_live()
        owners = {what: owner_of(one.processes(what)[0]) for what in ("dashboard", "tracer", "bpftrace")}
        assert owners == {"dashboard": UID, "tracer": 0 if way.startswith("tracer") else UID, "bpftrace": 0}
        pids = one.everything()
        one.terminal.send("q")
        assert one.terminal.exit_code() == 0
        assert gone_after(pids) < LIMIT


def owner_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("Uid:"))


def doomed_by(one: Shown, way: str, victim: str) -> tuple[int, list[int]]:
    """Which process is killed, and those that must end with it."""
    killed = one.processes(victim)[0]
    if victim == "bpftrace":
        return killed, [killed]
    if victim == "sudo" and way.startswith("bpftrace"):
        return killed, [killed, *(pid for pid, _ in children(killed))]
    return killed, one.everything()


@pytest.mark.parametrize("victim", ["dashboard", "tracer", "sudo", "bpftrace"])
@pytest.mark.parametrize("way", WAYS)
def test_kill_9_leaves_nothing_attached(bpftrace: str, tmp_path: Path, way: str, victim: str) -> None:
    with shown(second_user(tmp_path, *WAYS[way]), bpftrace) as one:
        one.wait_until_live()
        everything = one.everything()
        killed, doomed = doomed_by(one, way, victim)
        os.kill(killed, signal.SIGKILL)
        assert gone_after(doomed) < LIMIT
        if victim != "dashboard":
            wait_until(lambda: len(set(one.attached()) - set(doomed)) == 2, 90, "the programs again")
            one.terminal.send("q")
            # A pane that was silent under load has begun a recording by itself; that lacks what the killed one counted.
            assert one.terminal.exit_code() == int("never came" in one.terminal.text), one.terminal.text
            assert gone_after(everything) < LIMIT


@pytest.mark.parametrize("way", WAYS)
def test_a_terminal_that_closes_leaves_nothing_attached(bpftrace: str, tmp_path: Path, way: str) -> None:
    with shown(second_user(tmp_path, *WAYS[way]), bpftrace) as one:
        one.wait_until_live()
        pids = one.everything()
        one.terminal.hang_up()
        assert gone_after(pids) < LIMIT


def test_a_password_is_asked_for_before_the_screen_and_sudo_takes_no_key_after_it(
    bpftrace: str, tmp_path: Path
) -> None:
    with shown(second_user(tmp_path, WITH_PASSWORD, USE_PTY), bpftrace) as one:
        one.terminal.wait_for("to run bpftrace:")
        assert not one.attached()
        one.terminal.send(f"{PASSWORD}\n")
        one.wait_until_live()
        for _ in range(5):
            one.terminal.send("z")
            one.terminal.wait_for(lambda: "2 -e 2" not in one.terminal.text)
            one.terminal.send("z")
            one.terminal.wait_for("2 -e 2")
        one.terminal.send("q")
        assert one.terminal.exit_code() == 0


def test_a_wrong_user_is_told_what_to_do(bpftrace: str, tmp_path: Path) -> None:
    user = second_user(tmp_path, "root ALL=(ALL) ALL")
    command = user.bttop("stream", *PROGRAMS, "--bpftrace", bpftrace)
    ended = subprocess.run(["setsid", "-w", *command], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    assert "sudo does not allow it" in ended.stderr
    assert f"-m bttop stream {shlex.join([*PROGRAMS, '--bpftrace', bpftrace])}" in ended.stderr


@pytest.mark.parametrize("rules", [(BPFTRACE,), (BPFTRACE, KEPT), (EVERYTHING,)], ids=["bare", "kept", "all"])
def test_flushes_are_the_same_by_every_way(bpftrace: str, tmp_path: Path, rules: tuple[str, ...]) -> None:
    user = second_user(tmp_path, *rules)
    command = user.bttop("stream", "-e", "profile:hz:49 { @ = count(); }", "--for", "4s", "--bpftrace", bpftrace)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert len([line for line in ended.stdout.splitlines() if '"flush":' in line]) >= 2
    assert '"generation":2' not in ended.stdout
    assert ("env_keep += " in ended.stderr) == (rules == (BPFTRACE,))
    assert ("cost unknown" in ended.stderr) == (EVERYTHING not in rules)


@pytest.mark.parametrize(
    ("kept", "missing"),
    [("-all", "CAP_BPF and CAP_PERFMON"), ("-sys_admin,-bpf", "CAP_BPF"), ("-sys_admin,-perfmon", "CAP_PERFMON")],
)
@pytest.mark.parametrize("command", ["stream", "record", "doctor"])
def test_root_without_capabilities_exits_with_3_and_the_missing_ones(
    bpftrace: str, tmp_path: Path, command: str, kept: str, missing: str
) -> None:
    words = [sys.executable, "-m", "bttop", command, "--bpftrace", bpftrace]
    drop = ["setpriv", f"--bounding-set={kept}", "--inh-caps=-all"]
    ended = subprocess.run([*drop, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 3
    assert missing in " ".join((ended.stdout + ended.stderr).split())


def test_root_with_the_capabilities_to_trace_needs_no_others(bpftrace: str, tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "bttop",
        "stream",
        "--bpftrace",
        bpftrace,
        "-e",
        PROGRAMS[1],
        "--for",
        "1s",
        "--force",
    ]
    drop = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all"]
    ended = subprocess.run([*drop, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr


def test_snapshots_of_a_folder_of_root_do_not_count_for_a_user_who_cannot_write_there(tmp_path: Path) -> None:
    user = second_user(tmp_path, EVERYTHING)
    checkout = tmp_path / "checkout"
    (checkout / "snapshots").mkdir(parents=True)
    asks = "from bttop.store.recording.snapshot_files import snapshot_folder; print(snapshot_folder())"
    found = subprocess.run(user.command(sys.executable, "-c", asks), cwd=checkout, capture_output=True, text=True)
    assert found.stdout.strip() == str(user.home / ".local/state/bttop/snapshots"), found.stderr
