"""The dashboard's end of the tracer, and the decoding of its frames."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop import tracer
from bttop.engine.tracer import frames
from bttop.engine.tracer.channel import TracerChannel
from bttop.engine.tracer.frames import (
    Descriptors,
    Dropped,
    Exited,
    Failed,
    Frame,
    FrameReader,
    Hello,
    Started,
    StartRefused,
)
from bttop.errors import TracerLost
from bttop.model.record.records import FOREVER, Stamp, StampedLine
from tests.standin import standin

PATIENCE = 60.0
SPAWN_ALONE = """
import sys
from bttop.engine.tracer.channel import TracerChannel
channel = TracerChannel.spawn()
print(*sorted({"asyncio", "subprocess", "textual"} & set(sys.modules)))
channel.close()
"""

moments = st.builds(Stamp, st.integers(0, FOREVER - 1), st.integers(0, FOREVER - 1))
generations = st.integers(0, 2**32 - 1)
numbers = st.integers(0, 2**63 - 1)
codes = st.integers(-(2**31), 2**31)
kinds = st.dictionaries(st.sampled_from(tracer.WATCHED), st.integers(0, 999))
any_frames = st.one_of(
    st.builds(StampedLine, generations, st.sampled_from(["stdout", "stderr"]), moments, st.binary(max_size=60)),
    st.builds(StampedLine, generations, st.just("oversized"), moments, st.integers(0, 2**40).map(lambda n: b"%d" % n)),
    st.builds(StampedLine, generations, st.just("skipped"), moments, st.sampled_from([b"3821", b"3821 1179"])),
    st.builds(Started, generations, moments, numbers),
    st.builds(Failed, generations, moments, st.text(max_size=20)),
    st.builds(Exited, generations, moments, codes),
    st.builds(Descriptors, generations, moments, kinds),
    st.builds(Dropped, generations, moments, numbers, numbers),
    st.builds(Hello, generations, moments, numbers, numbers),
    st.builds(StartRefused, generations, moments, st.text(max_size=20)),
    st.builds(frames.Metering, generations, moments, st.sampled_from(["bpf", "sysctl", ""]), st.text(max_size=20)),
    st.builds(
        frames.CostTotals,
        generations,
        moments,
        *[numbers] * 7,
        st.just([("uprobe", "f30f1efa", 9, "8:2:10", 5)]),
        st.none() | numbers,
        st.integers(1, 16),
        st.booleans(),
    ),
    st.builds(
        frames.BpfSurvey, generations, moments, st.just([(7, 5, "sys_enter", 0, 9, 9, [1, 2])]), st.text(max_size=20)
    ),
)


def encode(frame: Frame) -> bytes:
    kind, payload = content(frame)
    return tracer.HEADER.pack(kind, frame.generation, *frame.stamp, len(payload)) + payload


def content(frame: Frame) -> tuple[bytes, bytes]:
    match frame:
        case StampedLine(stream=stream, data=data):
            return {"stdout": b"o", "stderr": b"e", "oversized": b"x", "skipped": b"k"}[stream], data
        case _:
            words = {kind: word for word, kind in frames._STATES.items()}
            fields = {name: getattr(frame, name) for name in type(frame).__struct_fields__[2:]}
            return b"s", json.dumps({"state": words[type(frame)], **fields}).encode()


# Frames


@given(st.lists(any_frames, max_size=12), st.lists(st.integers(0, 1500), max_size=20))
def test_frames_do_not_depend_on_how_the_stream_is_cut(sent: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(map(encode, sent))
    bounds = [0, *sorted(cuts), len(stream)]
    reader = FrameReader()
    found = [frame for low, high in itertools.pairwise(bounds) for frame in reader.feed(stream[low:high])]
    assert found == sent


@given(st.lists(any_frames, min_size=1, max_size=4))
def test_frames_come_out_as_soon_as_they_are_whole(sent: list[Frame]) -> None:
    reader = FrameReader()
    for frame in sent:
        data = encode(frame)
        assert [reader.feed(data[at : at + 1]) for at in range(len(data) - 1)] == [[]] * (len(data) - 1)
        assert reader.feed(data[-1:]) == [frame]


def test_a_long_line_comes_whole_from_many_pieces() -> None:
    line = StampedLine(1, "stdout", Stamp(2, 3), b"x" * 5_000_000)
    stream = encode(line) + encode(line)
    reader = FrameReader()
    found = [frame for at in range(0, len(stream), 60_000) for frame in reader.feed(stream[at : at + 60_000])]
    assert found == [line, line]


@pytest.mark.parametrize(
    "data",
    [
        b"Welcome to pay-gw-07, have a nice day\n",
        tracer.HEADER.pack(b"q", 1, 2, 3, 0),
        tracer.HEADER.pack(b"x", 1, 2, 3, 1) + b"-",
        tracer.HEADER.pack(b"k", 1, 2, 3, 3) + b"1 x",
        tracer.HEADER.pack(b"s", 1, 2, 3, 2) + b"[]",
        tracer.HEADER.pack(b"s", 1, 2, 3, 2) + b"{}",
        tracer.HEADER.pack(b"s", 1, 2, 3, 1) + b"\xff",
        tracer.HEADER.pack(b"s", 1, 2, 3, 19) + b'{"state":"started"}',
    ],
)
def test_what_is_no_frame_is_told(data: bytes) -> None:
    with pytest.raises(TracerLost):
        FrameReader().feed(data)


# Channel


class Talk:
    """A channel with a loop that keeps what it brings."""

    def __init__(self, channel: TracerChannel) -> None:
        self.channel = channel
        self.frames: list[Frame] = []
        self.reasons: list[str] = []

    def run(self, met: Callable[[], object]) -> None:
        """Run a loop until the condition is met."""
        asyncio.run(asyncio.wait_for(self._run(met), PATIENCE))

    async def _run(self, met: Callable[[], object]) -> None:
        self.changed = asyncio.Event()
        self.channel.attach(asyncio.get_running_loop(), self._on_frames, self._on_end)
        while not met():
            await self.changed.wait()
            self.changed.clear()
        self.channel.detach()

    def _on_frames(self, found: list[Frame]) -> None:
        self.frames += found
        self.changed.set()

    def _on_end(self, reason: str) -> None:
        self.reasons.append(reason)
        self.changed.set()

    def has(self, kind: type[Frame]) -> bool:
        return any(isinstance(frame, kind) for frame in self.frames)


@pytest.fixture
def open_talk() -> Iterator[Callable[..., Talk]]:
    talks: list[Talk] = []

    def make(command: Sequence[str] | None = None) -> Talk:
        talks.append(Talk(TracerChannel.spawn(command)))
        return talks[-1]

    yield make
    for talk in talks:
        talk.channel.close()


@pytest.fixture
def talk(open_talk: Callable[..., Talk]) -> Talk:
    return open_talk()


def is_gone(pid: int) -> bool:
    """Whether a child of this process has ended and was reaped."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_program_runs_from_start_to_exit(talk: Talk, tmp_path: Path) -> None:
    program = standin(tmp_path, [["line", "one"], ["error", "two\n"], ["exit", 5]])
    talk.channel.start(1, [str(program)], {}, 10)
    talk.run(lambda: talk.has(Exited))
    lines = {(line.stream, line.data) for line in talk.frames if isinstance(line, StampedLine)}
    assert lines == {("stdout", b"one"), ("stderr", b"two")}
    assert [frame.code for frame in talk.frames if isinstance(frame, Exited)] == [5]


