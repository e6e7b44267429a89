"""The channel to a tracer on another host: its frames are bounded in size and rate, and one question a second measures
the round trip, the far clock, and whether the host still answers."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from bttop.engine.host.own_clock import own_clock
from bttop.engine.remote.complaints import TOO_MUCH, sentence_of
from bttop.engine.remote.link import ABANDONED, Link
from bttop.engine.remote.ssh import LINE_CAP
from bttop.engine.tracer.channel import TracerChannel
from bttop.engine.tracer.frames import Content, Frame, FrameReader, Hello, TimeAnswer
from bttop.errors import TracerLost
from bttop.model.record.records import FOREVER, Stamp

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

LONGEST_FRAME: Final = LINE_CAP + (2 << 20)
"""Bytes: a line, or an answer with files in base64."""
MOST_NOISE: Final = 64 << 10
"""Bytes that start-up files may print before the first frame."""
MOST_EARLY: Final = 32 << 20
"""Bytes that may arrive before a loop reads: the answers to the first questions, each at most LONGEST_FRAME."""
BYTES_A_SECOND: Final = 2 << 20
"""What is read from one host. More waits there: the tracer then drops lines, and says how many."""
MOST_AHEAD_NS: Final = (FOREVER >> 1) - (1 << 55)
"""How far the clocks of another host may be from those of this one: 72 years. A recording holds a difference of 73
years, and moments of a year of recording are added to it."""
PING: Final = 1.0
CLOSE_SECONDS: Final = 2.5
_YEAR_NS: Final = 31_556_952_000_000_000
_MOST_OPEN: Final = 8
"""Questions for the time whose answers are still awaited."""


class FarFrameReader(FrameReader):
    """Skips what start-up files print, up to the mark, and counts the bytes."""

    def __init__(self, mark: bytes) -> None:
        super().__init__(LONGEST_FRAME)
        self._mark = mark
        self._noise = b""
        self._is_begun = False
        self.bytes = 0

    def feed(self, data: bytes) -> list[Frame]:
        """As `FrameReader`. Raises TracerLost also if too much arrives before the mark, or a time that no recording
        could hold."""
        self.bytes += len(data)
        if self._is_begun:
            return _of_known_times(super().feed(data))
        self._noise += data
        _, mark, rest = self._noise.partition(self._mark)
        if not mark:
            if len(self._noise) > MOST_NOISE:
                raise TracerLost(TOO_MUCH)
            return []
        self._is_begun, self._noise = True, b""
        return _of_known_times(super().feed(rest))


def _of_known_times(frames: list[Frame]) -> list[Frame]:
    """The frames. Raises TracerLost if the clocks of the host are too far from those of this one."""
    checked, own = None, own_clock()
    for frame in frames:
        if frame.stamp is not checked:
            checked = frame.stamp
            ahead = max(checked.boot_ns - own.boot_ns, checked.wall_ns - own.wall_ns, key=abs)
            if abs(ahead) > MOST_AHEAD_NS:
                way = "ahead of" if ahead > 0 else "behind"
                raise TracerLost(f"its clock is {abs(ahead) // _YEAR_NS} years {way} that of this host: set it first")
    return frames


class FarChannel(TracerChannel):
    """One connection to a tracer on another host."""

    link: Link

    def open(self, link: Link, mark: bytes, tracer: bytes) -> None:
        """Send the tracer. Call it before any command."""
        self.link = link
        self._counts = FarFrameReader(mark)
        self._reader = self._counts
        self._early: list[Frame] = []
        self._asked_at: dict[int, Stamp | None] = {}
        """When a question for the time was sent; None if its answer is not read at once."""
        self._unheard = 0
        self._window = (0.0, 0)
        self._ends = ""
        self._opened = link.clock.sent()
        link.opened(self)
        with self._lock:
            self._outgoing += tracer
            self._push()

    def ask(self, token: int, command: Mapping[str, object]) -> None:
        """Send a question; the link gets the answer. From any thread."""
        self._send({**command, "token": token})

    # Before the loop.

    def wait(self, is_wanted: Callable[[Frame], bool], until: float) -> Frame | None:
        """The first frame that is wanted; None if there is none before `until` (seconds of the monotonic clock). Raises
        TracerLost, with the reason as a sentence, if the connection ends. Other frames are kept for the loop."""
        checked = 0
        while True:
            found = next((frame for frame in self._early[checked:] if is_wanted(frame)), None)
            checked = len(self._early)
            if found is not None:
                return found
            left = until - time.monotonic()
            if left <= 0:
                return None
            self._wait_for_bytes(left)

    @property
    def is_attached(self) -> bool:
        """Whether a loop reads the frames."""
        return self._loop is not None

    def read_until(self, is_done: Callable[[], bool], seconds: float) -> None:
        """Read until something is true, or for at most `seconds`. Raises as `wait`."""
        until = time.monotonic() + seconds
        while not is_done() and (left := until - time.monotonic()) > 0:
            self._wait_for_bytes(left)

    def measure(self, seconds: float) -> None:
        """Measure one round trip; give up after `seconds`. Raises as `wait`."""
        token = self.ask_time()
        self.read_until(lambda: token not in self._asked_at, seconds)

    def taken(self, generation: int) -> list[Frame]:
        """Take the frames of a program out of those that are kept for the loop."""
        found = [frame for frame in self._early if frame.generation == generation]
        self._early = [frame for frame in self._early if frame.generation != generation]
        return found

    def _wait_for_bytes(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._frames, select.POLLIN)
        if self._outgoing:
            poll.register(self._commands, select.POLLOUT)
        poll.poll(seconds * 1000)
        self._push()
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._frames, 1 << 16)
            if not data:
                self._wait(0.5)
                raise TracerLost(sentence_of(self.complaint()), title=self.link.name)
            self._early += self._sorted(self._reader.feed(data))
            if self._counts.bytes > MOST_EARLY:
                raise TracerLost("it sends more than it was asked for", title=self.link.name)

    # In the loop.

    def attach(
        self,
        loop: AbstractEventLoop,
        on_frames: Callable[[list[Frame]], None],
        on_end: Callable[[str], None],
    ) -> None:
        """As `TracerChannel.attach`; the answers of questions are kept back."""

        def take(frames: list[Frame]) -> None:
            if others := self._sorted(frames):
                on_frames(others)
            self._slow_down(loop)

        def end(reason: str) -> None:
            said = self._ends or sentence_of(reason)
            (self.link.closed if self._closing else self.link.lost)(said)
            on_end(said)

        early, self._early = self._early, []
        if early:
            loop.call_soon(lambda: on_frames(early))
        super().attach(loop, take, end)
        self._ping(loop)

    def _sorted(self, frames: Sequence[Frame]) -> list[Frame]:
        """The frames that are not answers of questions; those are handled here."""
        if frames:
            self._unheard = 0
            self.link.heard()
        return [frame for frame in frames if not self._is_answer(frame)]

    def _is_answer(self, frame: Frame) -> bool:
        match frame:
            case TimeAnswer(token=token, stamp=stamp):
                if (sent := self._asked_at.pop(token, None)) is not None:
                    self.link.clock.answered(sent, stamp)
            case Content(token=token) if token > 0:
                self.link.answered(frame)
            case Hello(stamp=stamp):
                if not self.link.clock.met(self._opened, stamp):
                    self.abandon("it was restarted in the meantime: leave bttop and start it again")
                return False
            case _:
                return False
        return True

    def _ping(self, loop: AbstractEventLoop) -> None:
        """Ask for the time, and judge how long nothing has arrived. Only seconds in which bttop itself ran count."""
        if self._loop is None:
            return
        if self._unheard:
            self.link.unheard(self._unheard)
        if self._unheard >= ABANDONED:
            self.abandon(f"no answer for {self._unheard} s")
            return
        self._unheard += 1
        self.ask_time()
        loop.call_later(_until_next(loop.time()), self._ping, loop)

    def ask_time(self) -> int:
        """Ask for the time; return the token of the question."""
        token = self.link.token()
        self._asked_at = {one: at for one, at in self._asked_at.items() if one > token - _MOST_OPEN}
        self._asked_at[token] = self.link.clock.sent() if self.link.hurry() else None
        self._send({"do": "time", "token": token})
        return token

    def abandon(self, reason: str) -> None:
        """End the connection at once; the tracer there ends when it notices, at the latest when its lease ends."""
        self._ends = reason
        with contextlib.suppress(ProcessLookupError):
            self._kill()

    def _kill(self) -> None:
        """Kill ssh with its ProxyCommand or ProxyJump, which would wait for a host that hangs."""
        os.killpg(self.pid, signal.SIGKILL)

    def _slow_down(self, loop: AbstractEventLoop) -> None:
        """Stop reading for the rest of a second in which too much has arrived."""
        now = time.monotonic()
        start, before = self._window
        if now - start >= 1:
            self._window = (now, self._counts.bytes)
        elif self._counts.bytes - before > BYTES_A_SECOND and self._loop is not None:
            loop.remove_reader(self._frames)
            loop.call_later(start + 1 - now, self._read_on, loop)

    def _read_on(self, loop: AbstractEventLoop) -> None:
        if self._loop is not None:
            loop.add_reader(self._frames, self._read)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """As `TracerChannel.close`: ssh ends when the tracer has. One that hangs is killed after `timeout`."""
        super().close(timeout)


def _until_next(now: float) -> float:
    """Seconds until the next question, about PING: all channels of a loop ask at the same time, in one turn."""
    seconds = PING - now % PING
    return seconds if seconds > PING / 2 else seconds + PING
