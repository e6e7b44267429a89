"""How a pin reads in a header or on a rule."""

from __future__ import annotations

from pathlib import Path

from bttop.model.text import visible_name
from bttop.script.pin import Pin


def pin_text(pin: Pin | None) -> str:
    """The pin in a few words."""
    if pin is None:
        return "no pin"
    if pin.pids:
        return "pid " + ",".join(str(pid) for pid in pin.pids)
    return f"comm {visible_name(pin.comm)}" if pin.comm else f"cgroup {visible_name(Path(pin.cgroup).name)}"
