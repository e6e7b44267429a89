"""What this host is and what it lets bpftrace do: facts read once at start, and the check that comes before all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bttop.engine.mounts import TABLE, mounted
from bttop.errors import BpftraceSlow, CannotTrace
from bttop.model.release import Release
from bttop.trust import EVERYBODY, Trust, Untrusted

_TRACEFS = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
_SBIN = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin:/sbin"
VERSION_SECONDS = 20.0
UNLOCK = "boot with lockdown=integrity, or without Secure Boot"
"""What mends a kernel that keeps everything confidential."""
_ALIASES = {
    "k": "kprobe", "kr": "kretprobe", "u": "uprobe", "ur": "uretprobe", "t": "tracepoint", "f": "fentry",
    "fr": "fexit", "kfunc": "fentry", "kretfunc": "fexit", "p": "profile", "i": "interval", "rt": "rawtracepoint",
    "s": "software", "h": "hardware", "w": "watchpoint", "it": "iter", "U": "usdt",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bpftrace:
    """The bpftrace that will run: where it is and which release it says it is."""

    path: str
    release: Release


@dataclass(frozen=True, slots=True)
class Host:
    """The machine that is looked at."""

    name: str
    kernel: str
    machine: str
    """The architecture, as in `uname -m`."""
    cpus: int
    """CPUs that are online."""
    tracefs: Path | None
    """Where tracefs is mounted, or None: it is not, or this user may not look into it."""

    @classmethod
    def read(cls) -> Host:
        """Read the facts of the running host; costs well under a millisecond."""
        uname = os.uname()
        # os.path: a normal user may not look into tracefs, and pathlib raises then.
        tracefs = next((path for path in _TRACEFS if os.path.isdir(path / "events")), None)  # noqa: PTH112
        return cls(uname.nodename, uname.release, uname.machine, os.cpu_count() or 1, tracefs)

    @property
    def version(self) -> tuple[int, int]:
        """The kernel's version, as in 6, 18; zeros where its name does not begin with one."""
        found = re.match(r"(\d+)\.(\d+)", self.kernel)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    @property
    def counts_skips(self) -> bool:
        """Whether the kernel counts events for which it did not run a BPF program on a tracepoint or kprobe, because
        another was running on the CPU."""
        return self.version >= (6, 7)

    def why_not(self, provider: str, rest: str) -> str:
        """Why an attach point cannot exist here, or an empty string when nothing speaks against it.

        A cheap look at tracefs alone: what passes may still fail to attach.
        """
        if self.tracefs is None or "*" in rest:
            return ""
        provider = _ALIASES.get(provider, provider)
        if provider == "tracepoint":
            return self._why_no_tracepoint(rest)
        if provider in ("kprobe", "kretprobe") and not (self.tracefs / "kprobe_events").exists():
            return "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)"
        if provider in ("fentry", "fexit") and not (self.tracefs / "kprobe_events").exists():
            # Direct calls and kprobes come together in every distribution kernel; bpftrace asks for both.
            return "this kernel lets nothing attach to functions (no fentry)"
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
    """Find bpftrace and ask its release; see `BpftraceQuery`."""
    with BpftraceQuery(wanted, trust) as query:
        return query.answer()


class BpftraceQuery:
    """Asks bpftrace for its release: 30 ms, in which whoever asks can do something else. A context, which ends it."""

    def __init__(self, wanted: str | None, trust: Trust = EVERYBODY) -> None:
        """`wanted`, else `$BTTOP_BPFTRACE`, else the one on PATH or in the sbin folders. It is not run where another
        user could have put it there. What goes wrong is told by `answer`."""
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
            self._process.kill()  # harmless once it has ended
            self._process.communicate()

    def answer(self) -> Bpftrace:
        """The answer, within VERSION_SECONDS.

        Raises CannotTrace when there is none or it cannot be run, and its kind BpftraceSlow when it gives no answer.
        """
        if self._path is None:
            why = "is no program that can be run" if "/" in self._name else "is not installed here"
            raise CannotTrace(f"{self._name} {why}", title="no bpftrace", hint=install_command())
        path = self._path
        if isinstance(self._problem, Untrusted):
            doubt = self._problem
            raise CannotTrace(str(doubt), title="no bpftrace", hint=doubt.mend) from doubt
        if self._process is None:
            why = f"{path} does not run: {self._problem}"
            raise CannotTrace(why, title="no bpftrace", hint=install_command()) from self._problem
        try:
            output, complaints = self._process.communicate(timeout=VERSION_SECONDS)
        except subprocess.TimeoutExpired as error:
            why = f"{path} --version gave no answer within {VERSION_SECONDS:g} s: this host may be overloaded"
            raise BpftraceSlow(why, title="bpftrace is slow", hint=f"time {path} --version") from error
        release = Release.parse(output.decode(errors="replace"))
        if release is None:
            said = (output + complaints).decode(errors="replace").strip()[:200]
            raise CannotTrace(f"{path} --version answers {said!r}", title="no bpftrace", hint=install_command())
        return Bpftrace(str(Path(path).absolute()), release)


def find_program(name: str) -> str | None:
    """A program on PATH, or where administrators' programs lie, which PATH of a normal user may leave out."""
    return shutil.which(name) or shutil.which(name, path=_SBIN)


def install_command() -> str:
    """The command that installs bpftrace by this distribution's package manager."""
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
    return found if os.geteuid() == 0 else f"sudo {found}"


def check_can_trace(host: Host, mounts: Path = TABLE) -> None:
    """Raise CannotTrace, with the command that mends it, where no tracepoint could be found at all.

    That a normal user may not look into tracefs is no reason: bpftrace does not run as that user.
    """
    if host.tracefs is None and os.geteuid() == 0 and is_emptied(mounts):
        raise CannotTrace(
            "tracefs is mounted but empty: the kernel is locked down (confidentiality), so nothing can trace it",
            title="kernel locked down",
            hint=UNLOCK,
        )
    if host.tracefs is None and (os.geteuid() == 0 or not may_have_tracefs(mounts)):
        raise CannotTrace(
            "tracefs is not mounted, so no tracepoint can be found",
            title="no tracefs",
            hint=f"{'' if os.geteuid() == 0 else 'sudo '}mount -t tracefs tracefs /sys/kernel/tracing",
        )


def may_have_tracefs(table: Path) -> bool:
    """Whether it is mounted by this table, be it where we may not look: debugfs mounts it by itself when it is
    entered."""
    mounts = mounted(table)
    return mounts is None or any(one.kind in ("tracefs", "debugfs") for one in mounts)


def is_emptied(table: Path) -> bool:
    """Whether tracefs is mounted where it belongs. If nothing is seen in it then, the kernel keeps it empty."""
    return any(one.kind == "tracefs" and one.place in _TRACEFS for one in mounted(table) or ())
