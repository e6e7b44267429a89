"""Column titles and kinds, taken from the key expressions in a script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from bttop.model.plan import Column, PartKind
from bttop.patterns import pattern
from bttop.script.language.field_decoders import FieldDecoder
from bttop.script.language.lexer import Token

Expression = tuple[Token, ...]
"""The significant tokens of one expression."""

_INTEGERS: Final = pattern("pid|tid|uid|gid|cpu|numaid|nsecs|elapsed|cgroup|rand|retval|jiffies|ncpus|s?arg[0-9]")
_TEXTS: Final = pattern(
    "comm|probe|func|username|str|ntop|ksym|usym|buf|macaddr|cgroup_path|strftime|strerror|kstr|syscall_name|path"
)
_STACKS: Final = frozenset({"kstack", "ustack"})
_UNNAMED: Final = "key"
_LONGEST_TITLE: Final = 24


class KeyNames(Struct, frozen=True):
    """The columns of a map's key, taken from all statements that write the map."""

    columns: tuple[Column, ...]
    pid: str
    """Title of the first column that is named `pid` in all statements, or empty."""
    tid: str
    """Title of the first column that holds a thread id, or empty."""


def name_keys(keys: Iterable[Sequence[Expression]], fields: Mapping[str, FieldDecoder]) -> KeyNames:
    """Name the columns of a map from the keys of all statements that write it; all keys must have the same arity.
    `fields`: what the fields of the tracepoints that write the map hold."""
    parts = [tuple(dict.fromkeys(_column(part, fields) for part in column)) for column in zip(*keys, strict=True)]
    columns = _distinct([_merge(variants) for variants in parts])
    return KeyNames(
        tuple(columns),
        _first_titled(columns, parts, frozenset({"pid"})),
        _first_titled(columns, parts, frozenset({"tid", "prev_pid", "next_pid"})),
    )


def key_parts(tokens: Sequence[Token]) -> tuple[Expression, ...]:
    """The parts of a key. A single tuple in parentheses counts as its parts (bpftrace 0.22 and newer), a record as one
    part, as bpftrace prints it."""
    parts = split(tokens)
    if len(parts) == 1 and parts[0][0].text == "(" and parts[0][-1].text == ")":
        inner = split(parts[0][1:-1])
        nested = any(token.text == "(" for token in parts[0][1:-1])
        if len(inner) > 1 and not nested and not _is_record(inner):
            return inner
    return parts


def _is_record(parts: Sequence[Expression]) -> bool:
    """Whether a tuple's parts have names: `(who=pid, what=comm)`."""
    return all(len(part) > 2 and part[0].kind == "word" and part[1].text == "=" for part in parts)


def title_of(expression: Expression) -> str:
    """A short name for an expression: the field, function argument or builtin that it is about."""
    core = without_casts(expression)
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
    core = without_casts(expression)
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


def stack_of(expression: Expression) -> Column | None:
    """The stack that an expression is, such as `kstack` or `ustack(perf, 5)`; None if it is none."""
    return _column(expression, {}) if kind_of(expression) == "stack" else None


def field_of(expression: Expression) -> str:
    """The field of the tracepoint that an expression is, for example of `args->saddr` or `args.ret`; else empty."""
    return expression[2].text if len(expression) == 3 and expression[0].text == "args" else ""


def _column(expression: Expression, fields: Mapping[str, FieldDecoder]) -> Column:
    title, plain = title_of(expression), without_casts(expression)
    found = fields.get(field_of(plain))
    if found is None or (found.kind == "text" and plain != expression):
        return Column(title, kind_of(expression), depth=_depth(plain))
    return Column(title, found.kind, found.decoder)


def _depth(expression: Expression) -> int:
    """The number of frames that a script asks for, as in `ustack(3)` and `kstack(perf, 3)`; 0 if it sets none."""
    if not _is_call(expression) or expression[0].text not in _STACKS:
        return 0
    return next((int(one.text) for one in expression[2:-1] if one.text.isdecimal()), 0)


def _merge(variants: Sequence[Column]) -> Column:
    titles = list(dict.fromkeys(one.title for one in variants if one.title != _UNNAMED))
    title = "/".join(titles) if 0 < len(titles) <= 3 else _UNNAMED
    kinds = {one.kind for one in variants}
    decoders = {one.decoder for one in variants}
    return Column(
        title,
        kinds.pop() if len(kinds) == 1 else "any",
        decoders.pop() if len(decoders) == 1 else "",
        max(one.depth for one in variants),
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
        result.append(column._replace(title=title))
    return result


def _first_titled(columns: Sequence[Column], parts: Sequence[Sequence[Column]], names: frozenset[str]) -> str:
    pairs = zip(columns, parts, strict=True)
    return next((column.title for column, variants in pairs if all(v.title in names for v in variants)), "")


def without_casts(expression: Expression) -> Expression:
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
