"""Column titles and kinds, taken from the key expressions in a script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from bttop.model.plan import Column, PartKind
from bttop.script.language.lexer import Token

Expression = tuple[Token, ...]
"""The significant tokens of one expression."""

_INTEGERS: Final = re.compile("pid|tid|uid|gid|cpu|numaid|nsecs|elapsed|cgroup|rand|retval|jiffies|ncpus|s?arg[0-9]")
_TEXTS: Final = re.compile(
    "comm|probe|func|username|str|ntop|ksym|usym|buf|macaddr|cgroup_path|strftime|strerror|kstr|syscall_name|path"
)
_ADDRESSES: Final = frozenset({"saddr", "daddr", "saddr_v6", "daddr_v6"})
"""Fields of network tracepoints that are arrays of bytes."""
_STACKS: Final = frozenset({"kstack", "ustack"})
_UNNAMED: Final = "key"
_LONGEST_TITLE: Final = 24


class KeyNames(NamedTuple):
    """The columns of a map's key, taken from all statements that write the map."""

    columns: tuple[Column, ...]
    pid: str
    """Title of the first column that is named `pid` in all statements, or empty."""
    tid: str
    """Title of the first column that holds a thread id, or empty."""


class Fields(NamedTuple):
    """The meaning of fields of the tracepoints that write a map."""

    syscall_ids: bool = False
    """Whether `args->id` is a system call number, as in raw_syscalls."""
    addresses: bool = False
    """Whether `args->saddr` and similar fields are IP addresses, as in tcp, sock and udp."""


def name_keys(keys: Iterable[Sequence[Expression]], fields: Fields) -> KeyNames:
    """Name the columns of a map from the keys of all statements that write it; all keys must have the same arity."""
    parts = [tuple(dict.fromkeys(_column(part, fields) for part in column)) for column in zip(*keys, strict=True)]
    columns = _distinct([_merge(variants) for variants in parts])
    return KeyNames(
        tuple(columns),
        _first_titled(columns, parts, frozenset({"pid"})),
        _first_titled(columns, parts, frozenset({"tid", "prev_pid", "next_pid"})),
    )


def title_of(expression: Expression) -> str:
    """A short name for an expression: the field, function argument or builtin that it is about."""
    core = _without_casts(expression)
    if _is_call(core):
        inner = title_of(_argument(core))
        return core[0].text if core[0].text in _STACKS or inner in (_UNNAMED, "reg") else inner
    if core and core[0].kind == "map":
        return core[0].text.removeprefix("@") or _UNNAMED
    if core and all(token.kind in ("word", "variable") or token.text in (".", "->") for token in core):
        return core[-1].text.removeprefix("$")
    if core and core[-1].kind == "word" and len(core) > 1 and core[-2].text in (".", "->"):
        return core[-1].text
    return _operands_title(core)


def kind_of(expression: Expression) -> PartKind:
    """The kind of values that a key part can hold; `any` if the text does not determine it."""
    core = _without_casts(expression)
    if not core or len(core) < len(expression):
        return "any"
    head = core[0].text
    if len(core) > 1 and not _is_call(core):
        return "any"
    if head in _STACKS:
        return "stack"
    if core[0].kind == "string" or _TEXTS.fullmatch(head):
        return "text"
    return "int" if _INTEGERS.fullmatch(head) or core[0].kind == "number" else "any"


def is_address(expression: Expression) -> bool:
    """Whether the expression is exactly an address field, for example `args->saddr` or `args.daddr_v6`."""
    return len(expression) == 3 and expression[0].text == "args" and expression[2].text in _ADDRESSES


def _column(expression: Expression, fields: Fields) -> Column:
    title = title_of(expression)
    if fields.syscall_ids and title == "id" and len(expression) > 1:
        return Column(title, "int", "syscall")
    if fields.addresses and is_address(expression):
        return Column(title, "text", "address")
    return Column(title, kind_of(expression))


def _merge(variants: Sequence[Column]) -> Column:
    titles = list(dict.fromkeys(one.title for one in variants if one.title != _UNNAMED))
    title = "/".join(titles) if 0 < len(titles) <= 3 else _UNNAMED
    kinds = {one.kind for one in variants}
    decoders = {one.decoder for one in variants}
    return Column(
        title,
        kinds.pop() if len(kinds) == 1 else "any",
        decoders.pop() if len(decoders) == 1 else "",
    )


def _distinct(columns: Sequence[Column]) -> list[Column]:
    """Number equal titles, because views and pins identify a column by its title."""
    seen: set[str] = set()
    result = []
    for column in columns:
        title, number = column.title, 2
        while title in seen:
            title, number = f"{column.title} {number}", number + 1
        seen.add(title)
        result.append(Column(title, column.kind, column.decoder))
    return result


def _first_titled(columns: Sequence[Column], parts: Sequence[Sequence[Column]], names: frozenset[str]) -> str:
    pairs = zip(columns, parts, strict=True)
    return next((column.title for column, variants in pairs if all(v.title in names for v in variants)), "")


def _without_casts(expression: Expression) -> Expression:
    """The expression without surrounding parentheses and leading C casts."""
    while len(expression) > 1 and expression[0].text == "(":
        close = _closing(expression, 0)
        inner = expression[1:close]
        if close == len(expression) - 1:
            expression = inner
        elif _is_type(inner) and expression[close + 1].text not in (".", "->"):
            expression = expression[close + 1 :]
        else:
            break
    return expression


def _is_type(tokens: Expression) -> bool:
    return bool(tokens) and all(token.kind in ("word", "number") or token.text in "*[]" for token in tokens)


def _closing(tokens: Expression, opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        depth += (tokens[index].text in ("(", "[", "{")) - (tokens[index].text in (")", "]", "}"))
        if depth == 0:
            return index
    return len(tokens) - 1


def _is_call(tokens: Expression) -> bool:
    return (
        len(tokens) > 2
        and tokens[0].kind == "word"
        and tokens[1].text == "("
        and _closing(tokens, 1) == len(tokens) - 1
    )


def _argument(call: Expression) -> Expression:
    """The argument that a call is about: the last one of `ntop` (family, address), else the first."""
    arguments = split(call[2:-1])
    if not arguments:
        return ()
    return arguments[-1] if call[0].text == "ntop" else arguments[0]


def _operands_title(tokens: Expression) -> str:
    text = "".join(token.text for token in tokens)
    plain = tokens and all(token.kind not in ("string", "number") for token in tokens[:1])
    return text if plain and len(text) <= _LONGEST_TITLE else _UNNAMED


def split(tokens: Sequence[Token]) -> tuple[Expression, ...]:
    """Split at the commas outside brackets."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if token.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return tuple(tuple(part) for part in parts if part)
