"""Other programs that are measured in the same run: btop, htop, Textual alone, and bpftrace without bttop."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

TEXTUAL: Final = [sys.executable, "-c", "import textual.app"]


class Peer(NamedTuple):
    """A program for the terminal that refreshes once a second."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    drawn: bytes
    """What it sends with its first picture."""


def installed(home: Path) -> list[Peer]:
    """Those of btop and htop that are installed. Their configuration is written below `home`."""
    (home / "btop").mkdir(exist_ok=True)
    (home / "btop" / "btop.conf").write_text("update_ms = 1000\n")
    environment = {"XDG_CONFIG_HOME": str(home)}
    known = [
        Peer("btop", ["btop", "--utf-force"], environment, b"proc"),
        Peer("htop", ["htop", "-d", "10"], environment, b"Load average"),
    ]
    return [one for one in known if shutil.which(one.command[0])]
