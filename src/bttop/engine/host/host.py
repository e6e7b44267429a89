"""Facts about this host, read once at start; how bpftrace is found; and the check whether this host can trace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from msgspec import Struct, field

from bttop.engine.host.block_devices import block_devices
from bttop.engine.host.capabilities import STATUS, grant, missing_for_root, read_set
from bttop.engine.host.folder import Folder
from bttop.engine.host.mounts import TABLE, mounted
from bttop.engine.host.process.processes import PROC, own_number
from bttop.errors import BpftraceSlow, CannotTrace, command_line, own_program
from bttop.model.record.release import Release
from bttop.trust import EVERYBODY, Trust, Untrusted

_TRACEFS = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
_SBIN = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin:/sbin"
VERSION_SECONDS = 20.0
UNLOCK = "boot with lockdown=integrity, or without Secure Boot"
"""The fix for a kernel in lockdown mode `confidentiality`."""
_ALIASES = {
    "k": "kprobe", "kr": "kretprobe", "u": "uprobe", "ur": "uretprobe", "t": "tracepoint", "f": "fentry",
    "fr": "fexit", "kfunc": "fentry", "kretfunc": "fexit", "p": "profile", "i": "interval", "rt": "rawtracepoint",
    "s": "software", "h": "hardware", "w": "watchpoint", "it": "iter", "U": "usdt",
}  # fmt: skip


class Bpftrace(Struct, frozen=True):
    """The bpftrace that bttop runs: its path and the release that it reports."""

    path: str
    release: Release


class Host(Struct, frozen=True):
    """The machine that bttop observes."""

    name: str
    kernel: str
    machine: str
    """The architecture, as in `uname -m`."""
    cpus: int
    """Number of CPUs that are online."""
    tracefs: Folder | None
    """Mount point of tracefs; None if it is not mounted or this user cannot read it."""
    devices: Mapping[str, str] = field(default_factory=dict)
    """Names of the block devices by `major:minor`."""
    proc: Folder = PROC
    """Its /proc: of another host, as far as it was read."""

    @classmethod
    def read(cls) -> Host:
        """Read the facts of the running host: 0.1 ms, and 3 us more for each block device."""
        uname = os.uname()
        # os.path: pathlib raises when a normal user cannot read tracefs.
        tracefs = next((path for path in _TRACEFS if os.path.isdir(path / "events")), None)  # noqa: PTH112
        return cls(uname.nodename, uname.release, uname.machine, os.cpu_count() or 1, tracefs, block_devices())

    @property
    def version(self) -> tuple[int, int]:
        """The kernel version, such as (6, 18); (0, 0) if the release name does not begin with one."""
        found = re.match(r"(\d+)\.(\d+)", self.kernel)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    @property
    def counts_skips(self) -> bool:
        """Whether the kernel counts events for which it did not run a BPF program on a tracepoint or kprobe, because
        another was running on the CPU."""
        return self.version >= (6, 7)

    def why_not(self, provider: str, rest: str) -> str:
        """Why an attach point cannot exist here; empty if it can.

        Only a fast check of tracefs: an attach point that passes may still fail to attach.
        """
        if self.tracefs is None or "*" in rest:
            return ""
        provider = _ALIASES.get(provider, provider)
        if provider == "tracepoint":
            return self._why_no_tracepoint(rest)
        if provider in ("kprobe", "kretprobe") and not (self.tracefs / "kprobe_events").exists():
            return "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)"
        if provider in ("fentry", "fexit") and not (self.tracefs / "kprobe_events").exists():
            # Every distribution kernel has both direct calls and kprobes, or none; bpftrace needs both.
            return "this kernel does not support probes on functions (no fentry)"
        return ""

    def _why_no_tracepoint(self, rest: str) -> str:
        assert self.tracefs is not None
        category, _, event = rest.partition(":")
        if (self.tracefs / "events" / category / event).is_dir():
            return ""
        return f"this kernel has no tracepoint {rest}"

    def why_unavailable(self, attach_points: Iterable[tuple[str, str]]) -> str:
        """The first reason why one of these (provider, rest) attach points cannot exist here, or ''."""
        return next((why for point in attach_points if (why := self.why_not(*point))), "")


def find_bpftrace(wanted: str | None, trust: Trust = EVERYBODY) -> Bpftrace:
    """Find bpftrace and read its release; raises as `ReleaseQuery.answer`."""
    with ReleaseQuery(wanted, trust) as query:
        return query.answer()


class ReleaseQuery:
    """Runs `bpftrace --version` in the background (about 30 ms). A context manager: leaving it kills the process."""

    def __init__(self, wanted: str | None, trust: Trust = EVERYBODY) -> None:
        """The program is `wanted`, else `$BTTOP_BPFTRACE`, else bpftrace on PATH or in the sbin folders. It is not run
        if another user could have written it. Problems are raised by `answer`."""
        self._name = wanted or os.environ.get("BTTOP_BPFTRACE") or "bpftrace"
        self._path = find_program(self._name)
        self._trust = trust
        self._process: subprocess.Popen[bytes] | None = None
        self._problem: OSError | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
            try:
                self._trust.check(Path(self._path))
                self._process = subprocess.Popen([self._path, "--version"], stdin=nothing, stdout=pipe, stderr=pipe)
            except OSError as problem:
                self._problem = problem
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process is not None:
            self._process.kill()  # no effect if it has already ended
            self._process.communicate()

    def answer(self) -> Bpftrace:
        """Return the path and release of bpftrace. Waits at most VERSION_SECONDS.

        Raises CannotTrace when bpftrace is missing or cannot be run, and its subclass BpftraceSlow on a timeout.
        """
        if self._path is None:
            why = "is not an executable program" if "/" in self._name else "is not installed here"
            raise self._without(f"{self._name} {why}")
        path = self._path
        if isinstance(self._problem, Untrusted):
            doubt = self._problem
            raise CannotTrace(str(doubt), title="no bpftrace", hint=doubt.fix) from doubt
        if self._process is None:
            why = f"{path} does not run: {self._problem}"
            raise self._without(why) from self._problem
        try:
            output, complaints = self._process.communicate(timeout=VERSION_SECONDS)
        except subprocess.TimeoutExpired as error:
            why = f"{path} --version gave no answer within {VERSION_SECONDS:g} s: this host may be overloaded"
            raise BpftraceSlow(why, title="bpftrace is slow", hint=f"time {command_line(path, '--version')}") from error
        release = Release.of_answer(output.decode(errors="replace"))
        if release is None:
            said = (output + complaints).decode(errors="replace").strip().partition("\n")[0][:200]
            why = f"{path} is not bpftrace: its --version printed {said!r}"
            raise self._without(why)
        return Bpftrace(str(Path(path).absolute()), release)

    def _without(self, why: str) -> CannotTrace:
        """The error for a bpftrace that does not run; it names the installed one if another was chosen."""
        usual = find_program("bpftrace")
        if usual is None or self._name == "bpftrace":
            return CannotTrace(why, title="no bpftrace", hint=install_command())
        return CannotTrace(f"{why}; without --bpftrace and $BTTOP_BPFTRACE, bttop runs {usual}", title="no bpftrace")


def find_program(name: str) -> str | None:
    """The path of a program on PATH or in the sbin folders, which a normal user's PATH may not include; or None."""
    return shutil.which(name) or shutil.which(name, path=_SBIN)


