"""Mangled names of C++ and Rust as they are in the source."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bttop.patterns import pattern

_MANGLED: Final = ("_Z", "_R")
_LONGEST: Final = 768
"""Characters of a name: together with its file it must fit into a recording."""
_CLONE: Final = pattern(r" \[clone (\.[^\]]*)\]")
_SYMBOL: Final = pattern(r"[\w.$@]+")
_QUALIFIERS: Final = frozenset({"", " const", " volatile", " const volatile", " &", " &&", " const &", " const &&"})


def demangled(name: str) -> str:
    """A name, in which a mangled symbol at its beginning is replaced by the name in the source, with the types of its
    parameters as bpftrace prints them. A name that cannot be read is unchanged. Never raises."""
    if not name.startswith(_MANGLED):
        return name
    symbol = _SYMBOL.match(name)
    return name if symbol is None else _source_name(symbol[0]) + name[symbol.end() :]


def without_parameters(name: str) -> str:
    """A name of C++ with `…` in the place of the types of its parameters: `add(int, char)` is `add(…)`."""
    name, clone = _parts(name)
    end = name.rfind(")")
    start = _opening(name, end)
    is_list = start > 0 and name[start - 1] not in " (" and name[end + 1 :] in _QUALIFIERS
    return f"{name[: start + 1]}…{name[end:]}{clone}" if is_list and end - start > 1 else f"{name}{clone}"


@lru_cache(maxsize=4096)
def _source_name(symbol: str) -> str:
    import demangle  # 30 ms, and only for a mangled name

    limits = demangle.Limits(max_depth=64, max_output=_LONGEST, max_substitutions=512, max_input=_LONGEST)
    found = demangle.demangle(symbol, language=("itanium", "rust"), style="gnu", limits=limits)
    # What is in square brackets at the end of a frame is its file.
    return _CLONE.sub(r" (\1)", found)


def _parts(name: str) -> tuple[str, str]:
    """The name, and how the compiler has named its clone: `f() (.cold)` is `f()` and ` (.cold)`."""
    head, blank, clone = name.rpartition(" (.")
    return (head, blank + clone) if blank and clone.endswith(")") else (name, "")


def _opening(name: str, end: int) -> int:
    """Where the parenthesis opens that is closed at `end`; -1 if there is none."""
    depth = 0
    for at in range(end, -1, -1):
        depth += (name[at] == ")") - (name[at] == "(")
        if depth == 0:
            return at
    return -1
