"""How a pin reads in a header or on a rule."""

from __future__ import annotations

from pathlib import Path

from bttop.engine.cgroup import container_of
from bttop.model.text import visible_name
from bttop.script.pin import Pin


def pin_text(pin: Pin | None) -> str:
    """The pin in a few words."""
    if pin is None:
        return "no pin"
    if pin.pids:
        return "pid " + ",".join(str(pid) for pid in pin.pids)
    return f"comm {visible_name(pin.comm)}" if pin.comm else _cgroup_text(pin.cgroups[0])


def _cgroup_text(path: str) -> str:
    """A container by its runtime and id, any other cgroup by its folder: a unit has its own."""
    container = container_of(path)
    return f"cgroup {visible_name(Path(path).name)}" if container is None else f"{container.runtime} {container.id}"
