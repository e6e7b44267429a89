"""Front matter: TOML in the comments before a script's first probe, in the format of Python's inline metadata.

    // /// bttop
    // title = "Bytes read"
    // [[parameter]]
    // name = "port"
    // kind = "number"
    // [map.bytes]
    // unit = "bytes"
    // ///

Parameters are in the order of `$1`, `$2` … A map is named without its `@`; the nameless map is `[map.""]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from msgspec import Struct, field
from msgspec.structs import replace

from bttop.model.plan import DECODERS, Column, PartKind
from bttop.script.front_matter.parameter import KINDS as PARAMETER_KINDS
from bttop.script.front_matter.parameter import UNITS, Parameter, ParameterFault, value_of

_OPENING = "/// bttop"
_CLOSING = "///"
_KINDS: Final = frozenset({"int", "text", "stack", "any"})


class MapFront(Struct, frozen=True):
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
    beside: str = ""
    """Name, without its `@`, of another map of counts whose numbers are a further column of this one. Its columns are
    some of this map's."""
    since: bool = False
    """Whether the values are moments, in ns of `nsecs`, that are shown as their ages."""

    def key_columns(self, read: Sequence[Column]) -> tuple[Column, ...]:
        """The key's columns: those read from the script, with the front matter's values where it sets them."""
        if self.columns and len(self.columns) != len(read):
            return tuple(read)
        titles = self.columns or tuple(column.title for column in read)
        kinds = self.kinds or tuple(column.kind for column in read)
        return tuple(
            Column(title, kind, self.decoders.get(title, column.decoder), column.depth)
            for title, kind, column in zip(titles, kinds, read, strict=True)
        )


class FrontMatter(Struct, frozen=True):
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
    parameters: tuple[Parameter, ...] = ()
    """In the order of `$1`, `$2` …"""
    tags: tuple[str, ...] = ()
    """Words by which the catalogue and the palette find it, besides its name, title and help."""
    pinned: str = ""
    """Name of the map to show first with a pin, without its `@`; empty for the first one."""


class FrontMatterFault(Struct, frozen=True):
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


def without_front_matter(text: str) -> str:
    """The text of a script below its front matter; all of it if it has none that can be read."""
    block = _find_block(text)
    if not isinstance(block, _Block):
        return text
    lines = text.split("\n")
    below = block.line + len(block.lines) + 1
    return "\n".join([*lines[: block.line - 1], *lines[below:]]).strip("\n")


class _Block(Struct, frozen=True):
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

    def index_of_nth(self, table: str, number: int) -> int:
        """Index of the header of an array's table, such as the second `[[parameter]]`; -1 if there is none."""
        headers = [at for at, line in enumerate(self.lines) if line.replace(" ", "").startswith(f"[[{table}]]")]
        return headers[number] if number < len(headers) else -1


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
    parameters = _parameters(block, table.pop("parameter", []))
    if isinstance(parameters, FrontMatterFault):
        return parameters
    texts = _checked(block, "", table, _FILE_FIELDS)
    if isinstance(texts, FrontMatterFault):
        return texts
    texts["tags"] = tuple(texts.get("tags", ()))
    if not isinstance(maps, dict):
        return block.fault("`map` must be tables such as [map.bytes]", block.index_of("map", ""))
    fronts: dict[str, MapFront] = {}
    for name, fields in maps.items():
        front = _map_front(block, name, fields)
        if isinstance(front, FrontMatterFault):
            return front
        fronts[f"@{name}"] = front
    for name, front in fronts.items():
        if wrong := _wrong_neighbour(front, fronts):
            return block.fault(wrong, block.index_of("beside", f"map.{name.removeprefix('@')}"))
    if (pinned := texts.get("pinned", "")) and f"@{pinned}" not in fronts:
        return block.fault(f"`pinned` is not a map of this front matter: {pinned}", block.index_of("pinned", ""))
    return FrontMatter(**texts, parameters=parameters, maps=fronts, line=block.line)


def _parameters(block: _Block, tables: object) -> tuple[Parameter, ...] | FrontMatterFault:
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        return block.fault("`parameter` must be tables such as [[parameter]]", block.index_of("parameter", ""))
    found: list[Parameter] = []
    for fields in tables:
        one = _parameter(block, fields, len(found))
        if isinstance(one, FrontMatterFault):
            return one
        if one.name in [other.name for other in found]:
            return block.fault(
                f"two parameters have the name `{one.name}`", block.index_of_nth("parameter", len(found))
            )
        found.append(one)
    return tuple(found)


def _parameter(block: _Block, fields: Mapping[str, object], number: int) -> Parameter | FrontMatterFault:
    """Read the parameter with the index `number`."""
    fields = {key: str(value) if key == "default" and _is_integer(value) else value for key, value in fields.items()}
    at = block.index_of_nth("parameter", number)
    values = _checked(block, "parameter", fields, _PARAMETER_FIELDS)
    if isinstance(values, FrontMatterFault):
        return replace(values, line=block.fault("", at).line)
    one = Parameter(**{"name": f"${number + 1}", **values})
    if one.kind not in PARAMETER_KINDS:
        return block.fault(f"the kind of a parameter is one of {', '.join(sorted(PARAMETER_KINDS))}", at)
    if one.unit not in UNITS:
        return block.fault(f"the unit of a duration is one of {', '.join(UNITS)}", at)
    value = value_of(one, one.default) if one.default else ""
    return block.fault(f"the default of `{one.name}`: {value.reason}", at) if isinstance(value, ParameterFault) else one


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


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


def _wrong_neighbour(front: MapFront, fronts: Mapping[str, MapFront]) -> str:
    """Why the map that a map names in `beside` cannot be shown there; empty if it can, or if it names none."""
    if not front.beside:
        return ""
    other = fronts.get(f"@{front.beside}")
    if other is None:
        return f"`beside` is not a map of this front matter: {front.beside}"
    if not other.columns or not set(other.columns) <= set(front.columns):
        return f"`beside`: the columns of {front.beside} are not among the columns of this map"
    return ""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_text_table(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_yes_or_no(value: object) -> bool:
    return isinstance(value, bool)


_Check = tuple[Callable[[object], bool], str]
_TEXT: Final[_Check] = (_is_text, "a string")
_TEXTS: Final[_Check] = (_is_texts, "a list of strings")
_FILE_FIELDS: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("title", "help", "fallback", "badge", "pinned"), _TEXT),
    "tags": _TEXTS,
}
_PARAMETER_FIELDS: Final[Mapping[str, _Check]] = dict.fromkeys(("name", "help", "default", "kind", "unit"), _TEXT)
_MAP_FIELDS: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(("unit", "title", "view", "sort", "pid", "tid", "beside"), _TEXT),
    **dict.fromkeys(("columns", "kinds"), _TEXTS),
    "decoders": (_is_text_table, "a table of strings"),
    "since": (_is_yes_or_no, "true or false"),
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