def test_commands_reach_the_program(talk: Talk, tmp_path: Path) -> None:
    program = standin(tmp_path, [["open", 1], ["deaf", 1], ["line", "ready"], ["wait"]])
    talk.channel.start(7, [str(program)], {}, 5)
    talk.run(lambda: talk.has(StampedLine))
    pid = next(frame.pid for frame in talk.frames if isinstance(frame, Started))
    assert os.getpriority(os.PRIO_PROCESS, pid) == 5
    talk.channel.renice(None, 6)
    talk.channel.renice(7, 9)
    talk.channel.watch(7)
    talk.run(lambda: talk.has(Descriptors))
    assert os.getpriority(os.PRIO_PROCESS, pid) == 9
    talk.channel.stop(7, PATIENCE)
    talk.run(lambda: talk.has(Exited))
    assert talk.frames[-1].generation == 7


def test_a_command_larger_than_the_pipe_arrives_whole(talk: Talk) -> None:
    words = ["word" * 1000] * 2000
    talk.channel.start(1, ["true", *words], {}, 0)
    talk.run(lambda: talk.has(Failed))
    assert [frame.reason for frame in talk.frames if isinstance(frame, Failed)] == ["true: Argument list too long"]


def test_the_tracer_keeps_the_session_of_its_caller(talk: Talk) -> None:
    talk.run(lambda: talk.has(Hello))
    pid = next(frame.pid for frame in talk.frames if isinstance(frame, Hello))
    assert pid == talk.channel.pid
    assert os.getsid(pid) == os.getsid(0)


