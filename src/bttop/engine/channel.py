"""The dashboard's end of the tracer: commands go down one pipe, frames come up another.

Imports neither asyncio nor subprocess, so that the tracer can be running before anything heavy is imported.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.frames import (
    Descriptors,
    Dropped,
    Exited,
    Failed,
    Frame,
    FrameReader,
    Hello,
    ProgramState,
    Refused,
    Started,
)
from bttop.errors import TracerLost

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

__all__ = [
    "Descriptors",
    "Dropped",
    "Exited",
    "Failed",
    "Frame",
    "FrameReader",
    "Hello",
    "ProgramState",
    "Refused",
    "Started",
    "TracerChannel",
    "tracer_command",
]

READ_SIZE = 256 * 1024
PIPE_SIZE = 1024 * 1024
COMPLAINT_SIZE = 8 * 1024
CLOSE_TIMEOUT = 3.0
"""Seconds; the tracer itself needs less than 2."""
KILL_TIMEOUT = 0.5

TRACER = Path(__file__).parent.parent / "tracer.py"
HOOK_TIMER = TRACER.with_name("hooktimer.py")
_ALONE = ("-I", "-S")
"""Options of Python without which a file would run with what its caller brings."""


def longest_stop(grace: float) -> float:
    """Seconds after which a bpftrace that goes on printing is killed."""
    return 5 * grace


def tracer_command(python: str = sys.executable) -> list[str]:
    """How the tracer is started on this host, without any privilege of its own."""
    return [python, *_ALONE, str(TRACER)]


def hook_timer_command(python: str = sys.executable) -> list[str]:
    """How the hook timer is started; what it is to measure follows (`pricing.GROUPS`)."""
    return [python, *_ALONE, str(HOOK_TIMER)]


class TracerChannel:
    """One running tracer.

    Commands may be given from any thread and never block. Frames are read by one event loop, after `attach`.
    `close` may be called from any thread, from a signal handler and more than once.
    """

    def __init__(self, pid: int, commands: int, frames: int, complaints: int) -> None:
        """Take over a started tracer: its pid and this side's ends of its stdin, stdout and stderr."""
        self.pid = pid
        self._commands = commands
        self._frames = frames
        self._complaints = complaints
        self._complaint = b""
        self._process = -1
        self._outgoing = bytearray()
        self._lock = threading.RLock()
        self._closing = False
        self._status: int | None = None
        self._reader = FrameReader()
        self._loop: AbstractEventLoop | None = None
        self._on_frames: Callable[[list[Frame]], None] = _ignore
        self._on_end: Callable[[str], None] = _ignore

    @classmethod
    def spawn(cls, command: Sequence[str] | None = None) -> TracerChannel:
        """Start the tracer (by default `tracer_command()`) in the caller's session: sudo remembers a password by it.

        It gets a process group of its own, which is never in the foreground: so ctrl+c before the screen is there does
        not reach it, and a sudo with `use_pty` has no business with the terminal's keys and modes.

        Raises TracerLost when the command cannot be started.
        """
        argv = list(command) if command is not None else tracer_command()
        down, up, errors = os.pipe(), os.pipe(), os.pipe()
        ends = [(os.POSIX_SPAWN_DUP2, fd, n) for n, fd in enumerate((down[0], up[1], errors[1]))]
        try:
            pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=ends, setpgroup=0)
        except OSError as problem:
            _close_all((*down, *up, *errors))
            raise TracerLost(f"{argv[0]}: {problem.strerror}", title="the tracer cannot be started") from None
        _close_all((down[0], up[1], errors[1]))
        for fd in (down[1], up[0], errors[0]):
            os.set_blocking(fd, False)
        with contextlib.suppress(OSError):  # above the user's share of pipe memory: small reads, no harm
            fcntl.fcntl(up[0], fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        return cls(pid, down[1], up[0], errors[0])

    def start(
        self, generation: int, argv: Sequence[str], env: Mapping[str, str], nice: int = 0, folder: str = "."
    ) -> None:
        """Start a program in a folder. `env` comes on top of PATH, HOME and LANG; nothing else is inherited."""
        self._send(
            {"do": "start", "id": generation, "argv": list(argv), "env": dict(env), "nice": nice, "folder": folder}
        )

    def stop(self, generation: int, grace: float, again: float = 0.25) -> None:
        """SIGINT, again every `again` seconds until it is seen to work; SIGKILL after `grace` seconds, and after
        `longest_stop` while it prints."""
        printing = longest_stop(grace)
        self._send({"do": "stop", "id": generation, "grace": grace, "again": again, "printing": printing})

    def renice(self, generation: int | None, nice: int) -> None:
        """Set the nice value of one program, or of all that run (None)."""
        self._send({"do": "nice", "id": generation, "nice": nice})

    def watch(self, generation: int) -> None:
        """Have the program's kernel descriptors counted: `Descriptors` at once and on every change."""
        self._send({"do": "watch", "id": generation})

    def meter(self, every: float, *, stats: bool) -> None:
        """Have `Totals` of everything told every so many seconds, with the kernel's statistics switched on or not."""
        self._send({"do": "meter", "every": every, "stats": stats})

    def survey(self) -> None:
        """Have all BPF programs of the host looked at, once: a `Survey` comes when that is done."""
        self._send({"do": "survey"})

    def attach(
        self,
        loop: AbstractEventLoop,
        on_frames: Callable[[list[Frame]], None],
        on_end: Callable[[str], None],
    ) -> None:
        """Read frames in `loop` (called on its thread): `on_frames` gets what one read brought, in order.

        `on_end` is called once, after the last frame, with the reason why the tracer ended.
        """
        self._loop, self._on_frames, self._on_end = loop, on_frames, on_end
        self._watch_process(loop)
        loop.add_reader(self._frames, self._read)
        loop.add_reader(self._complaints, self._read_complaints)
        self._push()

    def _watch_process(self, loop: AbstractEventLoop) -> None:
        """The end of the process that was started is the end, even if the pipes stay open: when it was sudo, killed,
        the tracer behind it lives on until we hang up, and tells of programs that end because of that."""
        try:
            self._process = os.pidfd_open(self.pid)
        except OSError:
            return  # it has ended already, or a kernel before 5.3: the frames' end tells then
        loop.add_reader(self._process, self._process_ended)

    def _process_ended(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._process)
        while self._read():
            pass
        if self._loop is not None and not self._closing:
            self._end("")

    def detach(self) -> None:
        """Stop reading (called on the loop's thread); neither callback is called any more."""
        self._on_frames = self._on_end = _ignore
        self._unlisten()

    def _unlisten(self) -> None:
        loop = self._loop
        if loop is not None:
            for fd in (self._frames, self._complaints):
                loop.remove_reader(fd)
            if self._process >= 0:
                loop.remove_reader(self._process)
            loop.remove_writer(self._commands)
            # Only now: a `close` on another thread gives the descriptors back as soon as no loop has them.
            self._loop = None

    def complaint(self) -> str:
        """What the tracer, or the sudo before it, has written to stderr (its end when that is long)."""
        while self._take_complaint():
            pass
        return self._complaint.decode(errors="replace").strip()

    def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """End the tracer, and with it every program; wait at most `timeout` seconds, then kill it.

        Frames that come in the meantime still go to the loop, when that runs.
        """
        self._closing = True
        self._hang_up()
        if not self._wait(timeout):
            # Behind sudo it belongs to root: then the closed pipe is all that can be done.
            with contextlib.suppress(PermissionError, ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
                self._wait(KILL_TIMEOUT)
        self._reap()
        if self._loop is None:
            self._release()

    def _hang_up(self) -> None:
        """Close the command pipe by putting /dev/null in its place.

        The descriptor stays valid: a thread that is about to write cannot hit a file that reused its number.
        """
        with self._lock:
            if self._commands < 0:
                return
            null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(null, self._commands, inheritable=False)
            os.close(null)

    def _release(self) -> None:
        """Close this side's descriptors, once no loop knows them."""
        with self._lock:
            fds = [self._commands, self._frames, self._complaints, self._process]
            self._commands = self._frames = self._complaints = self._process = -1
        _close_all([fd for fd in fds if fd >= 0])

    def _wait(self, timeout: float) -> bool:
        """Whether the tracer ends in time."""
        deadline = time.monotonic() + timeout
        while not (exited := self._has_exited()) and time.monotonic() < deadline:
            time.sleep(0.005)
        return exited

    def _has_exited(self) -> bool:
        if self._status is not None:
            return True
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):  # another thread was quicker
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)

    def _send(self, command: Mapping[str, object]) -> None:
        with self._lock:
            if self._commands >= 0:
                self._outgoing += json.dumps(command, allow_nan=False).encode() + b"\n"
                self._push()

    def _push(self) -> None:
        """Write what the pipe takes now; the loop writes the rest."""
        with self._lock:
            try:
                while self._outgoing:
                    del self._outgoing[: os.write(self._commands, self._outgoing)]
            except BlockingIOError:
                self._push_later()
            except BrokenPipeError:
                self._outgoing.clear()  # it has ended, which the other pipe tells with its reason

    def _push_later(self) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed: so is the session
                loop.call_soon_threadsafe(self._await_room)

    def _await_room(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(PermissionError):  # hung up: /dev/null cannot be waited for
                self._loop.add_writer(self._commands, self._room)

    def _room(self) -> None:
        if self._loop is not None:
            self._loop.remove_writer(self._commands)
        self._push()

    def _read(self) -> bool:
        """Pass on what came; False when nothing did, or nothing comes any more."""
        if self._loop is None:
            return False
        try:
            data = os.read(self._frames, READ_SIZE)
        except BlockingIOError:
            return False
        if not data:
            self._end("")
            return False
        try:
            frames = self._reader.feed(data)
        except TracerLost as problem:
            self._end(problem.cause)
            return False
        if frames:
            self._on_frames(frames)
        return True

    def _read_complaints(self) -> None:
        if not self._take_complaint() and self._loop is not None:
            self._loop.remove_reader(self._complaints)

    def _take_complaint(self) -> bool:
        """Keep one piece of stderr; False when there was none."""
        with self._lock:
            try:
                chunk = os.read(self._complaints, COMPLAINT_SIZE)
            except OSError:
                return False  # nothing new, or released
            self._complaint = (self._complaint + chunk)[-COMPLAINT_SIZE:]
            return bool(chunk)

    def _end(self, reason: str) -> None:
        loop = self._loop
        self._unlisten()
        self._hang_up()
        if loop is not None:
            self._report(loop, reason, 25)

    def _report(self, loop: AbstractEventLoop, reason: str, tries: int) -> None:
        """Tell the end, with the exit status when it comes within half a second."""
        self._reap()
        if self._status is None and tries and not self._closing:
            loop.call_later(0.02, self._report, loop, reason, tries - 1)
        else:
            reason = reason or self.complaint() or _ending(self._status)
            self._release()
            self._on_end(reason)


def _ending(status: int | None) -> str:
    if status is None:
        return "it closed its output"
    return f"it was killed by signal {-status}" if status < 0 else f"it ended with exit code {status}"


def _ignore(_: object) -> None:
    pass


def _close_all(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
