"""A pin as people write it."""

from __future__ import annotations

from pathlib import Path

from bttop.engine.process import is_alive
from bttop.script.pin import Pin


def pin_of(text: str) -> Pin | str:
    """A pin as typed: a PID (or several, with commas), a cgroup's path, else a process name; or why it is none."""
    text = text.strip()
    if not text:
        return "nothing to pin to"
    pids = [part.strip() for part in text.split(",")]
    if all(part.isdecimal() for part in pids):
        gone = [part for part in pids if not is_alive(int(part))]
        return f"there is no process {gone[0]}" if gone else Pin(pids=tuple(int(part) for part in pids))
    if text.startswith("/"):
        return Pin(cgroup=text) if Path(text).is_dir() else f"{text} is no cgroup folder"
    return Pin(comm=text)
