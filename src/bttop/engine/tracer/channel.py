"""bttop's connection to the tracer: commands are written to one pipe, frames are read from another.

Imports neither asyncio nor subprocess, so that the tracer can run before anything heavy is imported.
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
from typing import TYPE_CHECKING, Self

from bttop.engine.tracer.frames import (
    Frame,
    FrameReader,
)
from bttop.errors import TracerLost

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

READ_SIZE = 256 * 1024
PIPE_SIZE = 1024 * 1024
COMPLAINT_SIZE = 8 * 1024
CLOSE_TIMEOUT = 3.0
"""Seconds; the tracer itself needs less than 2."""
KILL_TIMEOUT = 0.5

TRACER = Path(__file__).parents[2] / "tracer.py"
HOOK_TIMER = TRACER.with_name("hooktimer.py")
_ALONE = ("-I", "-S")
"""Options of Python that isolate a script from its caller's environment, folder and site packages."""


def longest_stop(grace: float) -> float:
    """Seconds after which a bpftrace that keeps printing is killed."""
    return 5 * grace


def tracer_command(python: str = sys.executable) -> list[str]:
    """The command that starts the tracer, without additional privilege."""
    return [python, *_ALONE, str(TRACER)]


def hook_timer_command(python: str = sys.executable) -> list[str]:
    """The command that starts the hook timer; append the groups to measure (`hook_pricing.GROUPS`)."""
    return [python, *_ALONE, str(HOOK_TIMER)]


def far_hook_timer() -> tuple[str, ...]:
    """The same on another host, where the file does not exist."""
    return ("python3", *_ALONE, "-c", HOOK_TIMER.read_text(encoding="utf-8"))


