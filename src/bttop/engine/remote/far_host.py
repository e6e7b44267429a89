"""What must be known of another host before programs start there: read through its tracer, in one round trip."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from bttop.engine.host.block_devices import block_devices
from bttop.engine.host.capabilities import grant, missing_for_root, read_set
from bttop.engine.host.folder import FarFiles, FarPath
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.remote.clock import FarClock
from bttop.engine.remote.complaints import is_final
from bttop.engine.remote.far_channel import FarChannel
from bttop.engine.remote.link import Link
from bttop.engine.remote.ssh import CONNECT_SECONDS, Destination, bootstrap, ssh_command
from bttop.engine.tracer.frames import Content, Exited, Failed, Frame, Hello
from bttop.errors import CannotTrace, TracerLost, Unreachable, command_line
from bttop.model.record.records import StampedLine
from bttop.model.record.release import Release

CONNECTED_WITHIN: Final = CONNECT_SECONDS + 20.0
"""Seconds from the start of ssh to the first answer: with many hosts, all ssh share the CPUs of this one."""
ANSWER_SECONDS: Final = 10.0
"""Seconds from one answer to the next at least, of this host or of one that is connected together with it."""
_LOOK: Final = 0.2
"""Seconds between two looks at whether the connection is still needed."""
BASE: Final = (
    "/proc/self/status", "/proc/self/mounts", "/proc/meminfo", "/proc/modules", "/proc/sys/kernel/pid_max",
    "/proc/sys/kernel/random/boot_id", "/etc/passwd",
)  # fmt: skip
LINKS: Final = ("/proc/self/ns/pid", "/sys/dev/block/*")
TRACEFS: Final = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_EVENTS: Final = "events/*/*/format"
_VERSION_ID: Final = 2**32 - 1
"""The tracer's id of the query for the release; the engine's ids begin at 1."""
_FACTS, _LATER_TRACEFS, _ANCESTORS, _FORMATS = -1, -2, -3, -4
"""The tokens of the questions here; those of the link are above 0."""


class FarHost(Struct, frozen=True):
    """Another host, with the tracer that runs there."""

    host: Host
    """Its name is what the user has called it: what it calls itself is not shown."""
    bpftrace: Bpftrace
    files: FarFiles
    tracer: int
    """The tracer's process id there."""
    link: Link
    channel: FarChannel


class Progress:
    """When a host last answered, of those that are connected together: while others still answer, the CPUs of this host
    are busy with ssh, and a late answer says nothing about its host. From any thread."""

    def __init__(self) -> None:
        self.answered_at = time.monotonic()
        """When the newest answer came (monotonic clock); before the first one, when the first connection began."""
        self.is_over = False
        """Whether no connection is needed any more."""

    def answered(self) -> None:
        """A host has answered."""
        self.answered_at = time.monotonic()

    @property
    def until(self) -> float:
        """Until when the others must wait at least (monotonic clock)."""
        return self.answered_at + ANSWER_SECONDS


