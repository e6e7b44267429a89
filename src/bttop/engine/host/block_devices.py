"""The names of a host's block devices by their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from bttop.engine.host.folder import Folder

_TABLE: Final = Path("/sys/dev/block")
_MOST: Final = 2048
"""Devices that are read: a host with more names the others by their numbers."""


def block_devices(table: Folder = _TABLE) -> Mapping[str, str]:
    """The names, such as `vda`, by `major:minor`; about 5 us for each device. Empty where sysfs is not mounted."""
    links = list(islice(table.glob("*"), _MOST))
    return {link.name: name for link in links if (name := _target(link))}


def _target(link: Folder) -> str:
    """The name of the device that a link is for; empty if the device is gone."""
    try:
        return link.readlink().name
    except OSError:
        return ""
