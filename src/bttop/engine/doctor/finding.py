"""What the doctor says of one thing, and what the doctor looks at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from bttop.engine.host import Bpftrace, Host, is_emptied, may_have_tracefs
from bttop.script.hooks import HookPrices
from bttop.trust import EVERYBODY, Trust


class State(Enum):
    """How one thing stands. Broken means that one of the five panes of the dashboard cannot answer."""

    OK = "ok"
    LIMITED = "limited"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the doctor's table."""

    name: str
    state: State
    found: str
    """What is there."""
    effect: str = ""
    """What it means for the five panes, where that is not "nothing"."""
    mend: str = ""
    """The command that mends it, where there is one."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined; tests make one of a folder."""

    host: Host
    bpftrace: Bpftrace | None
    missing: str = ""
    """Why there is no bpftrace."""
    install: str = ""
    """The command that installs it, or shows how slow it is."""
    is_slow: bool = False
    """Whether there is one that did not answer in time."""
    info: str = ""
    """What `bpftrace --info` says; empty where it was not asked or did not answer."""
    prices: HookPrices | None = None
    """What hooks cost; None where only root could tell."""
    root: Path = Path("/")
    """Where /proc, /sys and the like lie."""
    euid: int = 0
    trust: Trust = EVERYBODY
    """Whose programs root may be asked to run."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def text(self, path: str) -> str | None:
        """The content of a small file below the root, or None: it is not there, or this user may not read it."""
        try:
            return (self.root / path).read_text(errors="replace").strip()
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        """Whether there is such a file, as far as this user may look."""
        return os.path.exists(self.root / path)  # noqa: PTH110 - pathlib raises where a folder may not be entered

    @property
    def is_root(self) -> bool:
        """Whether this runs as root; others are told less by the kernel."""
        return self.euid == 0

    @property
    def lacks_tracefs(self) -> bool:
        """Whether it is known that tracefs is not mounted; then bttop does not start."""
        return self.host.tracefs is None and (self.is_root or not may_have_tracefs(self.root / "proc/self/mounts"))

    @property
    def is_locked_down(self) -> bool:
        """Whether the kernel keeps its memory confidential: bpftrace then refuses to start, and tracefs is empty."""
        told = self.text("sys/kernel/security/lockdown")
        if told is not None:
            return "[confidentiality]" in told
        return self.is_root and self.host.tracefs is None and is_emptied(self.root / "proc/self/mounts")


def only_root(name: str, what: str) -> Finding:
    """A thing that only root may look at."""
    return Finding(name, State.UNKNOWN, f"only root may look at {what}", mend="sudo bttop doctor")
