"""The numeric fields of this kernel's tracepoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bttop.engine.host.folder import Folder
from bttop.patterns import pattern
from bttop.script.language.reader import AttachPoint

_FIELD: Final = pattern(r"^\s*field:(?:const )?(?P<type>[^;\[]*?[ *])(?P<name>\w+);", re.MULTILINE)
_WORDS: Final = frozenset({
    "unsigned", "signed", "char", "short", "int", "long", "bool", "uint", "size_t", "ssize_t", "off_t", "loff_t",
    "pid_t", "uid_t", "gid_t", "dev_t", "ino_t", "sector_t", "umode_t",
})  # fmt: skip
_SIZED: Final = pattern(r"(?:__)?[us](?:8|16|32|64)|u?int(?:8|16|32|64)_t")
_COMMON: Final = "common_"
_ADDRESS: Final = "void *"


def numeric_fields(tracefs: Folder | None, point: AttachPoint) -> Mapping[str, str]:
    """The fields of a tracepoint that are numbers or addresses: name to C type, without `const`. bpftrace does not know
    those that all tracepoints have. Empty if the tracepoint does not exist, or tracefs cannot be read."""
    category, _, event = point.rest.partition(":")
    if tracefs is None or not category or "/" in point.rest:
        return {}
    try:
        text = (tracefs / "events" / category / event / "format").read_text()
    except (OSError, ValueError):
        return {}
    found = {one["name"]: one["type"].strip() for one in _FIELD.finditer(text)}
    return {name: kind for name, kind in found.items() if _is_number(kind) and not name.startswith(_COMMON)}


def _is_number(kind: str) -> bool:
    return kind == _ADDRESS or all(word in _WORDS or _SIZED.fullmatch(word) for word in kind.split())
