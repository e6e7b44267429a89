"""Front matter: TOML in the comments before a script's first probe, in the format of Python's inline metadata.

    // /// bttop
    // title = "Bytes read"
    // [map.bytes]
    // unit = "bytes"
    // ///

A map is named without its `@`; the nameless map is `[map.""]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from bttop.model.plan import Column, PartKind

DECODERS: Final = frozenset({"syscall", "address"})
"""The decoders that front matter may set for a column."""

_OPENING = "/// bttop"
_CLOSING = "///"
_KINDS: Final = frozenset({"int", "text", "stack", "any"})


@dataclass(frozen=True, slots=True)
class MapFront:
    """The front matter of one map. Empty fields are not set."""

    columns: tuple[str, ...] = ()
    """A title for each part of the key."""
    kinds: tuple[PartKind, ...] = ()
    """One per column."""
    decoders: Mapping[str, str] = field(default_factory=dict)
    """Column title to decoder."""
    unit: str = ""
    title: str = ""
    view: str = ""
    sort: str = ""
    pid: str = ""
    """Title of the column that holds a process id."""
    tid: str = ""
    """Title of the column that holds a thread id."""

    def key_columns(self, read: Sequence[Column]) -> tuple[Column, ...]:
        """The key's columns: those read from the script, with the front matter's values where it sets them."""
        if self.columns and len(self.columns) != len(read):
            return tuple(read)
        titles = self.columns or tuple(column.title for column in read)
        kinds = self.kinds or tuple(column.kind for column in read)
        return tuple(
            Column(title, kind, self.decoders.get(title, column.decoder))
            for title, kind, column in zip(titles, kinds, read, strict=True)
        )


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A probe file's front matter."""

    title: str = ""
    help: str = ""
    fallback: str = ""
    """File name of the probe file to try if this one cannot attach."""
    badge: str = ""
    """A caveat to show beside the numbers."""
    maps: Mapping[str, MapFront] = field(default_factory=dict)
    """By name with `@`. If there are any, only these maps are shown."""
    line: int = 0
    """Where the block starts, from 1."""


@dataclass(frozen=True, slots=True)
class FrontMatterFault:
    """An error in a front matter."""

    reason: str
    line: int
    """Line of the script, from 1."""


def read_front_matter(text: str, end: int | None = None) -> FrontMatter | FrontMatterFault | None:
    """Read the front matter of a script; None if it has none. Never raises.

    `end` is the offset of the first probe: a block after it is a fault.
    """
    block = _find_block(text)
    if block is None or isinstance(block, FrontMatterFault):
        return block
    if end is not None and text.count("\n", 0, end) + 1 < block.line:
        return FrontMatterFault("front matter must come before the first probe", block.line)
    return _from_toml(block)


@dataclass(frozen=True, slots=True)
class _Block:
    line: int
    """Line of the opening mark, from 1."""
    lines: tuple[str, ...]

    def fault(self, reason: str, index: int = -1) -> FrontMatterFault:
        return FrontMatterFault(reason, self.line + 1 + index)

    def index_of(self, key: str, table: str) -> int:
        """Index of the line that appears to set a key; -1, the opening mark, if there is none."""
        here = ""
        header = -1
        for index, line in enumerate(self.lines):
            bare = line.strip()
            if bare.startswith("["):
                here = bare.strip("[] ").replace(" ", "").replace("'", '"')
                header = index if _same_table(here, table) or _same_table(here, f"{table}.{key}") else header
            elif re.match(rf"[\"']?{re.escape(key)}[\"']?\s*[.=]", bare) and _same_table(here, table):
                return index
        return header


def _same_table(header: str, table: str) -> bool:
    return header.replace('"', "") == table.replace('"', "")


def _find_block(text: str) -> _Block | FrontMatterFault | None:
    found: _Block | None = None
    lines = iter(enumerate(text.split("\n"), 1))
    for number, line in lines:
        if _comment(line) != _OPENING:
            continue
        if found is not None:
            return FrontMatterFault("there is a second front matter", number)
        content = _until_closed(lines)
        if content is None:
            return FrontMatterFault("this front matter is not closed by `// ///`", number)
        found = _Block(number, content)
    return found


