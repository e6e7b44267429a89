"""The tracer in a process of its own, spoken to as the dashboard does."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop import tracer
from bttop.engine.tracer.frames import (
    BpfSurvey,
    CostTotals,
    Descriptors,
    Dropped,
    Exited,
    Failed,
    Frame,
    FrameReader,
    Hello,
    Metering,
    Started,
    StartRefused,
)
from bttop.model.record.records import StampedLine
from tests.pythons import PYTHONS
from tests.standin import Steps, standin

PATIENCE = 60.0
"""Seconds that a condition may take on a busy machine; nothing waits that long when all is well."""
TRACER = Path(tracer.__file__)
BPFTRACES = [name for name in ["bpftrace", *os.environ.get("BTTOP_TEST_BPFTRACE", "").split(":")] if shutil.which(name)]

F = TypeVar("F")


class Session:
    """A tracer and all the frames that were read from it."""

    def __init__(self, folder: Path, *options: str, python: str = sys.executable) -> None:
        self.folder = folder
        self.frames: list[Frame] = []
        self.reader = FrameReader()
        self.started = itertools.count(1)
        command = [python, "-I", "-S", str(TRACER), *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def send(self, **command: object) -> None:
        self.stdin.write(json.dumps(command).encode() + b"\n")

    def start(self, *steps: list[Any], argv: list[str] | None = None, **more: object) -> int:
        """Start a stand-in (or argv); returns its id."""
        ident = next(self.started)
        path = str(standin(self.folder, steps, name=f"program{ident}"))
        self.send(do="start", id=ident, argv=argv or [path], **{"env": {}, "nice": 0, **more})
        return ident

    def read(self, timeout: float) -> bool:
        """Read once; False at the end, or when nothing came."""
        if not select.select([self.stdout], [], [], timeout)[0]:
            return False
        data = os.read(self.stdout.fileno(), 1 << 18)
        self.frames += self.reader.feed(data)
        return bool(data)

    def until(self, met: Callable[[], F]) -> F:
        """Read until the condition is met, and return what it returned."""
        deadline = time.monotonic() + PATIENCE
        while not (result := met()):
            assert self.read(deadline - time.monotonic()), f"it never came; last: {self.frames[-3:]}"
        return result

    def all(self, kind: type[F], ident: int | None = None) -> list[F]:
        return [f for f in self.frames if isinstance(f, kind) and ident in (None, f.generation)]

    def one(self, kind: type[F], ident: int | None = None) -> F:
        """The first frame of the kind, waited for."""
        return self.until(lambda: self.all(kind, ident))[0]

    def lines(self, ident: int | None = None, stream: str = "stdout") -> list[bytes]:
        return [line.data for line in self.all(StampedLine, ident) if line.stream == stream]

    def finish(self, ident: int) -> int:
        """The exit code, waited for."""
        return self.one(Exited, ident).code

    def report(self, ident: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.until(lambda: self.lines(ident))[0])
        return found

    def end(self) -> int:
        """Close stdin and return the exit code."""
        self.stdin.close()
        return self.process.wait(PATIENCE)

    def destroy(self) -> None:
        self.process.kill()
        self.process.wait()
        self.stdin.close()
        self.stdout.close()


@pytest.fixture
def open_session(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    sessions: list[Session] = []

    def make(*options: str, python: str = sys.executable) -> Session:
        sessions.append(Session(tmp_path, *options, python=python))
        return sessions[-1]

    yield make
    for session in sessions:
        session.destroy()


@pytest.fixture
def session(open_session: Callable[..., Session]) -> Session:
    return open_session()


def wait_for(met: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie that init has not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# Lines


@given(st.lists(st.binary(max_size=12).map(lambda data: data.replace(b"x", b"\n")), max_size=30))
def test_lines_do_not_depend_on_how_the_stream_is_cut(chunks: list[bytes]) -> None:
    lines = tracer.Lines(1000)
    found = [bytes(line) for chunk in chunks for line in lines.feed(chunk) if not isinstance(line, int)]
    found += [bytes(line) for line in lines.flush() if not isinstance(line, int)]
    whole = b"".join(chunks).split(b"\n")
    assert found == (whole if whole[-1] else whole[:-1])


@given(st.lists(st.integers(0, 40), max_size=20), st.integers(1, 50))
def test_a_line_above_the_cap_is_its_length(lengths: list[int], step: int) -> None:
    stream = b"".join(b"x" * length + b"\n" for length in lengths)
    lines = tracer.Lines(20)
    found = [line for at in range(0, len(stream), step) for line in lines.feed(stream[at : at + step])]
    assert found == [length if length > 20 else b"x" * length for length in lengths]


class Way:
    """An output into a small pipe that somebody reads when it is told to."""

    def __init__(self) -> None:
        self.read_end, write_end = os.pipe2(os.O_NONBLOCK)
        fcntl.fcntl(write_end, tracer.F_SETPIPE_SZ, 4096)
        self.output = tracer.FrameOutput(write_end, tracer.BUFFER)
        self.program = tracer.TracedProcess(1, -1, -1, [], -1)
        self.reader = FrameReader()
        self.frames: list[Frame] = []

    def close(self) -> None:
        os.close(self.read_end)
        os.close(self.output.fd)

    def read(self, size: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self.frames += self.reader.feed(os.read(self.read_end, size))

    def cost(self) -> None:
        self.output.cost(0, tracer.process_cost(os.getpid()))

    def finish(self) -> None:
        while self.output.waits() or select.select([self.read_end], [], [], 0)[0]:
            self.output.push()
            self.read(1 << 16)


@given(
    st.lists(
        st.one_of(
            st.lists(st.binary(max_size=3000), min_size=1, max_size=4),
            st.just("cost"),
            st.just("push"),
            st.integers(1, 5000),
        ),
        max_size=40,
    )
)
def test_no_frame_is_torn_by_a_cost_that_goes_ahead(steps: list[list[bytes] | str | int]) -> None:
    way = Way()
    told: list[bytes] = []
    with contextlib.closing(way), mock.patch.object(tracer, "JOIN_LIMIT", 2000):
        for step in steps:
            if isinstance(step, list):
                way.output.lines(way.program, b"o", list(step))
                told += step
            elif isinstance(step, int):
                way.read(step)
            elif step == "push":
                way.output.push()
            else:
                way.cost()
        way.finish()
    assert [frame.data for frame in way.frames if isinstance(frame, StampedLine)] == told
    assert sum(isinstance(frame, CostTotals) for frame in way.frames) == steps.count("cost")
    assert (way.output.size, way.program.queued) == (0, 0)


def test_a_cost_overtakes_the_lines_of_a_flood() -> None:
    way = Way()
    with contextlib.closing(way):
        for number in range(100):
            way.output.lines(way.program, b"o", [b"%d" % number * 1000])
        way.output.push()
        way.cost()
        way.finish()
    assert [isinstance(frame, CostTotals) for frame in way.frames].index(True) < 10
    assert len(way.frames) == 101


def test_lines_arrive_in_order_between_started_and_exited(session: Session) -> None:
    ident = session.start(["flood", 5000, "line"], ["exit", 3])
    assert session.finish(ident) == 3
    assert session.lines() == [b"%d line" % number for number in range(5000)]
    own = [frame for frame in session.frames if frame.generation == ident]
    assert isinstance(own[0], Started)
    assert isinstance(own[-1], Exited)


def test_hello_comes_first_with_the_pid(session: Session) -> None:
    session.one(Hello)
    assert isinstance(session.frames[0], Hello)
    assert session.frames[0].pid == session.process.pid


def test_every_line_carries_the_moment_it_arrived(session: Session) -> None:
    clocks = (time.CLOCK_BOOTTIME, time.CLOCK_REALTIME)
    before = [time.clock_gettime_ns(clock) for clock in clocks]
    go = session.folder / "go"
    ident = session.start(["line", "a"], ["await", str(go)], ["line", "b"])
    session.until(lambda: session.lines(ident))
    between = [time.clock_gettime_ns(clock) for clock in clocks]
    go.touch()
    session.finish(ident)
    after = [time.clock_gettime_ns(clock) for clock in clocks]
    first, second = (line.stamp for line in session.all(StampedLine))
    for clock in range(2):
        assert before[clock] <= first[clock] <= between[clock] <= second[clock] <= after[clock]


def test_an_unfinished_last_line_is_sent(session: Session) -> None:
    ident = session.start(["line", "whole"], ["raw", "cut off"], ["die", signal.SIGKILL])
    assert session.finish(ident) == -signal.SIGKILL
    assert session.lines() == [b"whole", b"cut off"]


def test_any_bytes_pass_unchanged(session: Session) -> None:
    session.finish(session.start(["line", ""], ["line", "a\r"], ["garbage", 70_000], ["line", ""], ["line", ""]))
    stream = b"\n".join(session.lines())
    assert stream.startswith(b"\na\r\n")
    assert set(stream) == set(range(256))
    assert stream.endswith(b"\xff\n")
    assert len(stream) == 1 + 3 + 70_000 + 1


def test_a_line_is_kept_up_to_the_cap_and_counted_above(open_session: Callable[..., Session]) -> None:
    session = open_session("--cap", "1000")
    session.finish(session.start(["huge", 1000], ["huge", 1001], ["line", "next"], ["huge", 300_000], ["line", "last"]))
    found = [(f.stream, f.data) for f in session.frames if isinstance(f, StampedLine)]
    assert found == [
        ("stdout", b"x" * 1000),
        ("oversized", b"1001"),
        ("stdout", b"next"),
        ("oversized", b"300000"),
        ("stdout", b"last"),
    ]


def test_a_line_of_many_megabytes_comes_whole(session: Session) -> None:
    session.finish(session.start(["huge", 20_000_000]))
    assert session.lines() == [b"x" * 20_000_000]


def test_pieces_on_stderr_become_one_line(session: Session) -> None:
    session.finish(
        session.start(["error", "ERROR"], ["error", ": "], ["error", "text"], ["error", "\n"], ["error", "\n"])
    )
    assert session.lines(stream="stderr") == [b"ERROR: text", b""]


def test_the_beginning_of_a_line_on_stderr_is_sent_after_a_silence(session: Session) -> None:
    go = session.folder / "go"
    ident = session.start(["error", "half"], ["await", str(go)], ["error", "\n"], ["error", "next\n"])
    session.until(lambda: session.lines(stream="stderr"))
    assert not session.all(Exited)
    go.touch()
    session.finish(ident)
    assert session.lines(stream="stderr") == [b"half", b"next"]


def test_the_beginning_of_a_line_on_stdout_waits_for_its_end(session: Session) -> None:
    go = session.folder / "go"
    steps: Steps = (["raw", "half"], ["error", "a"], ["await", str(go)], ["raw", " whole\n"])
    ident = session.start(*map(list, steps))
    session.until(lambda: session.lines(stream="stderr"))
    go.touch()
    session.finish(ident)
    assert session.lines() == [b"half whole"]


# A reader that stops


def test_what_is_sent_and_what_is_dropped_add_up(open_session: Callable[..., Session]) -> None:
    session = open_session("--buffer", "300000")
    done, total = session.folder / "done", 100_000
    ident = session.start(["flood", total, "line"], ["touch", str(done)], ["exit", 0])
    wait_for(done.exists)
    session.finish(ident)
    lines, dropped = session.lines(), session.all(Dropped)[-1]
    assert dropped.lines > 0
    assert len(lines) + dropped.lines == total
    whole = sum(len(b"%d line" % number) for number in range(total))
    assert sum(map(len, lines)) + dropped.bytes == whole
    numbers = [int(line.split()[0]) for line in lines]
    assert numbers == sorted(set(numbers))


def test_every_gap_is_told_before_the_next_line(open_session: Callable[..., Session]) -> None:
    session = open_session("--buffer", "300000")
    done = session.folder / "done"
    ident = session.start(["flood", 100_000, "line"], ["touch", str(done)])
    wait_for(done.exists)
    session.finish(ident)
    told = seen = 0
    for frame in session.frames:
        if isinstance(frame, Dropped):
            told = frame.lines
        elif isinstance(frame, StampedLine):
            assert int(frame.data.split()[0]) == told + seen
            seen += 1
    assert told


def test_a_flood_does_not_push_out_the_lines_of_a_quiet_program(open_session: Callable[..., Session]) -> None:
    session = open_session("--buffer", "1000000")
    flooded, said = session.folder / "flooded", session.folder / "said"
    loud = session.start(["flood", 200_000, "line"], ["touch", str(flooded)])
    quiet = session.start(["await", str(flooded)], ["flood", 20, "quiet"], ["touch", str(said)])
    wait_for(said.exists)
    session.finish(loud)
    session.finish(quiet)
    assert session.all(Dropped, loud)
    assert len(session.lines(quiet)) == 20


def test_an_endless_flood_does_not_starve_others(session: Session) -> None:
    session.start(["repeat", None, [["flood", 1000, "line"]]])
    quiet = session.start(["line", "here"])
    assert session.finish(quiet) == 0
    assert session.lines(quiet) == [b"here"]


# Starting


def test_a_program_gets_exactly_its_environment(session: Session) -> None:
    ident = session.start(["report"], env={"A": "1 ü", "HOME": "/nowhere"})
    env = session.report(ident)["env"]
    assert env.pop("PATH")
    assert env == {"A": "1 ü", "HOME": "/nowhere", "LANG": "C.UTF-8"}


def test_a_program_has_its_own_session_and_no_input(session: Session) -> None:
    found = session.report(session.start(["report"], nice=11))
    assert found["pid"] == found["pgid"] == found["sid"]
    assert found["ppid"] == session.process.pid
    assert found["stdin"] == "/dev/null"
    assert found["nice"] == 11


def test_a_program_may_open_as_many_files_as_the_hard_limit_allows(session: Session) -> None:
    soft, hard = session.report(session.start(["report"]))["nofile"]
    assert hard == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert soft >= min(hard, 65536) or hard == resource.RLIM_INFINITY


LIBRARY_SIGNALS = 0b11 << 31
"""32 and 33 belong to glibc, which may leave them ignored in what posix_spawn starts; no program can set them."""


def test_a_program_inherits_no_ignored_or_blocked_signal(session: Session) -> None:
    session.finish(session.start(argv=["cat", "/proc/self/status"]))
    status = dict(line.split(b":\t", 1) for line in session.lines())
    assert int(status[b"SigIgn"], 16) & ~LIBRARY_SIGNALS == 0
    assert int(status[b"SigBlk"], 16) & ~LIBRARY_SIGNALS == 0


def test_a_program_inherits_no_descriptor(session: Session) -> None:
    session.start(["wait"])
    session.one(Started)
    second = session.start(argv=["ls", "/proc/self/fd"])
    session.finish(second)
    assert session.lines(second) == [b"0", b"1", b"2", b"3"]  # 3 is the folder that ls reads


@pytest.mark.parametrize(("mode", "reason"), [(None, "No such file or directory"), (0o644, "Permission denied")])
def test_a_program_that_cannot_be_executed_failed(session: Session, mode: int | None, reason: str) -> None:
    path = session.folder / "tool"
    if mode is not None:
        path.touch(mode)
    failed = session.one(Failed, session.start(argv=[str(path)]))
    assert failed.reason == f"{path}: {reason}"
    assert session.end() == 0
    while session.read(0):
        pass
    assert not session.all(Started)
    assert not session.all(Exited)


def test_a_program_runs_in_the_folder_that_is_named_or_in_the_tracer_s_own(session: Session, tmp_path: Path) -> None:
    named = session.start(["report"], folder=str(tmp_path))
    assert session.report(named)["folder"] == str(tmp_path)
    assert session.report(session.start(["report"]))["folder"] == str(Path.cwd())


def test_a_program_whose_folder_is_gone_does_not_start(session: Session, tmp_path: Path) -> None:
    ident = session.start(["report"], folder=str(tmp_path / "gone"))
    assert "No such file or directory" in session.one(Failed, ident).reason


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"[1]",
        b"[" * 100_000,
        b'{"do": "start", "id": 1}',
        b'{"do": "start", "id": 1, "argv": []}',
        b'{"do": "start", "id": 1, "argv": ["a\\u0000b"]}',
        b'{"do": "start", "id": 1, "argv": ["\\ud800"]}',
        b'{"do": "start", "id": 1, "argv": ["true"], "env": {"A=B": "1"}}',
        b'{"do": "start", "id": 1, "argv": ["true"], "env": {"A": 1}}',
        b'{"do": "start", "id": 1, "argv": ["true"], "nice": 99}',
        b'{"do": "start", "id": true, "argv": ["true"]}',
        b'{"do": "start", "id": 4294967296, "argv": ["true"]}',
        b'{"do": "stop", "id": 7, "grace": 1}',
        b'{"do": "stop", "id": 7}',
        b'{"do": "nice", "id": 7, "nice": 0}',
        b'{"do": "watch", "id": null}',
        b'{"do": ["start"], "id": 1}',
        b'{"do": "dance", "id": 1}',
    ],
)
def test_a_command_that_makes_no_sense_is_refused(session: Session, line: bytes) -> None:
    session.stdin.write(line + b"\n")
    assert session.one(StartRefused).reason
    assert session.finish(session.start(["line", "still here"])) == 0


def test_an_id_is_used_once(session: Session) -> None:
    session.start(["line", "first"])
    session.finish(1)
    session.send(do="start", id=1, argv=["true"], env={})
    assert session.one(StartRefused, 1).reason == "id 1 was used before"


def test_a_command_for_a_program_that_has_ended_is_no_error(session: Session) -> None:
    session.finish(session.start())
    session.send(do="stop", id=1, grace=1)
    session.send(do="watch", id=1)
    session.send(do="nice", id=1, nice=5)
    session.finish(session.start())
    assert not session.all(StartRefused)


# Nice and descriptors


def test_nice_changes_one_program_or_all(session: Session) -> None:
    first = session.one(Started, session.start(["wait"])).pid
    second = session.one(Started, session.start(["wait"])).pid
    session.send(do="nice", id=2, nice=4)
    wait_for(lambda: os.getpriority(os.PRIO_PROCESS, second) == 4)
    assert os.getpriority(os.PRIO_PROCESS, first) == 0
    session.send(do="nice", id=None, nice=6)
    wait_for(lambda: [os.getpriority(os.PRIO_PROCESS, pid) for pid in (first, second)] == [6, 6])


AUTOGROUP = Path("/proc/self/autogroup")


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel has no CONFIG_SCHED_AUTOGROUP")
def test_a_nice_value_holds_against_other_sessions_too(session: Session) -> None:
    pid = session.one(Started, session.start(["wait"], nice=7)).pid
    group = Path(f"/proc/{pid}/autogroup")
    assert group.read_text().split()[-2:] == ["nice", "7"]
    session.send(do="nice", id=None, nice=0)
    wait_for(lambda: group.read_text().split()[-1] == "0")


def test_nice_sent_together_with_the_start_is_not_lost(session: Session) -> None:
    commands: list[dict[str, object]] = [
        {"do": "start", "id": 1, "argv": [str(standin(session.folder, [["wait"]]))], "env": {}, "nice": 3},
        {"do": "nice", "id": None, "nice": 8},
    ]
    session.stdin.write(b"".join(json.dumps(command).encode() + b"\n" for command in commands))
    pid = session.one(Started).pid
    wait_for(lambda: os.getpriority(os.PRIO_PROCESS, pid) == 8)


def test_a_watched_program_tells_its_descriptors_at_first_and_when_they_change(session: Session) -> None:
    ready, go = session.folder / "ready", session.folder / "go"
    ident = session.start(["open", 2], ["touch", str(ready)], ["await", str(go)], ["open", 1], ["wait"])
    wait_for(ready.exists)
    session.send(do="watch", id=ident)
    assert session.one(Descriptors).counts == {"perf_event": 0, "bpf-prog": 0, "bpf-map": 0, "eventpoll": 2}
    go.touch()
    assert session.until(lambda: session.all(Descriptors)[1:])[0].counts["eventpoll"] == 3


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0 or not BPFTRACES, reason="needs root and bpftrace")
@pytest.mark.parametrize("bpftrace", BPFTRACES)
def test_the_descriptors_of_bpftrace_are_counted(session: Session, bpftrace: str) -> None:
    script = "profile:hz:9 { @ = count(); } interval:s:1 { print(@); }"
    ident = session.start(argv=[bpftrace, "-f", "json", "-e", script], env={})
    session.until(lambda: any(b'"map"' in line for line in session.lines(ident)) or session.all(Exited))
    if session.all(Exited):
        pytest.skip(f"cannot trace here: {session.lines(stream='stderr')}")
    session.send(do="watch", id=ident)
    counts = session.one(Descriptors, ident).counts
    assert counts["perf_event"] > 0
    assert counts["bpf-prog"] >= 2
    assert counts["bpf-map"] >= 1
    assert counts["eventpoll"] >= 1
    session.send(do="stop", id=ident, grace=20)
    assert session.finish(ident) == 0


# Ending


def test_stop_interrupts_again_until_it_is_heard(session: Session) -> None:
    ident = session.start(["deaf", 2], ["at-exit", [["line", "final"]]], ["line", "ready"], ["wait"])
    session.until(session.lines)
    session.send(do="stop", id=ident, grace=PATIENCE)
    assert session.finish(ident) == 0
    assert session.lines() == [b"ready", b"final"]


def test_what_loses_no_interrupt_gets_one(session: Session) -> None:
    ident = session.start(["deaf", 1], ["at-exit", [["line", "again"]]], ["line", "ready"], ["wait"])
    session.until(session.lines)
    session.send(do="stop", id=ident, grace=1.0, again=60.0)
    assert session.finish(ident) == -signal.SIGKILL
    assert session.lines() == [b"ready"]


def test_what_closes_descriptors_has_heard_the_interrupt(session: Session) -> None:
    # It ignores SIGINT and gives back what it had open, as bpftrace does while it detaches.
    steps: list[list[Any]] = [["open", 50], ["deaf", 1], ["at-exit", [["line", "again"]]], ["line", "ready"]]
    steps += [["sleep", 0.1], ["shut"], ["sleep", 1.0], ["line", "detached"], ["exit", 0]]
    ident = session.start(*steps)
    session.until(session.lines)
    session.send(do="stop", id=ident, grace=PATIENCE)
    assert session.finish(ident) == 0
    assert session.lines() == [b"ready", b"detached"]


def test_what_prints_while_it_is_stopped_gets_more_time_but_not_for_ever(session: Session) -> None:
    printing = ["repeat", 12, [["line", "row"], ["sleep", 0.1]]]
    ident = session.start(["deaf", -1], ["line", "ready"], printing, ["exit", 0])
    session.until(session.lines)
    session.send(do="stop", id=ident, grace=0.4, again=60.0, printing=PATIENCE)
    assert session.finish(ident) == 0
    assert session.lines().count(b"row") == 12
    endless = session.start(["deaf", -1], ["line", "ready"], ["repeat", None, [["line", "row"], ["sleep", 0.1]]])
    session.until(lambda: session.lines(endless))
    session.send(do="stop", id=endless, grace=0.2, again=60.0, printing=1.0)
    assert session.finish(endless) == -signal.SIGKILL


def test_what_closes_descriptors_while_it_is_stopped_gets_more_time_but_not_for_ever(session: Session) -> None:
    detaching = ["repeat", 12, [["shut", 4], ["sleep", 0.1]]]
    ident = session.start(["open", 60], ["deaf", -1], ["line", "ready"], detaching, ["exit", 0])
    session.until(session.lines)
    session.send(do="stop", id=ident, grace=0.4, again=60.0, printing=PATIENCE)
    assert session.finish(ident) == 0
    endless = session.start(
        ["open", 60], ["deaf", -1], ["line", "ready"], ["repeat", 60, [["shut", 1], ["sleep", 0.2]]]
    )
    session.until(lambda: session.lines(endless))
    session.send(do="stop", id=endless, grace=0.2, again=60.0, printing=1.0)
    assert session.finish(endless) == -signal.SIGKILL


@pytest.mark.parametrize(
    "command",
    [
        {},
        {"grace": -1},
        {"grace": "x"},
        {"grace": 1, "again": -1},
        {"grace": 1, "again": "x"},
        {"grace": 1, "printing": -1},
    ],
)
def test_a_stop_without_numbers_of_seconds_is_refused(session: Session, command: dict[str, object]) -> None:
    ident = session.start(["line", "ready"], ["wait"])
    session.until(session.lines)
    session.send(do="stop", id=ident, **command)
    assert "must be a number of seconds" in session.one(StartRefused, ident).reason


def test_what_does_not_stop_is_killed_after_the_grace(session: Session) -> None:
    ident = session.start(["deaf", -1], ["line", "ready"], ["wait"])
    session.until(session.lines)
    session.send(do="stop", id=ident, grace=0.3)
    assert session.finish(ident) == -signal.SIGKILL


def test_a_second_stop_can_make_it_quicker(session: Session) -> None:
    ident = session.start(["deaf", -1], ["line", "ready"], ["wait"])
    session.until(session.lines)
    session.send(do="stop", id=ident, grace=PATIENCE * 10)
    session.send(do="stop", id=ident, grace=0)
    assert session.finish(ident) == -signal.SIGKILL


def test_what_a_program_leaves_in_its_group_goes_with_it(session: Session) -> None:
    ident = session.start(["child", [["deaf", -1], ["report"], ["wait"]]], ["wait"])
    child = session.report(ident)["pid"]
    session.send(do="stop", id=ident, grace=PATIENCE)
    assert session.finish(ident) == 0
    wait_for(lambda: not alive(child))


def test_a_stranger_that_holds_the_pipes_does_not_delay_the_exit(session: Session) -> None:
    ident = session.start(["escape", [["report"], ["wait"]]], ["error", "unfinished"], ["wait"])
    stranger = session.report(ident)["pid"]
    try:
        session.send(do="stop", id=ident, grace=PATIENCE)
        assert session.finish(ident) == 0
        assert alive(stranger)
        assert session.lines(ident, "stderr") == [b"unfinished"]
    finally:
        os.kill(stranger, signal.SIGKILL)


def test_a_program_that_closes_its_output_is_still_running(session: Session) -> None:
    go = session.folder / "go"
    ident = session.start(["close", "stdout"], ["error", "still here\n"], ["await", str(go)], ["exit", 4])
    session.until(lambda: session.lines(stream="stderr"))
    assert not session.all(Exited)
    go.touch()
    assert session.finish(ident) == 4


def test_the_end_of_stdin_takes_everything_down(session: Session) -> None:
    session.start(["deaf", -1], ["child", [["deaf", -1], ["report"], ["wait"]]], ["report"], ["wait"])
    session.start(["at-exit", [["line", "final"]]], ["report"], ["wait"])
    session.until(lambda: len(session.lines()) == 3)
    pids = [json.loads(line)["pid"] for line in session.lines()]
    assert session.end() == 0
    assert not any(map(alive, pids))
    while session.read(0):
        pass
    assert session.lines(2)[-1] == b"final"
    assert {exited.code for exited in session.all(Exited)} == {0, -signal.SIGKILL}


def test_a_broken_stdout_takes_everything_down(session: Session) -> None:
    pid = session.report(session.start(["report"], ["wait"]))["pid"]
    session.stdout.close()
    assert session.process.wait(PATIENCE) == 0
    assert not alive(pid)


def test_a_full_stdout_does_not_keep_the_tracer_from_ending(session: Session) -> None:
    done = session.folder / "done"
    session.start(["flood", 200_000, "line"], ["touch", str(done)], ["wait"])
    wait_for(done.exists)
    assert session.end() == 0


def test_a_killed_tracer_takes_everything_with_it(session: Session) -> None:
    pid = session.report(session.start(["deaf", -1], ["report"], ["wait"]))["pid"]
    session.process.kill()
    wait_for(lambda: not alive(pid))


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGPIPE"])
def test_the_tracer_ignores_the_signals_of_a_terminal(session: Session, name: str) -> None:
    session.one(Hello)
    session.process.send_signal(signal.Signals[name])
    assert session.finish(session.start(["line", "still here"])) == 0


# Python 3.6


def test_the_tracer_is_written_for_python_3_6() -> None:
    run = "import vermin; vermin.main()"
    command = [sys.executable, "-c", run, "-t=3.6-", "--violations", "--no-tips", str(TRACER)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("python", PYTHONS)
def test_the_tracer_works_without_any_installed_package(open_session: Callable[..., Session], python: str) -> None:
    session = open_session(python=python)
    ident = session.start(["error", "warning\n"], ["report"], ["deaf", 1], ["wait"])
    pid = session.report(ident)["pid"]
    session.send(do="watch", id=ident)
    session.one(Descriptors)
    session.send(do="stop", id=ident, grace=PATIENCE)
    assert session.finish(ident) == 0
    assert not alive(pid)
    assert session.lines(stream="stderr") == [b"warning"]
    assert session.end() == 0


# Costs


class Kernel:
    """What the kernel says of the BPF programs of one process: by descriptor, its id, type, misses and runs."""

    def __init__(self, *, may_hold: bool = True) -> None:
        self.programs = {"3": [30, 5, 0, 0], "4": [40, 2, 0, 0], "5": [50, 7, 0, 0]}
        self.may_hold = may_hold
        self.ended = False
        self.closed: list[int] = []

    def describe(self, pid: int, fd: str) -> dict[str, str]:
        if pid == 77 and self.ended:
            raise FileNotFoundError
        ident, kind, misses, runs = self.programs[fd.lstrip("9")]
        names = ("prog_id", "prog_type", "recursion_misses", "run_cnt")
        return dict(zip(names, map(str, (ident, kind, misses, runs)), strict=True))

    def hold(self, ident: int) -> tracer.BpfProgram | None:
        return tracer.BpfProgram(os.getpid(), f"9{ident // 10}", True) if self.may_hold else None

    def counted(self, fd: str, misses: int, runs: int) -> None:
        self.programs[fd][2] += misses
        self.programs[fd][3] += runs


@pytest.fixture(params=[True, False], ids=["held", "not held"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel(may_hold=request.param)
    monkeypatch.setattr(tracer, "describe", made.describe)
    monkeypatch.setattr(tracer, "query_program", lambda fd: tracer.describe_program(os.getpid(), str(fd)))
    monkeypatch.setattr(tracer, "hold_program", made.hold)
    monkeypatch.setattr(tracer, "close_all", made.closed.extend)
    return made


def read_later(misses: tracer.Misses) -> bytes:
    return misses.line(max(time.monotonic(), misses.read_at))


def test_what_the_kernel_skipped_is_told_since_the_last_time_with_the_runs_of_the_same_programs(kernel: Kernel) -> None:
    misses = tracer.Misses()
    misses.hold(77, ["3", "4", "5"])
    assert read_later(misses) == b""
    kernel.counted("3", 3821, 1179)
    kernel.counted("4", 0, 5_000_000)
    assert read_later(misses) == b"3821 1179"
    kernel.counted("4", 0, 1)
    assert read_later(misses) == b""
    kernel.counted("3", 3, 4)
    kernel.counted("4", 5, 6)
    assert read_later(misses) == b"8 10"


def test_without_the_run_statistics_the_skipped_are_told_alone(kernel: Kernel) -> None:
    misses = tracer.Misses()
    misses.hold(77, ["3", "5"])
    kernel.counted("3", 9, 0)
    assert read_later(misses) == b"9"
    kernel.counted("3", 9, 0)
    kernel.counted("5", 0, 1)
    assert read_later(misses) == b"9 0", "its interval was counted: every event was skipped"


def test_the_skips_of_bttops_own_interval_are_no_events(kernel: Kernel) -> None:
    misses = tracer.Misses()
    misses.hold(77, ["3", "5"])
    kernel.counted("5", 7, 1)
    assert read_later(misses) == b""


def test_a_held_program_is_read_after_its_process_has_ended(kernel: Kernel) -> None:
    misses = tracer.Misses()
    misses.hold(77, ["3", "4"])
    kernel.counted("3", 2, 1)
    kernel.ended = True
    assert read_later(misses) == (b"2 1" if kernel.may_hold else b"")
    misses.close()
    assert kernel.closed == ([93, 94] if kernel.may_hold else [])


def test_reading_what_was_skipped_takes_a_small_part_of_the_time(kernel: Kernel) -> None:
    misses = tracer.Misses()
    misses.hold(77, ["3"])
    now = time.monotonic()
    misses.line(now)
    kernel.counted("3", 1, 1)
    assert misses.read_at > now
    assert misses.line((now + misses.read_at) / 2) == b""
    assert misses.line(misses.read_at) == b"1 1"


def test_costs_are_told_in_rounds_that_end_with_the_tracers_own(session: Session) -> None:
    idents = [session.start(["raw", "x" * 100], ["wait"]), session.start(["wait"])]
    for ident in idents:
        session.one(Started, ident)
    session.send(do="meter", every=0.05, stats=False)
    session.until(lambda: session.all(CostTotals, 0)[2:])
    order = [frame.generation for frame in session.all(CostTotals)]
    assert order[-3:] == [*idents, 0]
    last = session.all(CostTotals, idents[0])[-1]
    assert last.cpu_ns > 0
    assert last.rss > 1 << 20
    assert last.pss is None or 0 < last.pss <= last.rss * 1.1


def test_pss_is_read_seldom_but_at_once_after_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    read = iter(range(10))
    monkeypatch.setattr(tracer, "read_pss", lambda _pid: next(read))
    memory = tracer.SharedMemory()
    found = [memory.add_to({"rss": rss}, 1)["pss"] for rss in (800, 801, 890, 910, 1030, 600)]
    assert found == [0, 0, 0, 1, 2, 3]
    memory.read_at = 0.0
    assert memory.add_to({"rss": 600}, 1)["pss"] == 4


def test_without_a_readable_pss_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracer, "read_pss", lambda _pid: -1)
    assert tracer.SharedMemory().add_to({"rss": 1}, 1) == {"rss": 1}
    monkeypatch.undo()
    assert tracer.read_pss(0) == -1


@pytest.fixture
def shared(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> tracer.TracedProcess:
    """A process of two parts: each has a BPF program and a map, and both have a map and the program that uses all."""
    maps = {"3": [1, 9], "4": [2, 9], "5": [1, 2, 9]}
    names = {1: b"AT___bt_a_n", 2: b"AT___bt_b_n", 9: b"printf"}
    found = {"perf_event": [], "bpf_link": [], "bpf-prog": ["3", "4", "5"], "bpf-map": ["1", "2", "9"]}
    monkeypatch.setattr(tracer, "used_maps", lambda ident: maps[ident[0]])
    monkeypatch.setattr(tracer, "map_name", names.__getitem__)
    monkeypatch.setattr(tracer, "find_descriptors", lambda _pid: found)
    monkeypatch.setattr(tracer, "process_cost", lambda _pid: {"state": "cost", "cpu_ns": 100, "rss": 40})
    monkeypatch.setattr(tracer, "read_pss", lambda _pid: 20)
    of_programs = kernel.describe

    def describe(pid: int, fd: str) -> dict[str, str]:
        is_map = fd in found["bpf-map"]
        return {"map_id": fd, "memlock": f"{fd}00"} if is_map else {**of_programs(pid, fd), "run_time_ns": f"{fd}000"}

    monkeypatch.setattr(tracer, "describe", describe)
    parts = [tracer.ProcessPart(11, b"AT___bt_a_"), tracer.ProcessPart(12, b"AT___bt_b_")]
    return tracer.TracedProcess(10, 77, -1, [], -1, parts)


def test_each_part_of_a_process_has_the_costs_of_its_own_programs_and_maps_and_a_share_of_the_rest(
    shared: tracer.TracedProcess, kernel: Kernel
) -> None:
    for fd, runs in (("3", 30), ("4", 40), ("5", 8)):
        kernel.counted(fd, 0, runs)
    shared.read = 1000
    costs = dict(shared.costs())
    assert {ident: (one["runs"], one["run_ns"], one["programs"], one["map_bytes"]) for ident, one in costs.items()} == {
        11: (34, 5500, 1, 550),
        12: (44, 6500, 1, 650),
    }
    for one in costs.values():
        assert (one["cpu_ns"], one["rss"], one["pss"], one["output"], one["parts"]) == (50, 20, 10, 500, 2)


def test_each_part_of_a_process_has_its_own_skipped_events(shared: tracer.TracedProcess, kernel: Kernel) -> None:
    shared.look()
    kernel.counted("4", 7, 40)
    kernel.counted("3", 0, 30)
    later = time.monotonic() + max(part.misses.read_at for part in shared.parts) + 1
    assert shared.skipped_lines(later) == [(11, b""), (12, b"7 40")]


def test_costs_of_parts_are_hidden_where_the_tracer_may_not_read_the_names_of_maps(
    shared: tracer.TracedProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_ident: str) -> list[int]:
        raise PermissionError

    monkeypatch.setattr(tracer, "used_maps", refuse)
    assert [(ident, one["hidden"], one["cpu_ns"]) for ident, one in shared.costs()] == [(11, True, 50), (12, True, 50)]


def test_a_process_with_parts_tells_costs_for_each(session: Session) -> None:
    ident = session.start(["wait"], parts=[[901, "AT_a_"], [902, "AT_b_"]])
    session.send(do="meter", every=0.05, stats=False)
    session.until(lambda: session.all(CostTotals, 901) and session.all(CostTotals, 902))
    assert not session.all(CostTotals, ident)
    assert session.all(CostTotals, 901)[-1].parts == 2


@pytest.mark.parametrize(
    "parts", ["a", [1], [[0, "a"]], [[901, ""]], [["901", "a"]], [[901, "a", 3]], [[901, "a"], [901, "b"]]]
)
def test_parts_that_cannot_be_told_apart_are_refused(session: Session, parts: object) -> None:
    session.send(do="start", id=900, argv=["true"], parts=parts)
    assert session.one(StartRefused, 900).reason


def test_output_is_counted_in_bytes(session: Session) -> None:
    ident = session.start(["flood", 1000, "x" * 100], ["wait"])
    session.send(do="meter", every=0.05, stats=False)
    sent = sum(len(b"%d " % number) + 100 for number in range(1000))
    session.until(lambda: any(frame.output >= sent for frame in session.all(CostTotals, ident)))
    assert session.all(CostTotals, ident)[-1].output == sent


def test_the_cpu_time_of_a_program_is_that_of_all_its_threads(session: Session) -> None:
    busy = "import threading\ndef run():\n while True: pass\nthreading.Thread(target=run).start()\nrun()"
    ident = session.start(argv=[sys.executable, "-c", busy])
    pid = session.one(Started, ident).pid
    session.send(do="meter", every=0.05, stats=False)
    session.until(lambda: any(frame.cpu_ns > 200_000_000 for frame in session.all(CostTotals, ident)))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    assert session.all(CostTotals, ident)[-1].cpu_ns / 1e9 <= ticks + 0.05


@pytest.mark.parametrize("every", ["often", 0, -1, None, 1e9])
def test_a_meter_without_a_sensible_interval_is_refused(session: Session, every: object) -> None:
    session.send(do="meter", every=every, stats=True)
    assert "every must be" in session.one(StartRefused).reason


STATISTICS = """
import sys
sys.path.insert(0, {folder!r})
import tracer

