"""The text of a pin for the header and the panes' rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.host.cgroup import container_of
from bttop.model.format.text import visible_name

if TYPE_CHECKING:
    from bttop.script.process.pin import Pin


def pin_text(pin: Pin | None) -> str:
    """A short text for a pin."""
    if pin is None:
        return "no pin"
    if pin.pids:
        return f"pid {visible_name(pin.host) + ':' if pin.host else ''}" + ",".join(str(pid) for pid in pin.pids)
    return f"comm {visible_name(pin.comm)}" if pin.comm else _cgroup_text(pin.cgroups[0])


def _cgroup_text(path: str) -> str:
    """A container by its runtime and id; another cgroup, such as that of a unit, by the name of its folder."""
    container = container_of(path)
    return f"cgroup {visible_name(Path(path).name)}" if container is None else f"{container.runtime} {container.id}"
