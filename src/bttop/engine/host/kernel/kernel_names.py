"""Whether this kernel has a probe of a name, by what every user may read: no bpftrace is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bttop.engine.host.host import Host

SYMBOLS: Final = Path("/proc/kallsyms")
_FUNCTIONS: Final = frozenset({"t", "T", "w", "W"})
"""The types of symbols that are functions (nm(1))."""


def is_in_kernel(word: str, host: Host, symbols: Path = SYMBOLS) -> bool:
    """Whether the name of a tracepoint, of its group, or of a function that can be probed contains a word. True where
    this user cannot read tracefs."""
    if host.tracefs is None:
        return True
    events = (path for path in (host.tracefs / "events").glob("*/*/format"))
    if any(word in path.parts[-2] or word in path.parts[-3] for path in events):
        return True
    return not host.why_not("kprobe", word) and word in _functions(symbols)


def _functions(symbols: Path) -> str:
    """The names of the kernel's functions, one on each line."""
    try:
        lines = symbols.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(parts[2] for line in lines if (parts := line.split())[1] in _FUNCTIONS)
