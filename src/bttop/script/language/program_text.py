"""Writes programs as the text of a probe file with front matter, so that the user can read, edit and save them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from bttop.model.plan import PartKind


class MapText(Struct, frozen=True):
    """The front matter to write for one map. Empty fields are omitted."""

    name: str
    """With its `@`."""
    columns: tuple[str, ...] = ()
    kinds: tuple[PartKind, ...] = ()
    decoders: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    view: str = ""
    pid: str = ""
    tid: str = ""


def program(title: str, explanation: str, maps: Sequence[MapText], body: str, badge: str = "") -> str:
    """A probe file: front matter with title, help and the maps, then the probes and a final newline."""
    lines = [*_fields(title=title, help=explanation, badge=badge)]
    for one in maps:
        lines += _table(one)
    matter = "\n".join(f"// {line}" for line in ("/// bttop", *lines, "///"))
    return f"{matter}\n\n{body.strip()}\n"


def quoted(text: str) -> str:
    """The text as a string literal of bpftrace's language and of TOML."""
    readable = text.encode(errors="replace").decode()
    return re.sub("[\x7f-\x9f]", lambda one: f"\\u{ord(one[0]):04x}", json.dumps(readable, ensure_ascii=False))


def _fields(**values: str) -> Iterator[str]:
    yield from (f"{name} = {quoted(value)}" for name, value in values.items() if value)


def _table(one: MapText) -> Iterator[str]:
    yield f"[map.{one.name.removeprefix('@') or quoted('')}]"
    if one.columns:
        yield f"columns = {_list(one.columns)}"
    if one.kinds:
        yield f"kinds = {_list(one.kinds)}"
    if one.decoders:
        pairs = ", ".join(f"{title} = {quoted(name)}" for title, name in one.decoders.items())
        yield f"decoders = {{ {pairs} }}"
    yield from _fields(pid=one.pid, tid=one.tid, unit=one.unit, view=one.view)


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(quoted(text) for text in texts)}]"
