"""The command line as a process: exit codes, what goes to which stream, and how a stream ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bttop.engine.host.host import find_program, install_command
from bttop.store.snapshot.recording_events import LOST
from bttop.store.snapshot.snapshot import Snapshot
from tests.standin import standin
from tests.stopping import UNUSUAL, USUAL, recorded_seconds

PATIENCE = 60.0
NOBODY = 65534

# A host that cannot trace would end every command before it began; the stand-in needs neither root nor tracefs.
ANYWHERE = """
import sys
import bttop.cli, bttop.engine.host.host, bttop.engine.tracer.privilege, bttop.commands.starting.tracing
bttop.commands.starting.tracing.check_can_trace = lambda *_: None
bttop.commands.starting.tracing.obtain = lambda *_: bttop.engine.tracer.privilege.AS_WE_ARE
"""
RUN = f"{ANYWHERE}\nsys.exit(bttop.cli.main())"
BARE = "import sys, bttop.cli; sys.exit(bttop.cli.main())"

HEAVY = """
heavy = {"textual", "rich", "plotext", "watchfiles"} & set(sys.modules)
sys.exit("imported: " + " ".join(sorted(heavy)) if heavy else 0)
"""

ATTACH: Sequence[object] = ["attach", 1]
BEAT: Sequence[object] = ["beat", "a", 0.02, None, [{"type": "map", "data": {"@__bt_a0": {"7": 3}}}]]


def acted(*steps: Sequence[object]) -> str:
    """A program that carries out steps."""
    words = json.dumps(steps).replace("__bt_", "\\u005f_bt_")
    return f"profile:hz:99 {{ @n[pid] = count(); }} // standin: {words}\n"


GOOD = acted(ATTACH, BEAT)


class Shell:
    """Runs bttop with a stand-in for bpftrace, in a folder and a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = sys.executable
        self.binary = standin(folder)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "BTTOP_BPFTRACE": str(self.binary),
            "PYTHONPATH": str(Path(__file__).parents[1] / "src"),
        }

    def command(self, *arguments: str, code: str = RUN) -> list[str]:
        return [self.python, "-c", code, *arguments]

    def run(self, *arguments: str, code: str = RUN, **options: Any) -> subprocess.CompletedProcess[str]:
        settings = {"stdin": subprocess.DEVNULL, "capture_output": True} | options
        environment = self.environment | settings.pop("more", {})
        return subprocess.run(
            self.command(*arguments, code=code),
            cwd=self.folder,
            env=environment,
            text=True,
            timeout=PATIENCE * 2,
            check=False,
            **settings,
        )

    @contextlib.contextmanager
    def running(self, *arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | options
        process = subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=self.environment, text=True, **settings
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def wait(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def descendants(pid: int) -> list[int]:
    """The tracer and the programs below it."""
    found = children(pid)
    return found + [one for child in found for one in descendants(child)]


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# Usage errors.


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--nonsense"], "--nonsense"),
        (["stream", "--nonsense"], "--nonsense"),
        (["probes", "one", "surplus"], "surplus"),
        (["stream", "nosuchprobe"], "there is no probe 'nosuchprobe'"),
        (["stream", "/no/such/file.bt"], "there is no file /no/such/file.bt"),
        (["stream", "/"], "is a directory"),
        (["stream", "-p", "0"], "there is no process 0"),
        (["stream", "-p", "/no/such"], "cgroup"),
        (["stream", "-i", "0"], "'0' is not between"),
        (["stream", "-i", "nan"], "'nan' is not between"),
        (["stream", "--for", "soon"], "'soon' is not a duration"),
        (["stream", "--for", "-1s"], "--for"),
        (["stream", "-e"], "-e"),
        (["stream", "--budget", "0"], "'0' is not a percentage of all CPUs"),
        (["stream", "--budget", "101%"], "'101%' is not a percentage of all CPUs"),
        (["--budget", "much"], "'much' is not a percentage of all CPUs"),
        (["--for", "soon"], "'soon' is not a duration"),
        (["--idle", "never"], "'never' is not a duration"),
    ],
)
def test_a_usage_error_exits_with_2_and_one_sentence(shell: Shell, arguments: list[str], says: str) -> None:
    found = shell.run(*arguments)
    assert found.returncode == 2
    assert not found.stdout
    assert says in found.stderr
    assert "Traceback" not in found.stderr
    assert len(found.stderr.splitlines()) <= 2