def refuse(command, attributes):
    raise OSError(22, "Invalid argument")

tracer.bpf = refuse
tracer.STATS_SWITCH = {switch!r}
tracer.main()
"""


def old_kernel(folder: Path, switch: Path) -> subprocess.Popen[bytes]:
    """A tracer on a kernel that cannot switch the statistics on by a descriptor."""
    code = STATISTICS.format(folder=str(TRACER.parent), switch=str(switch))
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)


def first_metering(process: subprocess.Popen[bytes]) -> Metering:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"do": "meter", "every": 60, "stats": true}\n')
    process.stdin.flush()
    reader = FrameReader()
    while True:
        data = os.read(process.stdout.fileno(), 1 << 16)
        assert data, "the tracer ended"
        for frame in reader.feed(data):
            if isinstance(frame, Metering):
                return frame


@pytest.mark.parametrize("before", ["0\n", "1\n"])
def test_an_old_kernels_statistics_are_put_back_as_they_were(tmp_path: Path, before: str) -> None:
    switch = tmp_path / "bpf_stats_enabled"
    switch.write_text(before)
    with old_kernel(tmp_path, switch) as process:
        try:
            assert first_metering(process).by == "sysctl"
            assert switch.read_text().strip() == "1"
        finally:
            process.communicate()
    assert switch.read_text().strip() == before.strip()


def test_statistics_that_cannot_be_switched_on_say_why(tmp_path: Path) -> None:
    with old_kernel(tmp_path, tmp_path / "missing") as process:
        try:
            found = first_metering(process)
            assert (found.by, found.reason) == ("", "Invalid argument")
        finally:
            process.communicate()


def test_a_survey_that_is_not_allowed_says_why(tmp_path: Path) -> None:
    with old_kernel(tmp_path, tmp_path / "missing") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"do": "survey"}\n')
        process.stdin.flush()
        reader, found = FrameReader(), None
        while found is None:
            frames = reader.feed(os.read(process.stdout.fileno(), 1 << 16))
            found = next((frame for frame in frames if isinstance(frame, BpfSurvey)), None)
        process.communicate()
    assert (found.programs, found.reason) == ([], "Invalid argument")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ("link_type:\ttracing\nprog_id:\t7\n", ("tracing", "", "")),
        ("link_type:\tperf\nprog_id:\t7\nevent_type:\tkprobe\nname:\tvfs_read\noffset:\t0x0\n", ("kprobe", "", "")),
        ("link_type:\tperf\nprog_id:\t7\nevent_type:\tuprobe\nname:\t{file}\noffset:\t0x1\n", ("uprobe", "32", "1")),
        (
            "link_type:\tuprobe_multi\nprog_id:\t7\npath:\t{file}\nuprobe_cnt:\t1\n"
            "cookie           offset           ref_ctr_offset\n1 0x1 0x0\n",
            ("link_type", "32", "1"),
        ),
        ("link_type:\tperf\nprog_id:\t7\nevent_type:\tuprobe\nname:\t/gone\noffset:\t0x1\n", ("uprobe", "", "")),
        ("link_type:\tperf\n", None),
    ],
)
def test_a_hook_is_told_with_the_place_that_others_may_be_on(
    tmp_path: Path, fields: str, found: tuple[str, str, str] | None
) -> None:
    file = tmp_path / "program"
    file.write_bytes(b"12")
    with mock.patch.object(tracer, "fdinfo", return_value=fields.format(file=file)):
        hooks = tracer.describe_link(os.getpid(), "3")
    if found is None:
        assert hooks == {}
        return
    kind, code, offset = found
    facts = file.stat()
    place = f"{facts.st_dev:x}:{facts.st_ino:x}:{offset}" if offset else ""
    assert hooks == {"7": ("uprobe_multi" if kind == "link_type" else kind, code, place)}


def test_links_of_many_functions_are_on_one_place_only_where_all_are_the_same() -> None:
    me = os.getpid()
    first, same, other = (tracer.find_place(me, sys.executable, offsets) for offsets in ([0, 4], [0, 4], [0, 8]))
    assert first == same != other
    assert first[1] != tracer.find_place(me, sys.executable, [0])[1]


def test_runs_are_told_program_by_program_on_places_and_summed_up_elsewhere() -> None:
    hooks = tracer.Hooks()
    hooks.known = {"1": ("uprobe", "55", "8:2:10"), "2": ("uprobe", "55", "8:2:10"), "3": ("kprobe", "", "")}
    rows = [(1, 10), (2, 20), (3, 30), (4, 40), (5, 50)]
    infos = [tracer.ProgramInfo(ident, 5, 0, runs, 0) for ident, runs in rows]
    assert hooks.runs(infos) == [
        ["uprobe", "55", 10, "8:2:10", 1],
        ["uprobe", "55", 20, "8:2:10", 2],
        ["kprobe", "", 30, "", 0],
        ["tracepoint", "", 90, "", 0],
    ]