class TracerChannel:
    """One running tracer.

    Command methods never block and may be called from any thread. One event loop reads the frames, after `attach`.
    `close` may be called from any thread, from a signal handler and more than once.
    """

    def __init__(self, pid: int, commands: int, frames: int, complaints: int) -> None:
        """Take over a started tracer: its pid and our ends of its stdin, stdout and stderr."""
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
    def spawn(cls, command: Sequence[str] | None = None) -> Self:
        """Start the tracer (by default `tracer_command()`) in the caller's session, by which sudo remembers passwords.

        It gets its own process group, which is never in the foreground: ctrl+c before the screen is drawn does not
        reach it, and a sudo with `use_pty` does not touch the terminal's keys and modes.

        Raises TracerLost if the command cannot be started.
        """
        argv = list(command) if command is not None else tracer_command()
        down, up, errors = _three_pipes()
        ends = [(os.POSIX_SPAWN_DUP2, fd, n) for n, fd in enumerate((down[0], up[1], errors[1]))]
        try:
            pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=ends, setpgroup=0)
        except OSError as problem:
            _close_all((*down, *up, *errors))
            raise TracerLost(f"{argv[0]}: {problem.strerror}", title="the tracer cannot be started") from None
        _close_all((down[0], up[1], errors[1]))
        for fd in (down[1], up[0], errors[0]):
            os.set_blocking(fd, False)
        with contextlib.suppress(OSError):  # above the user's limit of pipe memory: reads are then only smaller
            fcntl.fcntl(up[0], fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        return cls(pid, down[1], up[0], errors[0])

    def start(
        self,
        generation: int,
        argv: Sequence[str],
        env: Mapping[str, str],
        nice: int = 0,
        folder: str = ".",
        categories: Sequence[str] = (),
        parts: Sequence[tuple[int, str]] = (),
    ) -> None:
        """Start a program in a folder. Its environment is PATH, HOME and LANG plus `env`. With `categories` it sees
        only the tracepoints of these categories in the kernel's list, if that can be arranged. `parts`: the ids of
        several generations that run in it, and how the kernel's names of their maps begin; each gets its own costs."""
        command = {"do": "start", "id": generation, "argv": list(argv), "env": dict(env), "nice": nice}
        self._send({**command, "folder": folder, "categories": list(categories), "parts": list(parts)})

    def stop(self, generation: int, grace: float, again: float = 0.25) -> None:
        """Send SIGINT, again every `again` seconds until it has an effect; SIGKILL after `grace` seconds, or after
        `longest_stop` seconds if the program keeps printing."""
        printing = longest_stop(grace)
        self._send({"do": "stop", "id": generation, "grace": grace, "again": again, "printing": printing})

    def renice(self, generation: int | None, nice: int) -> None:
        """Set the nice value of one program, or of all running programs (None)."""
        self._send({"do": "nice", "id": generation, "nice": nice})

    def watch(self, generation: int) -> None:
        """Count the program's kernel descriptors: sends `Descriptors` at once and on every change."""
        self._send({"do": "watch", "id": generation})

    def meter(self, every: float, *, stats: bool) -> None:
        """Send the `CostTotals` of all programs every `every` seconds; `stats` switches the kernel's statistics on."""
        self._send({"do": "meter", "every": every, "stats": stats})

    def survey(self) -> None:
        """Read all BPF programs of the host once: sends a `BpfSurvey` when done."""
        self._send({"do": "survey"})

    def attach(
        self,
        loop: AbstractEventLoop,
        on_frames: Callable[[list[Frame]], None],
        on_end: Callable[[str], None],
    ) -> None:
        """Read frames in `loop`; call it on the loop's thread. `on_frames` gets the frames of each read, in order.

        `on_end` is called once, after the last frame, with the reason why the tracer ended.
        """
        self._loop, self._on_frames, self._on_end = loop, on_frames, on_end
        self._watch_process(loop)
        loop.add_reader(self._frames, self._read)
        loop.add_reader(self._complaints, self._read_complaints)
        self._push()

    def _watch_process(self, loop: AbstractEventLoop) -> None:
        """Treat the exit of the started process as the end, even if the pipes stay open: if it was a sudo that was
        killed, the tracer behind it runs until we close the pipe, and reports programs that end because of that."""
        try:
            self._process = os.pidfd_open(self.pid)
        except OSError:
            return  # it has ended already, or the kernel is older than 5.3: the end of the frames shows it
        loop.add_reader(self._process, self._process_ended)

    def _process_ended(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._process)
        while self._read():
            pass
        if self._loop is not None and not self._closing:
            self._end("")

    def detach(self) -> None:
        """Stop reading; call it on the loop's thread. No callback is called after that."""
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
            # Only now: `close` on another thread closes the descriptors as soon as no loop uses them.
            self._loop = None

    def complaint(self) -> str:
        """The stderr of the tracer, or of the sudo before it: the last COMPLAINT_SIZE bytes, as text."""
        while self._take_complaint():
            pass
        return self._complaint.decode(errors="replace").strip()

    def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """End the tracer and all its programs; wait at most `timeout` seconds, then kill it.

        If the loop runs, it still receives the frames that arrive in the meantime.
        """
        self._closing = True
        self._hang_up()
        if not self._wait(timeout):
            # Behind sudo it belongs to root: then nothing more can be done than to close the pipe.
            with contextlib.suppress(PermissionError, ProcessLookupError):
                self._kill()
                self._wait(KILL_TIMEOUT)
        self._reap()
        if self._loop is None:
            self._release()

    def _kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def _hang_up(self) -> None:
        """Close the command pipe by replacing it with /dev/null.

        The descriptor stays valid: a thread that is about to write cannot hit another file with the same number.
        """
        with self._lock:
            if self._commands < 0:
                return
            null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(null, self._commands, inheritable=False)
            os.close(null)

    def _release(self) -> None:
        """Close our descriptors, once no loop uses them."""
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
        with contextlib.suppress(ChildProcessError):  # another thread has already reaped it
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)

    def _send(self, command: Mapping[str, object]) -> None:
        with self._lock:
            if self._commands >= 0:
                self._outgoing += json.dumps(command, allow_nan=False).encode() + b"\n"
                self._push()

    def _push(self) -> None:
        """Write as much as the pipe accepts now; the loop writes the rest."""
        with self._lock:
            try:
                while self._outgoing:
                    del self._outgoing[: os.write(self._commands, self._outgoing)]
            except BlockingIOError:
                self._push_later()
            except BrokenPipeError:
                self._outgoing.clear()  # it has ended; the frames' pipe reports why

    def _push_later(self) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, so the session has ended
                loop.call_soon_threadsafe(self._await_room)

    def _await_room(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(PermissionError):  # closed: the loop cannot wait for /dev/null
                self._loop.add_writer(self._commands, self._room)

    def _room(self) -> None:
        if self._loop is not None:
            self._loop.remove_writer(self._commands)
        self._push()

    def _read(self) -> bool:
        """Read once and pass the frames on; False if there was nothing to read, or the tracer has ended."""
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
        """Read and keep one piece of stderr; False if there was none."""
        with self._lock:
            try:
                chunk = os.read(self._complaints, COMPLAINT_SIZE)
            except OSError:
                return False  # nothing to read, or the descriptor is closed
            self._complaint = (self._complaint + chunk)[-COMPLAINT_SIZE:]
            return bool(chunk)

    def _end(self, reason: str) -> None:
        loop = self._loop
        self._unlisten()
        self._hang_up()
        if loop is not None:
            self._report(loop, reason, 25)

    def _report(self, loop: AbstractEventLoop, reason: str, tries: int) -> None:
        """Report the end, with the exit status if it is known within half a second (`tries` of 20 ms)."""
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


def _three_pipes() -> list[tuple[int, int]]:
    """Raises TracerLost if there are too many open files."""
    pipes: list[tuple[int, int]] = []
    try:
        while len(pipes) < 3:
            pipes.append(os.pipe())
    except OSError as problem:
        _close_all([fd for pipe in pipes for fd in pipe])
        raise TracerLost(problem.strerror or str(problem), title="the tracer cannot be started") from None
    return pipes


def _close_all(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