def test_spawning_needs_neither_asyncio_nor_subprocess() -> None:
    source = str(Path(tracer.__file__).parent.parent)
    found = subprocess.run(
        [sys.executable, "-c", SPAWN_ALONE],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": source},
    )
    assert found.stdout == "\n"


def test_a_command_that_is_not_there_is_told() -> None:
    before = open_descriptors()
    with pytest.raises(TracerLost, match="/no/such/python: No such file or directory"):
        TracerChannel.spawn(["/no/such/python"])
    assert open_descriptors() == before


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("raise SystemExit('sudo: a password is required')", "sudo: a password is required"),
        ("raise SystemExit(3)", "it ended with exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "it was killed by signal 9"),
        ("print('Welcome to this host, ' * 10)", "its output does not come from a tracer"),
    ],
)
def test_an_early_end_has_a_reason(open_talk: Callable[..., Talk], script: str, reason: str) -> None:
    talk = open_talk([sys.executable, "-I", "-S", "-c", script])
    talk.run(lambda: talk.reasons)
    assert talk.reasons == [reason]
    talk.channel.start(1, ["true"], {}, 0)


def test_a_killed_tracer_is_told_once(talk: Talk) -> None:
    talk.run(lambda: talk.has(Hello))
    os.kill(talk.channel.pid, signal.SIGKILL)
    talk.run(lambda: talk.reasons)
    assert talk.reasons == ["it was killed by signal 9"]


def test_the_last_lines_arrive_while_it_closes(talk: Talk, tmp_path: Path) -> None:
    program = standin(tmp_path, [["at-exit", [["line", "final"]]], ["line", "ready"], ["wait"]])
    talk.channel.start(1, [str(program)], {}, 0)
    talk.run(lambda: talk.has(StampedLine))
    closing = threading.Thread(target=talk.channel.close)
    closing.start()
    talk.run(lambda: talk.reasons)
    closing.join(PATIENCE)
    assert b"final" in [frame.data for frame in talk.frames if isinstance(frame, StampedLine)]
    assert is_gone(talk.channel.pid)


def test_close_works_without_a_loop_and_twice() -> None:
    before = open_descriptors()
    channel = TracerChannel.spawn()
    channel.close()
    channel.close()
    channel.start(1, ["true"], {}, 0)
    assert is_gone(channel.pid)
    assert open_descriptors() == before


def test_close_works_from_several_threads_at_once() -> None:
    channel = TracerChannel.spawn()
    threads = [threading.Thread(target=channel.close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert is_gone(channel.pid)


def test_close_works_in_a_signal_handler() -> None:
    channel = TracerChannel.spawn()
    before = signal.signal(signal.SIGUSR1, lambda *_: channel.close())
    try:
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert is_gone(channel.pid)


def test_a_tracer_that_does_not_end_is_killed() -> None:
    channel = TracerChannel.spawn([sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"])
    channel.close(timeout=0.1)
    assert is_gone(channel.pid)