def install_command() -> str:
    """The command that installs bpftrace with this distribution's package manager."""
    commands = {
        "apt-get": "apt-get install -y bpftrace",
        "dnf": "dnf install -y bpftrace",
        "zypper": "zypper install -y bpftrace",
        "pacman": "pacman -S --noconfirm bpftrace",
        "apk": "apk add bpftrace",
    }
    found = next((command for tool, command in commands.items() if shutil.which(tool)), None)
    if found is None:
        return "install bpftrace with this system's package manager"
    return as_root(found)


def as_root(command: str) -> str:
    """A command that needs root, as this user can run it."""
    return command if os.geteuid() == 0 else f"sudo {command}"


def check_can_trace(host: Host, mounts: Path = TABLE, status: Path = STATUS) -> None:
    """Raise CannotTrace, with the command that fixes it, if root may not trace, or no tracepoint can be found here.
    `status`: that of this process.

    A normal user who cannot read tracefs is not an error: bpftrace does not run as that user.
    """
    if own_number(status) != os.getpid():
        why = "/proc does not show this PID namespace, so bttop cannot find its own processes there"
        raise CannotTrace(
            why, title="another /proc", hint=command_line("unshare", "--mount-proc", *own_program(), *sys.argv[1:])
        )
    effective = read_set("CapEff", status) if os.geteuid() == 0 else None
    if effective is not None and (lacks := missing_for_root(effective)):
        why = f"this root lacks {' and '.join(lacks)}, which CAP_SYS_ADMIN includes: containers remove capabilities"
        raise CannotTrace(f"{why}; {grant(lacks)}", title="no privilege")
    if host.tracefs is None and os.geteuid() == 0 and is_emptied(mounts):
        raise CannotTrace(
            "tracefs is mounted but empty: the kernel is locked down (confidentiality), so nothing can trace it; "
            f"{UNLOCK}",
            title="kernel locked down",
        )
    if host.tracefs is None and (os.geteuid() == 0 or not may_have_tracefs(mounts)):
        raise CannotTrace(
            "tracefs is not mounted, so no tracepoint can be found",
            title="no tracefs",
            hint=as_root("mount -t tracefs tracefs /sys/kernel/tracing"),
        )


def may_have_tracefs(table: Path) -> bool:
    """Whether tracefs may be mounted, even where this user cannot look: debugfs mounts it automatically on access.
    True if the table cannot be read."""
    mounts = mounted(table)
    return mounts is None or any(one.kind in ("tracefs", "debugfs") for one in mounts)


def is_emptied(table: Path) -> bool:
    """Whether tracefs is mounted at a usual place. If root then finds it empty, the kernel keeps it empty."""
    return any(one.kind == "tracefs" and one.place in _TRACEFS for one in mounted(table) or ())
