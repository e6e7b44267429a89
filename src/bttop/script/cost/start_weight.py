"""How long bpftrace takes to start a script, compared with other scripts. Pure: no input or output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bttop.script.language.reader import Script, Unreadable
from bttop.script.process.regions import code_of

_ACCESS: Final = frozenset({"->", "."})


def start_weight(script: Script | Unreadable) -> int:
    """A number that grows with the time to start: each probe is compiled, loaded and attached, and for each field of an
    event or a structure bpftrace looks up its type. 0 for a script that bttop cannot read."""
    if isinstance(script, Unreadable):
        return 0
    accesses = sum(token.text in _ACCESS for probe in script.probes for token in code_of(script, probe))
    return len(script.points) + accesses


def max_weight(scripts: Iterable[Script | Unreadable]) -> int:
    """The largest weight of a program's scripts; 0 without a script."""
    return max(map(start_weight, scripts), default=0)
