"""Ctrl-Z: stop bttop as a job of the shell. In a raw terminal the kernel sends no signal for this key."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def stop_job() -> None:
    """Stop all processes of bttop's job. The driver restores the terminal before."""
    os.kill(0, signal.SIGTSTP)


def has_shell() -> bool:
    """Whether an ancestor outside the job but in its session could continue it: the kernel's rule for SIGTSTP."""
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