class FarConnection:
    """A connection that is being made. `finish` waits for it, so that several are made at once."""

    def __init__(
        self,
        ssh: Sequence[str],
        destination: Destination,
        bpftrace: str | None = None,
        progress: Progress | None = None,
        link: Link | None = None,
    ) -> None:
        """`bpftrace`: its path there; None: the one on the tracer's PATH. `progress`: that of all hosts that are
        connected together. `link`: that of earlier attempts."""
        self.link = link or Link(destination.name)
        self._ssh = ssh
        self._destination = destination
        self._bpftrace = bpftrace or "bpftrace"
        self._files = FarFiles()
        self._progress = progress or Progress()
        self._began = self._until = 0.0
        self._channel: FarChannel | None = None

    def spawn(self) -> FarChannel:
        """Start ssh and send the tracer. Raises TracerLost if ssh cannot be started, or the tracer cannot be read."""
        try:
            remote = bootstrap(sudo=self._destination.sudo)
        except OSError as problem:  # as while bttop is being upgraded
            raise TracerLost(f"{problem.filename}: {problem.strerror}", title="the tracer cannot be started") from None
        channel = FarChannel.spawn(ssh_command(self._ssh, self._destination, remote))
        channel.open(self.link, remote.mark, remote.tracer)
        return channel

    def begin(self) -> None:
        """Connect and ask for everything that does not depend on an answer. Raises as `spawn`."""
        self.link.clock = FarClock()  # after a failed attempt the host may have been restarted
        self._began = time.monotonic()
        self._until = self._began + CONNECTED_WITHIN
        self._channel = channel = self.spawn()
        patterns = [f"{TRACEFS[0]}/{_EVENTS}", f"{TRACEFS[0]}/kprobe_events"]
        channel.ask(_FACTS, {"do": "read", "files": list(BASE), "links": list(LINKS), "patterns": patterns})
        channel.start(_VERSION_ID, [self._bpftrace, "--version"], {}, folder="/")

    def finish(self, tracepoints: Iterable[str] = ()) -> FarHost:
        """Wait for the answers. `tracepoints`: those whose formats will be needed, as `CATEGORY/EVENT`. Raises
        CannotTrace with the reason if programs cannot run there, and Unreachable if the host does not answer; the
        connection is then closed."""
        assert self._channel is not None, "begin comes first"
        try:
            return self._finish(self._channel, tracepoints)
        except TracerLost as problem:
            self._channel.close(0.0)
            kind = CannotTrace if is_final(problem.cause) else Unreachable
            raise kind(problem.cause, title=self.link.name, hint=self._check_command()) from None
        except CannotTrace:
            self._channel.close(0.0)
            raise

    def close(self) -> None:
        """Close a connection that will not be finished."""
        if self._channel is not None:
            self._channel.close(0.0)

    def _finish(self, channel: FarChannel, tracepoints: Iterable[str]) -> FarHost:
        hello = self._expect(channel, lambda frame: isinstance(frame, Hello))
        assert isinstance(hello, Hello)
        self._read(channel, _FACTS)
        self._check_user(hello)
        tracefs = self._tracefs(channel)
        channel.ask_time()
        processes = {"do": "processes", "pids": [hello.pid]}
        channel.ask(_ANCESTORS, processes)
        formats = [f"{tracefs}/events/{one}/format" for one in tracepoints]
        channel.ask(_FORMATS, {"do": "read", "files": formats})
        release = self._release(channel)
        self._read(channel, _ANCESTORS)
        self._read(channel, _FORMATS)
        return FarHost(
            self._host(hello, tracefs), Bpftrace(self._bpftrace, release), self._files, hello.pid, self.link, channel
        )

    def _host(self, hello: Hello, tracefs: FarPath) -> Host:
        uname = (*hello.uname, *[""] * 5)
        devices = block_devices(self._files.root() / "sys/dev/block")
        proc = self._files.root() / "proc"
        return Host(self.link.name, uname[2], uname[4], max(1, hello.cpus), tracefs, devices, proc)

    def _expect(self, channel: FarChannel, is_wanted: Callable[[Frame], bool]) -> Frame:
        until = self._until
        while (found := channel.wait(is_wanted, min(until, time.monotonic() + _LOOK))) is None:
            if self._progress.is_over:
                raise TracerLost("bttop ends")
            until = max(until, self._progress.until)
            if time.monotonic() >= until:
                raise TracerLost(f"no answer within {time.monotonic() - self._began:.0f} s")
        self._progress.answered()
        return found

    def _read(self, channel: FarChannel, token: int) -> None:
        """Wait for an answer and keep its files."""
        found = self._expect(channel, lambda frame: isinstance(frame, Content) and frame.token == token)
        assert isinstance(found, Content)
        self._files.add(found.files, found.links, found.paths)

    def _check_user(self, hello: Hello) -> None:
        if hello.uid != 0:
            why = "the tracer is not root there: start it with --sudo, or log in as root"
            raise CannotTrace(why, title=self.link.name)
        effective = read_set("CapEff", self._files.root() / "proc/self/status")
        if effective is not None and (lacks := missing_for_root(effective)):
            why = f"root lacks {' and '.join(lacks)} there, which CAP_SYS_ADMIN includes; {grant(lacks)}"
            raise CannotTrace(why, title=self.link.name)

    def _tracefs(self, channel: FarChannel) -> FarPath:
        """The mount point of tracefs there. Raises CannotTrace if there is none."""
        root = self._files.root()
        if (root / TRACEFS[0] / "events").exists():
            return root / TRACEFS[0]
        patterns = [f"{TRACEFS[1]}/{_EVENTS}", f"{TRACEFS[1]}/kprobe_events"]
        channel.ask(_LATER_TRACEFS, {"do": "read", "patterns": patterns})
        self._read(channel, _LATER_TRACEFS)
        if (root / TRACEFS[1] / "events").exists():
            return root / TRACEFS[1]
        raise CannotTrace(
            "tracefs is not mounted there, so no tracepoint can be found",
            title=self.link.name,
            hint=command_line("ssh", self.link.name, "sudo mount -t tracefs tracefs /sys/kernel/tracing"),
        )

    def _release(self, channel: FarChannel) -> Release:
        end = self._expect(channel, _is_end)
        if isinstance(end, Failed):
            why = f"bpftrace does not run there: {end.reason}"
            raise CannotTrace(why, title=self.link.name, hint=command_line("ssh", self.link.name, "bpftrace --version"))
        lines = channel.taken(_VERSION_ID)
        said = b"\n".join(line.data for line in lines if isinstance(line, StampedLine)).decode(errors="replace")
        release = Release.of_answer(said)
        if release is None:
            shown = said.strip().partition("\n")[0][:200]
            raise CannotTrace(f"{self._bpftrace} --version printed {shown!r} there", title=self.link.name)
        return release

    def _check_command(self) -> str:
        words = (*self._ssh, "-o", "BatchMode=yes", self.link.name, "python3 --version")
        return command_line(*words)


def _is_end(frame: Frame) -> bool:
    return isinstance(frame, Exited | Failed) and frame.generation == _VERSION_ID
