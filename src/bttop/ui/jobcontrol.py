"""Ctrl-Z: stopped like any other job of the shell. In a raw terminal the kernel sends no signal for the key."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp


def stop_job(app: BttopApp) -> None:
    """Stop bttop, and whatever runs with it as one job; the driver gives the terminal back before."""
    if has_shell():
        os.kill(0, signal.SIGTSTP)
    else:
        app.tell("there is no shell that could let bttop go on after Ctrl-Z", "warn")


def has_shell() -> bool:
    """Whether a process outside the job but of its session could continue it: the kernel's own rule for SIGTSTP."""
    group, session = os.getpgrp(), os.getsid(0)
    pid = os.getppid()
    try:
        while pid and os.getpgid(pid) == group:
            pid = _parent(pid)
        return pid > 0 and os.getsid(pid) == session
    except OSError:
        return False


def _parent(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("PPid:")), 0)