def _comment(line: str) -> str | None:
    """The text of a `//` line, without one leading space; None for any other line."""
    bare = line.strip()
    return bare[2:].removeprefix(" ") if bare.startswith("//") and not bare.startswith("///") else None


def _until_closed(lines: Iterator[tuple[int, str]]) -> tuple[str, ...] | None:
    content: list[str] = []
    for _, line in lines:
        comment = _comment(line)
        if comment is None:
            return None
        if comment == _CLOSING:
            return tuple(content)
        content.append(comment)
    return None


def _from_toml(block: _Block) -> FrontMatter | FrontMatterFault:
    # Loaded on demand: most scripts have no front matter, and start-up waits for the first program.
    import tomllib

    try:
        table = tomllib.loads("\n".join(block.lines))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+)", str(error))
        index = int(where[1]) - 1 if where else len(block.lines) - 1
        return block.fault(f"this is not TOML: {re.sub(r' [(]at .*', '', str(error))}", index)
    maps = table.pop("map", {})
    texts = _checked(block, "", table, _TEXT_FIELDS)
    if isinstance(texts, FrontMatterFault):
        return texts
    if not isinstance(maps, dict):
        return block.fault("`map` must be tables such as [map.bytes]", block.index_of("map", ""))
    fronts: dict[str, MapFront] = {}
    for name, fields in maps.items():
        front = _map_front(block, name, fields)
        if isinstance(front, FrontMatterFault):
            return front
        fronts[f"@{name}"] = front
    return FrontMatter(**texts, maps=fronts, line=block.line)


def _map_front(block: _Block, name: str, fields: object) -> MapFront | FrontMatterFault:
    table = f"map.{name}"
    if not isinstance(fields, dict):
        return block.fault(f"`{table}` must be a table", block.index_of(name, "map"))
    values = _checked(block, table, fields, _MAP_FIELDS)
    if isinstance(values, FrontMatterFault):
        return values
    lists: dict[str, Any] = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    front = MapFront(**{**values, **lists})
    wrong = _disagreement(front)
    return front if wrong is None else block.fault(wrong[1], block.index_of(wrong[0], table))


def _disagreement(front: MapFront) -> tuple[str, str] | None:
    """The first field with an invalid value or one that contradicts the columns, and why; None if all agree."""
    if len(set(front.columns)) < len(front.columns):
        return "columns", "two columns have the same title"
    if front.kinds and front.columns and len(front.kinds) != len(front.columns):
        return "kinds", f"{len(front.kinds)} kinds for {len(front.columns)} columns"
    if not _KINDS.issuperset(front.kinds):
        return "kinds", f"a kind is one of {', '.join(sorted(_KINDS))}"
    if not DECODERS.issuperset(front.decoders.values()):
        return "decoders", f"a decoder is one of {', '.join(sorted(DECODERS))}"
    for key, title in (
        ("pid", front.pid),
        ("tid", front.tid),
        *(("decoders", name) for name in front.decoders),
    ):
        if title and front.columns and title not in front.columns:
            return key, f"`{title}` is not a column"
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_text_table(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


_Check = tuple[Callable[[object], bool], str]
_TEXT: Final[_Check] = (_is_text, "a string")
_TEXTS: Final[_Check] = (_is_texts, "a list of strings")
_TEXT_FIELDS: Final[Mapping[str, _Check]] = dict.fromkeys(("title", "help", "fallback", "badge"), _TEXT)
_MAP_FIELDS: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("unit", "title", "view", "sort", "pid", "tid"), _TEXT),
    **dict.fromkeys(("columns", "kinds"), _TEXTS),
    "decoders": (_is_text_table, "a table of strings"),
}


def _checked(
    block: _Block, table: str, fields: Mapping[str, object], known: Mapping[str, _Check]
) -> dict[str, Any] | FrontMatterFault:
    for key, value in fields.items():
        if key not in known:
            names = ", ".join(sorted(known))
            return block.fault(f"unknown field `{key}`; known are {names}", block.index_of(key, table))
        check, expected = known[key]
        if not check(value):
            return block.fault(f"`{key}` must be {expected}", block.index_of(key, table))
    return cast("dict[str, Any]", dict(fields))
