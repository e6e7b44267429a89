"""The result of one check (Finding), and the machine that the checks read (DoctorContext)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

from msgspec import Struct, field

from bttop.engine.host.host import Bpftrace, Host, is_emptied, may_have_tracefs
from bttop.errors import bttop_command
from bttop.script.cost.hook_costs import HookPrices
from bttop.trust import EVERYBODY, Trust


class FindingState(Enum):
    """The result of a check. Broken means that at least one of the five panes of the dashboard cannot answer."""

    OK = "ok"
    LIMITED = "limited"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class Finding(Struct, frozen=True):
    """One row of the doctor's table."""

    name: str
    state: FindingState
    found: str
    """What the check found."""
    effect: str = ""
    """The effect on the five panes; empty if there is none."""
    fix: str = ""
    """The command that fixes it, to be pasted as it is, or advice in words; empty if there is neither."""


class DoctorContext(Struct, frozen=True):
    """The machine to check; tests build one from a folder."""

    host: Host
    bpftrace: Bpftrace | None
    missing: str = ""
    """Why `bpftrace` is None."""
    install: str = ""
    """The command that installs bpftrace or, if it is slow, measures its start."""
    is_slow: bool = False
    """Whether bpftrace exists but did not answer in time."""
    info: str = ""
    """The output of `bpftrace --info`; empty if it was not run or did not answer."""
    prices: HookPrices | None = None
    """What hooks cost; None if not measured, which needs root."""
    root: Path = Path("/")
    """The folder that contains /proc and /sys."""
    euid: int = 0
    trust: Trust = EVERYBODY
    """The users whose programs bttop may run as root."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def text(self, path: str) -> str | None:
        """The content of a small file below the root; None if it does not exist or cannot be read."""
        try:
            return (self.root / path).read_text(errors="replace").strip()
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        """Whether a file exists below the root; False if this user cannot see it."""
        return os.path.exists(self.root / path)  # noqa: PTH110 - pathlib raises if a folder cannot be entered

    @property
    def is_root(self) -> bool:
        """Whether bttop runs as root; the kernel shows less to other users."""
        return self.euid == 0

    def as_root(self, command: str) -> str:
        """A command that needs root, as this user can run it."""
        return command if self.is_root else f"sudo {command}"

    @property
    def lacks_tracefs(self) -> bool:
        """Whether tracefs is certainly not available; then bttop does not start."""
        return self.host.tracefs is None and (self.is_root or not may_have_tracefs(self.root / "proc/self/mounts"))

    @property
    def is_locked_down(self) -> bool:
        """Whether the kernel is in lockdown mode `confidentiality`: bpftrace refuses to start, and tracefs is empty."""
        told = self.text("sys/kernel/security/lockdown")
        if told is not None:
            return "[confidentiality]" in told
        return self.is_root and self.host.tracefs is None and is_emptied(self.root / "proc/self/mounts")


def only_root(name: str, what: str) -> Finding:
    """The finding for something that only root can check."""
    return Finding(name, FindingState.UNKNOWN, f"only root can check {what}", fix=f"sudo {bttop_command('doctor')}")


class Check(Struct, frozen=True):
    """One check. Each module of this package declares its checks as `CHECKS`."""

    place: int
    """The position of its finding in the table: ascending."""
    run: Callable[[DoctorContext], Finding]
