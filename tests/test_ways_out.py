"""The ways out of the real command: whatever ends it, no bpftrace is left, the terminal is as it was, and the exit
code is right.

Each way is gone twice: with a terminal that is read, and with one that is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from bttop.ui.terminal import shutdown_watchdog
from tests.standin import standin
from tests.stopping import UNUSUAL
from tests.terminal import Terminal
from tests.ui.dashboard import (
    CALLS,
    SOURCES,
    Dashboard,
    assert_restored,
    beat,
    counting,
    dashboard,
    probe,
    record,
    still_set,
)

GONE: Final = 10.0
"""Seconds that everything gets to be gone: only a failing test waits that long."""
RUNNER: Final = """
import sys
from bttop.cli import main
{injected}
sys.exit(main())
"""
RAISE_IN_ENGINE: Final = """
from pathlib import Path
from bttop.engine.program.program import Program
on_line = Program.on_line
def raising(self, *line):
    on_line(self, *line)
    if Path({trigger!r}).exists():
        raise RuntimeError("the engine broke on purpose")
Program.on_line = raising
"""
RAISE_IN_WIDGET: Final = """
from pathlib import Path
from bttop.ui.board.pane import Pane
advance = Pane.advance
def raising(self, *moment, **options):
    if Path({trigger!r}).exists():
        raise RuntimeError("the pane broke on purpose")
    advance(self, *moment, **options)
Pane.advance = raising
"""
ROWS: Final = record(CALLS, "@calls", {"1,a": 1})
POLITE: Final = {
    "healthy": counting(),
    "mute": probe(CALLS, [["attach", 1], ["wait"]]),
}
DEAF: Final = POLITE | {
    "slow": probe(CALLS, [["attach", 1], ["deaf", 1], beat(CALLS, ROWS)]),
    "deaf": probe(CALLS, [["attach", 1], ["deaf", -1], beat(CALLS, ROWS)]),
    "deaf-mute": probe(CALLS, [["attach", 1], ["deaf", -1], ["wait"]]),
}


@pytest.fixture(params=["read", "unread"])
def stuck(request: pytest.FixtureRequest) -> bool:
    """Whether the terminal is not read while the way out is gone."""
    return bool(request.param == "unread")


@contextmanager
def running(
    folder: Path, *, stuck: bool, programs: Mapping[str, str] = POLITE, injected: str = ""
) -> Iterator[tuple[Dashboard, list[int]]]:
    """The dashboard over these programs, and the pids of everything it started, the tracer's last."""
    command = [sys.executable, "-m", "bttop"]
    if injected:
        (folder / "runner.py").write_text(RUNNER.format(injected=injected))
        command = [sys.executable, str(folder / "runner.py")]
    with dashboard(folder, programs, command=command) as shown:
        beating = sum("mute" not in name for name in programs)
        shown.wait_for(f"{beating} of {len(programs)} live", "18421 java", "no events yet")
        pids = children(folder)
        assert len(pids) == len(programs)
        pids.append(tracer_of(shown))
        if stuck:
            get_stuck(shown)
        yield shown, pids


def get_stuck(shown: Dashboard) -> None:
    """Stop reading, and have the screen drawn anew until the kernel takes no more of it."""
    shown.terminal.pause()
    deadline = time.monotonic() + 30
    before = -1
    while not (before > 4000 and shown.terminal.unread == before):
        assert time.monotonic() < deadline
        before = shown.terminal.unread
        shown.press("t")
        shown.terminal.wait_until_read()
        end = time.monotonic() + 0.3
        while shown.terminal.unread == before and time.monotonic() < end:
            time.sleep(0.005)


def require_root() -> None:
    """Skip unless this is root, for whom the first picture comes before the checks."""
    if os.geteuid() != 0:
        pytest.skip("needs root")