@pytest.mark.parametrize("stdin_is_terminal", [True, False])
def test_the_dashboard_without_a_terminal_hints_at_the_stream(shell: Shell, stdin_is_terminal: bool) -> None:
    ours, theirs = pty.openpty()
    try:
        found = shell.run(stdin=theirs if stdin_is_terminal else subprocess.DEVNULL)
    finally:
        os.close(ours)
        os.close(theirs)
    assert found.returncode == 2
    assert "is not a terminal" in found.stderr
    assert "bttop stream" in found.stderr
    assert not found.stdout


def test_a_terminal_that_cannot_be_drawn_on_hints_at_the_stream(shell: Shell) -> None:
    ours, theirs = pty.openpty()
    try:
        found = shell.run(
            stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, capture_output=False, more={"TERM": "dumb"}
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert (found.returncode, "bttop stream" in found.stderr) == (2, True)


# Environments.


@pytest.mark.parametrize("way", ["option", "variable"])
def test_no_bpftrace_exits_with_3_and_the_command_that_installs_it(shell: Shell, way: str) -> None:
    if way == "option":
        found = shell.run("stream", "--bpftrace", "no-such-bpftrace")
    else:
        found = shell.run("stream", more={"BTTOP_BPFTRACE": "no-such-bpftrace"})
    assert found.returncode == 3
    usual = find_program("bpftrace")
    instead = f"; without --bpftrace and $BTTOP_BPFTRACE, bttop runs {usual}" if usual else f"\n  {install_command()}"
    assert found.stderr == f"no bpftrace: no-such-bpftrace is not installed here{instead}\n"
    assert not found.stdout


def as_nobody(shell: Shell, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run as a user without any privilege, in a folder and with a Python that this user can reach."""
    if os.geteuid() != 0:
        return shell.run(*arguments, code=BARE, start_new_session=True)
    shell.folder.chmod(0o755)
    for parent in shell.folder.parents:
        if parent.name.startswith(("pytest-", "popen-")):
            parent.chmod(0o755)
    # In a session without a terminal, where sudo can ask nobody.
    options: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "start_new_session": True}
    # A Python of the same release can use the packages of this one.
    shell.environment["PYTHONPATH"] += os.pathsep + str(Path(msgspec.__file__).parents[1])
    for shell.python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if shell.run(code="import bttop.commands.stream", **options).returncode == 0:
                return shell.run(*arguments, code=BARE, **options)
    pytest.skip(f"another user can reach neither {sys.executable} nor another Python with bttop")


def test_a_normal_user_exits_with_3_and_the_sudo_command(shell: Shell) -> None:
    shell.binary.write_text("#!/bin/sh\necho bpftrace v0.23.0\n")
    (shell.folder / "a b.bt").write_text(GOOD)
    found = as_nobody(shell, "stream", "-e", "BEGIN { @ = 1; }", "a b.bt")
    assert found.returncode == 3
    cause, hint = found.stderr.splitlines()
    assert cause.startswith("no privilege: bpftrace needs root; this is a normal user, and ")
    command = f"bttop stream --bpftrace {shell.binary} -e 'BEGIN {{ @ = 1; }}' 'a b.bt'"
    assert hint in (f"  sudo {command}", f"  {shlex.join(['su', '-c', command])}")
    assert not found.stdout


def test_a_normal_user_may_list_the_library(shell: Shell) -> None:
    found = as_nobody(shell, "probes")
    assert (found.returncode, found.stderr) == (0, "")
    assert "syscalls" in found.stdout


# The library.


def test_the_library_is_listed_with_a_line_for_what_cannot_be_used(shell: Shell) -> None:
    empty = shell.folder / "empty"
    empty.mkdir()
    found = shell.run("probes", "--probes", str(empty))
    assert found.returncode == 0
    assert "System calls by process" in found.stdout
    assert f"cannot be used: {empty}: there is no .bt file in this directory" in found.stdout


def test_a_users_own_probe_comes_before_the_shipped_one(shell: Shell) -> None:
    (shell.folder / "probes").mkdir()
    (shell.folder / "probes" / "syscalls.bt").write_text('// /// bttop\n// title = "Mine"\n// ///\n' + GOOD)
    assert re.search(r"^syscalls +Mine$", shell.run("probes").stdout, re.MULTILINE)


@pytest.mark.parametrize("arguments", [["--help"], ["stream", "--help"], ["probes", "--help"], ["--version"]])
def test_help_goes_to_standard_output(shell: Shell, arguments: list[str]) -> None:
    found = shell.run(*arguments)
    assert (found.returncode, found.stderr) == (0, "")
    assert "bttop" in found.stdout


# The stream.


def test_every_line_is_one_map_of_one_flush(shell: Shell) -> None:
    found = shell.run("stream", "-i", "0.1", "-e", GOOD, "--for", "2s")
    assert (found.returncode, found.stderr) == (0, "")
    lines = objects(found.stdout)
    assert [line["flush"] for line in lines] == list(range(1, len(lines) + 1))
    line = lines[1]
    assert line.keys() >= {"time", "seconds", "program", "generation", "flush", "map", "kind", "columns", "rows"}
    told = (line["program"], line["generation"], line["map"], line["kind"], line["columns"], line["rows"])
    assert told == ("-e 1", 1, "n", "count", ["pid"], [{"key": [7], "value": 3}])


def test_a_program_with_an_error_is_told_on_stderr_while_the_others_go_on(shell: Shell) -> None:
    bad = acted(["refuse", "stdin:1:1-15: ERROR: no such unit: hz\n", 1])
    found = shell.run("stream", "-i", "0.1", "-e", bad, "-e", GOOD, "--for", "2s")
    assert found.returncode == 1
    assert {line["program"] for line in objects(found.stdout)} == {"-e 2"}
    head, source, mark = found.stderr.splitlines()
    assert head == "bttop: -e 1:1:1 no such unit: hz"
    assert source.startswith("  profile:hz:99 {")
    assert mark == f"  ^{'~' * 13}"


def test_a_stream_of_which_nothing_can_run_ends_by_itself_with_1(shell: Shell) -> None:
    found = shell.run("stream", "-e", acted(["refuse", "ERROR: no\n", 1]))
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "bttop: -e 1: no\n"


def test_a_faulty_file_is_told_and_does_not_stop_the_others(shell: Shell) -> None:
    (shell.folder / "faulty.bt").write_text(f"// /// bttop\n// surprise = 1\n// ///\n{GOOD}")
    found = shell.run("stream", "./faulty.bt", "-e", GOOD, "-i", "0.1", "--for", "2s")
    assert found.returncode == 1
    assert found.stdout
    assert "faulty.bt:2: " in found.stderr


@pytest.mark.parametrize("command", [["stream"], ["record", "-o", "s.bttop"]])
@pytest.mark.parametrize(("programs", "code"), [(["good", "good"], 0), (["good", "bad"], 1), (["bad", "bad"], 1)])
def test_the_exit_code_says_whether_every_program_could_run(
    shell: Shell, command: list[str], programs: list[str], code: int
) -> None:
    texts = {"good": GOOD, "bad": acted(["refuse", "stdin:1:1-2: ERROR: no\n", 1])}
    words = [word for one in programs for word in ("-e", texts[one])]
    assert shell.run(*command, "-i", "0.1", *words, "--for", "2s").returncode == code


def test_a_stream_whose_programs_have_all_ended_ends_with_what_they_printed(shell: Shell) -> None:
    text = f'BEGIN {{ printf("hello\\n"); exit(); }} // standin: {json.dumps([ATTACH, ["json", HELLO]])}\n'
    found = shell.run("stream", "-e", text)
    assert found.returncode == 0
    assert [(line["kind"], line["text"]) for line in objects(found.stdout)] == [("printf", "hello\n")]
    assert found.stderr == "bttop: -e 1: the script ended by itself\n"


HELLO = {"type": "printf", "data": "hello\n"}


CODES = [(one, 0 if one == signal.SIGINT else 128 + one) for one in (*USUAL, *UNUSUAL)]


@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_ends_the_stream_in_order_and_leaves_no_process(shell: Shell, number: int, code: int) -> None:
    deaf = acted(["deaf", 2], ATTACH, BEAT)
    with shell.running("stream", "-i", "0.1", "-e", GOOD, "-e", deaf) as process:
        assert process.stdout is not None
        seen = set[str]()
        while len(seen) < 2:
            seen.add(json.loads(process.stdout.readline())["program"])
        below = descendants(process.pid)
        assert len(below) == 3
        process.send_signal(number)
        rest, complaints = process.communicate(timeout=PATIENCE)
        assert (process.returncode, complaints) == (code, "")
        assert rest.endswith("\n") or not rest
        objects(rest)
        assert all(map(is_gone, below))


@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_ends_the_recording_in_order_with_a_whole_file(shell: Shell, number: int, code: int) -> None:
    path = shell.folder / "out.bttop"
    with shell.running("record", "-i", "0.1", "-e", GOOD, "-o", str(path)) as process:
        wait(lambda: recorded_seconds(path) > 0.5, "the first flushes")
        below = descendants(process.pid)
        process.send_signal(number)
        _, complaints = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, complaints
        assert all(map(is_gone, below))
    assert [one.name for one in shell.folder.glob("out*")] == ["out.bttop"], "no log is left beside it"
    with Snapshot(path) as snapshot:
        assert snapshot.integrity() == ()
        assert snapshot.extent(snapshot.programs[0].id)[1] > 0


@pytest.mark.parametrize("command", ["stream", "record"])
def test_an_interrupt_before_a_run_has_begun_says_so(shell: Shell, command: str) -> None:
    slow, asked = shell.folder / "slow", shell.folder / "asked"
    slow.write_text(f"#!/bin/sh\n: >{asked}\nexec sleep 600\n")
    slow.chmod(0o755)
    with shell.running(command, "-e", GOOD, "--bpftrace", str(slow)) as process:
        wait(asked.exists, "the question for the release")
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints) == (130, "bttop: interrupted\n")


def test_somebody_elses_alarm_ends_a_stream_that_has_an_alarm_of_its_own(shell: Shell) -> None:
    with shell.running("stream", "-i", "0.1", "-e", GOOD, "--for", "10m") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGALRM)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 142


def test_a_reader_that_leaves_ends_the_stream_quietly(shell: Shell) -> None:
    with shell.running("stream", "-i", "0.1", "-e", GOOD) as process:
        assert process.stdout is not None
        process.stdout.readline()
        below = descendants(process.pid)
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert all(map(is_gone, below))


def test_a_reader_that_leaves_after_a_loss_is_told_of_it(shell: Shell) -> None:
    with shell.running("stream", "-i", "0.1", "-e", FLOOD) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "left out: standard output is read too slowly" in process.stderr.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 1
        assert "flushes were left out, as the reader was too slow" in process.stderr.read()


def test_a_reader_that_leaves_is_told_of_a_program_that_could_not_run(shell: Shell) -> None:
    refused = acted(["refuse", "stdin:1:1-2: ERROR: no such thing\n", 1])
    with shell.running("stream", "-i", "0.1", "-e", refused, "-e", GOOD) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "no such thing" in process.stderr.readline()
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 1


RECORDS = [{"type": "map", "data": {"@__bt_a0": {"7": 3}}}]
LARGE = [{"type": "map", "data": {"@__bt_a0": {str(key): key for key in range(500)}}}]
FLOOD = acted(ATTACH, ["beat", "a", 0.001, None, LARGE])


@pytest.mark.parametrize("way", ["SIGTERM", "--for"])
def test_a_reader_that_does_not_read_loses_flushes_by_number_and_cannot_keep_it_from_ending(
    shell: Shell, way: str
) -> None:
    length = ["--for", "0.5s"] if way == "--for" else []
    with shell.running("stream", "-i", "0.1", "-e", FLOOD, *length) as process:
        wait(lambda: len(descendants(process.pid)) == 2, "the program")
        below = descendants(process.pid)
        assert process.stdout is not None
        assert process.stderr is not None
        pipe = process.stdout.fileno()
        wait(lambda: is_full(pipe), "a full pipe")
        if way == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 1
        assert all(map(is_gone, below))
        assert re.search(r"stream: \d+ flushes were left out, as the reader was too slow", process.stderr.read())


def unread(pipe: int) -> int:
    """Bytes that wait in a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def is_full(pipe: int) -> bool:
    """Whether a pipe takes no more: what waits in it does not grow, although more is to come."""
    before = unread(pipe)
    time.sleep(0.3)
    return 0 < before == unread(pipe)


def test_a_slow_reader_gets_whole_lines_and_the_number_of_those_that_it_was_too_slow_for(shell: Shell) -> None:
    with shell.running("stream", "-i", "0.1", "-e", FLOOD) as process:
        assert process.stdout is not None
        pipe = process.stdout.fileno()
        wait(lambda: is_full(pipe), "a full pipe")
        assert process.stderr is not None
        assert "flushes were left out" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        found = objects(process.stdout.read())
        assert process.wait(PATIENCE) == 1
    *flushes, last = found
    assert last["kind"] == "left out"
    assert last["flushes"] > 0
    assert all(flush["kind"] == "count" for flush in flushes)


def test_a_reader_that_goes_on_reading_gets_every_flush(shell: Shell) -> None:
    records = [{"type": "map", "data": {"@__bt_a0": {str(key): 1 for key in range(2_000)}}}]
    script = acted(ATTACH, ["beat", "a", 0.01, 40, records], ["exit", 0])
    with shell.running("stream", "-i", "0.1", "-e", script) as process:
        assert process.stdout is not None
        text = ""
        while chunk := os.read(process.stdout.fileno(), 4_000).decode():
            text += chunk
            time.sleep(0.002)  # about 2 MB/s, a tenth of what is written at once
        assert process.wait(PATIENCE) == 0
    assert [line["flush"] for line in objects(text)] == list(range(1, 41))


def wait_for_flushes(shell: Shell, process: subprocess.Popen[str], command: str) -> None:
    """Wait until the flushes that a program prints, up to `printed`, have arrived."""
    printed = shell.folder / "printed"
    wait(printed.exists, "the flushes")
    printed.unlink()
    if command == "stream":
        assert process.stdout is not None
        pipe = process.stdout.fileno()
        wait(lambda: unread(pipe) > 0, "a line")
    else:
        time.sleep(0.5)  # the file is written later, and only at times


@pytest.mark.parametrize("command", ["stream", "record"])
@pytest.mark.parametrize("way", ["SIGINT", "--for"])
def test_a_last_flush_that_does_not_come_is_said(shell: Shell, command: str, way: str) -> None:
    # It is deaf: the tracer has to kill it, and what it counted last is gone.
    script = acted(["deaf", -1], ATTACH, ["beat", "a", 0.05, 3, RECORDS], ["touch", "printed"], ["wait"])
    more = [*(["--for", "0.5s"] if way == "--for" else []), *(["-o", "run.bttop"] if command == "record" else [])]
    with shell.running(command, "-i", "0.1", "-e", script, *more) as process:
        if way == "SIGINT":
            wait_for_flushes(shell, process, command)
            process.send_signal(signal.SIGINT)
        streamed, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "-e 1: what it counted since its last flush is missing: bpftrace was killed by SIGKILL" in said
    if command == "stream":
        *flushes, last = objects(streamed)
        assert {one["kind"] for one in flushes} == {"count"}
        assert (last["kind"], last["program"]) == ("lost", "-e 1")
        found = [last["text"]]
    else:
        with Snapshot(shell.folder / "run.bttop") as snapshot:
            found = [mark.note for mark in snapshot.marks() if mark.cause == LOST]
    assert found == ["what -e 1 counted since its last flush is missing: bpftrace was killed by SIGKILL"]


@pytest.mark.parametrize("command", ["stream", "record"])
def test_two_signals_that_come_together_are_one_and_a_later_one_ends_the_wait(shell: Shell, command: str) -> None:
    last = [["json", RECORDS[0]], ["heartbeat", "a", 9, 9_000_000_000, 1]]
    for detach, pause, code in ((0.5, 0.05, 0), (6.0, 1.5, 1)):
        beats = (["beat", "a", 0.05, 3, RECORDS], ["touch", "printed"], ["wait"])
        script = acted(["at-exit", [["sleep", detach], *last]], ATTACH, *beats)
        out = ["-o", f"{code}.bttop"] if command == "record" else []
        with shell.running(command, "-i", "0.1", "-e", script, *out) as process:
            wait_for_flushes(shell, process, command)
            process.send_signal(signal.SIGINT)
            time.sleep(pause)
            process.send_signal(signal.SIGINT)
            streamed, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, said
        assert ("is missing: bttop did not wait until it was detached" in said) == bool(code)
        if command == "stream":
            assert (objects(streamed)[-1]["kind"] == "lost") == bool(code)


def test_a_full_disk_is_told(shell: Shell) -> None:
    with Path("/dev/full").open("w") as full:
        found = shell.run("stream", "-i", "0.1", "-e", GOOD, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert found.returncode == 1
    assert found.stderr == "cannot write: standard output: No space left on device\n"


# What is imported.


@pytest.mark.parametrize(
    "arguments", [["--help"], ["probes"], ["stream", "--help"], ["stream", "-e", GOOD, "--for", "0.2s"]]
)
def test_a_command_without_a_screen_imports_no_screen(shell: Shell, arguments: list[str]) -> None:
    code = f"{ANYWHERE}\ntry: bttop.cli.main()\nexcept SystemExit: pass\n{HEAVY}"
    found = shell.run(*arguments, code=code)
    assert found.returncode == 0, found.stderr


def modules() -> list[str]:
    """Every module below the screen."""
    root = Path(__file__).parents[1] / "src"
    rooms = ("engine", "model", "script", "store")
    files = [file for room in rooms for file in sorted((root / "bttop" / room).rglob("*.py"))]
    names = [".".join(file.relative_to(root).with_suffix("").parts) for file in files]
    return ["bttop.cli", *(name.removesuffix(".__init__") for name in names if name != WATCHES)]


WATCHES = "bttop.engine.reload.folder_watch"
"""The one module that may know watchfiles; it is left out here and held to the rest of the rule by its contract."""


def test_no_module_below_the_screen_imports_a_screen(shell: Shell) -> None:
    code = "import sys\n" + "".join(f"import {name}\n" for name in modules()) + HEAVY
    found = shell.run(code=code)
    assert found.returncode == 0, found.stderr
