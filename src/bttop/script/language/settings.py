"""What a script itself sets: the variables of its `config` block, and the sizes of the maps that it declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bttop.patterns import pattern
from bttop.script.language.lexer import Token
from bttop.script.language.reader import Definition, Script

MAX_MAP_KEYS: Final = "max_map_keys"
MAX_STRLEN: Final = "max_strlen"
_PREFIX: Final = "bpftrace_"
_LITERAL = pattern(r"(?P<hex>0[xX][0-9a-fA-F]+)|(?P<digits>[0-9]+)(?:[eE](?P<tens>[0-9]{1,2}))?(?:[uUlL]*)")


def settings(script: Script) -> dict[str, str]:
    """The variables of the `config` block with their values as written. Names are in lower case without `BPFTRACE_`:
    bpftrace accepts every spelling."""
    return dict(pair for block in _defined(script, "config") for pair in _assignments(block))


def declared_sizes(script: Script) -> dict[str, int]:
    """The number of entries of each map that `let @m = hash(N)` declares; 0 if it is not a number."""
    return {name: size for block in _defined(script, "let") for name, size in _declaration(block)}


def number(text: str) -> int:
    """The value of a number as bpftrace writes it: `1_000`, `0x10`, `1e3`, `5UL`; 0 if it is none."""
    found = _LITERAL.fullmatch(text.replace("_", ""))
    if found is None:
        return 0
    if found["hex"]:
        return int(found["hex"], 16)
    tens: int = 10 ** int(found["tens"] or 0)
    return int(found["digits"][:20]) * tens


def limit_of(name: str, sizes: Mapping[str, int], config: Mapping[str, str]) -> int:
    """The number of entries that the script gives a map: by its declaration, else by `max_map_keys`; 0 if neither."""
    return sizes.get(name, 0) or number(config.get(MAX_MAP_KEYS, ""))


def _defined(script: Script, keyword: str) -> Iterator[list[Token]]:
    """The significant tokens of each definition with this keyword."""
    of_kind: Iterator[Definition] = (one for one in script.definitions if one.keyword == keyword)
    return (list(script.significant(one.start, one.end)) for one in of_kind)


def _assignments(block: Sequence[Token]) -> Iterator[tuple[str, str]]:
    for name, equals, value in zip(block, block[1:], block[2:], strict=False):
        if name.kind == "word" and equals.text == "=" and value.kind in ("word", "number", "string"):
            yield name.text.lower().removeprefix(_PREFIX), value.text.strip('"')


def _declaration(block: Sequence[Token]) -> Iterator[tuple[str, int]]:
    names = [token.text for token in block if token.kind == "map"]
    sizes = [number(token.text) for token in block if token.kind == "number"]
    if names:
        yield names[0], sizes[0] if sizes else 0