def children(folder: Path) -> list[int]:
    """The stand-ins of this folder that run: the interpreter with its options, the script, its arguments."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in pids if argv(pid)[2:3] == [str(folder / "bpftrace")]]


def argv(pid: int) -> list[str]:
    """The arguments of a process; none once it has ended, whether or not somebody has taken notice."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def tracer_of(shown: Dashboard) -> int:
    """The tracer that this dashboard has started."""
    main = shown.terminal.process.pid
    found = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    return next(int(pid) for pid in found if any(one.endswith("tracer.py") for one in argv(int(pid))))


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again until the condition holds."""
    end = time.monotonic() + GONE
    while not condition():
        assert time.monotonic() < end, f"not within {GONE} s: {what}"
        time.sleep(0.01)


def assert_gone(folder: Path, pids: list[int]) -> None:
    """Nothing that the dashboard started is left."""
    wait_until(lambda: not any(argv(pid) for pid in pids) and not children(folder), f"{pids} gone")


def test_q_ends_in_order(tmp_path: Path, stuck: bool) -> None:
    with running(tmp_path, stuck=stuck) as (shown, pids):
        shown.press("q")
        assert shown.terminal.exit_code() == 0
        assert_gone(tmp_path, pids)
        assert_restored(shown.terminal)


@pytest.mark.parametrize("key", ["q", "C-c"])
def test_programs_that_are_deaf_to_interrupts_are_gone_as_well(tmp_path: Path, key: str) -> None:
    with running(tmp_path, stuck=key == "q", programs=DEAF) as (shown, pids):
        shown.press(key)
        assert shown.terminal.exit_code() == 0
        assert_gone(tmp_path, pids)
        assert_restored(shown.terminal)


def test_ctrl_c_ends_in_order(tmp_path: Path, stuck: bool) -> None:
    with running(tmp_path, stuck=stuck) as (shown, pids):
        shown.press("C-c")
        assert shown.terminal.exit_code() == 0
        assert_gone(tmp_path, pids)
        assert_restored(shown.terminal)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0)],
    ids=lambda value: str(int(value)),
)
def test_signals_end_in_order(tmp_path: Path, stuck: bool, number: signal.Signals, code: int) -> None:
    with running(tmp_path, stuck=stuck) as (shown, pids):
        shown.terminal.signal(number)
        assert shown.terminal.exit_code() == code
        assert_gone(tmp_path, pids)
        assert_restored(shown.terminal)


@pytest.mark.parametrize("number", UNUSUAL)
def test_every_other_signal_that_ends_a_process_ends_in_order_as_well(tmp_path: Path, number: int) -> None:
    with running(tmp_path, stuck=False) as (shown, pids):
        shown.terminal.signal(number)
        assert shown.terminal.exit_code() == 128 + number
        assert_gone(tmp_path, pids)
        assert_restored(shown.terminal)


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGUSR1])
def test_an_unread_terminal_keeps_no_signal_from_ending(tmp_path: Path, number: int) -> None:
    with running(tmp_path, stuck=True) as (shown, pids):
        shown.terminal.signal(number)
        assert shown.terminal.exit_code() == 128 + number
        assert_gone(tmp_path, pids)
        assert_restored(shown.terminal)


def test_a_stop_on_the_way_out_takes_nothing_from_its_time(tmp_path: Path) -> None:
    path = tmp_path / "snapshots"
    path.mkdir()
    with running(tmp_path, stuck=False) as (shown, pids):
        shown.press("r")
        shown.wait_for(lambda: bool(list(path.glob("*.bttop"))))
        shown.terminal.signal(signal.SIGTERM)
        shown.terminal.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, shown.terminal.process.pid, os.WSTOPPED)
        time.sleep(2 * shutdown_watchdog.GRACE)
        shown.terminal.signal(signal.SIGCONT)
        assert shown.terminal.exit_code() == 143
        assert b"recorded: " in shown.terminal.everything(), "it ended in order"
        assert_gone(tmp_path, pids)
        assert_restored(shown.terminal)


SHELL: Final = '"$@"; echo "stopped with $?"; read _; fg > /dev/null; exit $?'
"""Runs its arguments as a job, and lets it go on after Enter."""


def test_ctrl_z_goes_back_to_the_shell_and_fg_comes_back(tmp_path: Path) -> None:
    command = ["bash", "-mc", SHELL, "shell", sys.executable, "-m", "bttop"]
    with dashboard(tmp_path, POLITE, command=command) as shown:
        shown.wait_for("1 of 2 live", "18421 java")
        pids = children(tmp_path)
        shown.press("C-z")
        shown.wait_for("stopped with 147")
        assert still_set(bytes(shown.terminal.raw)) == []
        assert shown.terminal.attributes() == shown.terminal.attributes_before
        shown.terminal.erase()
        shown.press("Enter")
        shown.wait_for("1 of 2 live", "18421 java")
        assert children(tmp_path) == pids
        shown.press("q")
        assert shown.terminal.exit_code() == 0
        assert_gone(tmp_path, pids)
        assert_restored(shown.terminal)


def test_ctrl_z_without_a_shell_stops_nothing(tmp_path: Path) -> None:
    with running(tmp_path, stuck=False) as (shown, _):
        shown.press("C-z")
        shown.wait_for("there is no shell")
        shown.press("q")
        assert shown.terminal.exit_code() == 0


def test_sigtstp_gives_the_terminal_back_and_going_on_repaints(tmp_path: Path) -> None:
    with running(tmp_path, stuck=False) as (shown, _):
        shown.terminal.signal(signal.SIGTSTP)
        os.waitid(os.P_PID, shown.terminal.process.pid, os.WSTOPPED)
        shown.terminal.wait_for(lambda: not still_set(bytes(shown.terminal.raw)))
        assert shown.terminal.attributes() == shown.terminal.attributes_before
        shown.terminal.erase()
        shown.terminal.signal(signal.SIGCONT)
        shown.wait_for("1 of 2 live", "18421 java")
        shown.press("q")
        assert shown.terminal.exit_code() == 0
        assert_restored(shown.terminal)


def test_a_stop_that_no_program_can_catch_is_repainted_when_it_goes_on(tmp_path: Path) -> None:
    with running(tmp_path, stuck=False) as (shown, _):
        shown.terminal.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, shown.terminal.process.pid, os.WSTOPPED)
        shown.terminal.erase()
        shown.terminal.signal(signal.SIGCONT)
        shown.wait_for("1 of 2 live", "18421 java")


def test_a_closed_terminal_ends_it_with_129(tmp_path: Path, stuck: bool) -> None:
    with running(tmp_path, stuck=stuck) as (shown, pids):
        shown.terminal.hang_up()
        assert shown.terminal.exit_code() == 129
        assert_gone(tmp_path, pids)


@pytest.mark.parametrize("injected", [RAISE_IN_ENGINE, RAISE_IN_WIDGET], ids=["engine", "widget"])
def test_a_crash_gives_the_terminal_back_and_ends_with_1(tmp_path: Path, stuck: bool, injected: str) -> None:
    trigger = tmp_path / "now"
    with running(tmp_path, stuck=stuck, injected=injected.format(trigger=str(trigger))) as (shown, pids):
        trigger.touch()
        if stuck:
            # Only the traceback waits for the terminal, and the restored one takes it before that.
            assert_gone(tmp_path, pids)
        else:
            assert shown.terminal.exit_code() == 1
            assert_gone(tmp_path, pids)
            assert b"broke on purpose" in shown.terminal.everything()
        shown.terminal.resume()
        assert shown.terminal.exit_code() == 1
        assert_restored(shown.terminal)


def test_kill_9_leaves_no_program_behind(tmp_path: Path, stuck: bool) -> None:
    with running(tmp_path, stuck=stuck) as (shown, pids):
        shown.terminal.signal(signal.SIGKILL)
        assert shown.terminal.exit_code() == -signal.SIGKILL
        assert_gone(tmp_path, pids)


def test_kill_9_leaves_no_deaf_program_behind(tmp_path: Path) -> None:
    with running(tmp_path, stuck=False, programs=DEAF) as (shown, pids):
        shown.terminal.signal(signal.SIGKILL)
        assert_gone(tmp_path, pids)


def test_a_killed_tracer_leaves_nothing_and_is_replaced(tmp_path: Path, stuck: bool) -> None:
    with running(tmp_path, stuck=stuck) as (shown, pids):
        os.kill(pids[-1], signal.SIGKILL)
        wait_until(lambda: not any(argv(pid) for pid in pids), f"{pids} gone")
        wait_until(lambda: len(children(tmp_path)) == len(POLITE), "all programs started afresh")
        shown.terminal.resume()
        shown.wait_for("1 of 2 live", "18421 java")
        shown.press("q")
        assert shown.terminal.exit_code() == 0
        assert_gone(tmp_path, children(tmp_path))
        assert_restored(shown.terminal)


def test_an_impatient_user_may_press_q_and_send_signals_at_once(tmp_path: Path) -> None:
    with running(tmp_path, stuck=False) as (shown, pids):
        shown.press("q")
        shown.terminal.signal(signal.SIGTERM)
        assert shown.terminal.exit_code() in (0, 143)
        assert_gone(tmp_path, pids)
        assert_restored(shown.terminal)


def test_q_before_the_first_flush_ends_in_order(tmp_path: Path) -> None:
    slow = probe(CALLS, [["wait"]])
    with dashboard(tmp_path, {"slow": slow}) as shown:
        shown.wait_for("compiling and attaching")
        shown.press("q")
        assert shown.terminal.exit_code() == 0
        assert_gone(tmp_path, [])
        assert_restored(shown.terminal)


@pytest.mark.parametrize("milliseconds", [0, 10, 20, 30, 40, 50, None])
def test_sigterm_in_the_first_moments_restores_the_terminal(tmp_path: Path, milliseconds: int | None) -> None:
    """None: as soon as anything has been painted."""
    with dashboard(tmp_path, {"slow": probe(CALLS, [["wait"]])}) as shown:
        if milliseconds is None:
            shown.terminal.wait_for(lambda: bool(shown.terminal.raw))
        else:
            time.sleep(milliseconds / 1000)
        shown.terminal.signal(signal.SIGTERM)
        assert shown.terminal.exit_code() in (143, -signal.SIGTERM)
        assert_gone(tmp_path, [])
        assert_restored(shown.terminal)


def test_warnings_after_the_first_picture_are_shown_on_it_and_printed_at_the_end(tmp_path: Path) -> None:
    require_root()
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes").chmod(0o777)
    env = {"PYTHONPATH": SOURCES, "XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    command = ["env", "-C", str(tmp_path), sys.executable, "-m", "bttop", "--bpftrace", str(standin(tmp_path))]
    with Terminal(command, 100, 30, env) as terminal:
        terminal.wait_for("not trusted")
        before = len(terminal.raw)
        terminal.send("q")
        assert terminal.exit_code() == 0
        assert_restored(terminal)
        after = bytes(terminal.raw[before:])
        assert b"not trusted" in after[after.index(b"\x1b[?1049l") :]


THEMES: Final = {"broken": ("[roles", "broken.toml"), "absent": (None, "there is no theme 'absent'")}


@pytest.mark.parametrize("name", THEMES)
def test_a_theme_that_cannot_be_loaded_is_an_error_and_restores_the_terminal(tmp_path: Path, name: str) -> None:
    content, message = THEMES[name]
    (tmp_path / "themes").mkdir()
    if content is not None:
        (tmp_path / "themes" / f"{name}.toml").write_text(content)
    with dashboard(tmp_path, POLITE, options=["--theme", name]) as shown:
        assert shown.terminal.exit_code() == 2
        assert message.encode() in shown.terminal.everything()
        assert_gone(tmp_path, [])
        assert_restored(shown.terminal)


@pytest.mark.parametrize("missing", ["standard input", "standard output"])
def test_what_is_no_terminal_is_refused_with_a_hint(tmp_path: Path, missing: str) -> None:
    with Path(os.devnull).open("r+b") as null:
        main, tty = os.openpty()
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "bttop"],
                stdin=null if missing == "standard input" else tty,
                stdout=subprocess.PIPE if missing == "standard output" else tty,
                stderr=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": SOURCES, "TERM": "xterm"},
                cwd=tmp_path,
                timeout=30,
                check=False,
            )
        finally:
            os.close(main)
            os.close(tty)
    assert ended.returncode == 2
    assert f"{missing} is not a terminal" in ended.stderr.decode()
    assert "bttop stream" in ended.stderr.decode()
    assert not ended.stdout
