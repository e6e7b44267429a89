"""Reads each field of a tracepoint once per block, into a variable: up to 0.23 bpftrace reads the kernel's list of
tracepoints for each `args->field`. Pure: no input or output.

Only for numbers. A variable keeps their type, and reading one has no effect, so it may be read at the start of the
block even if the script reads it only in one branch. Texts, arrays and structures would need room on the BPF stack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace as changed

from bttop.script.language.edits import PREFIX, Edit
from bttop.script.language.lexer import Token
from bttop.script.language.reader import AttachPoint, Probe, Script, read
from bttop.script.rewrite.prepare import LONGEST_TEXT, Prepared

Fields: TypeAlias = Mapping[str, str]
"""The numeric fields of a tracepoint: name to C type."""

MOST: Final = 8
"""Variables per block: each may take 8 of the 512 bytes of the BPF stack."""
_ARROWS: Final = ("->", ".")
_INSIDE: Final = frozenset({"->", ".", "["})
"""What follows a field of which only a part is used."""
_OPERATORS: Final = frozenset({"&", "*", "++", "--", "->", "."})
"""What precedes `args` where the field itself may be meant and not its value, or another field named `args`."""
_UNEVALUATED: Final = frozenset({"sizeof", "offsetof", "unroll", "typeof"})
_LOOPS: Final = frozenset({"for", "while"})


class _Access(Struct, frozen=True):
    """`args->name` as a value."""

    name: str
    first: Token
    last: Token


def with_fields_read_once(prepared: Prepared, numbers: Callable[[AttachPoint], Fields]) -> Prepared:
    """An edited script whose blocks read each numeric field once. `numbers` returns the numeric fields of a tracepoint.

    Unchanged if bttop did not edit the script, so that a script that bpftrace must get as it is stays so.
    """
    if not prepared.is_edited or prepared.text.count("args") < 2:
        return prepared
    script = read(prepared.text)
    if not isinstance(script, Script) or any(
        "define" in one.text for one in script.tokens if one.kind == "preprocessor"
    ):
        return prepared
    edits = [edit for probe in script.probes for edit in _edits(script, probe, numbers)]
    done = prepared.edited.then(edits)
    return prepared if len(done.text.encode()) > LONGEST_TEXT else changed(prepared, edited=done)


def _edits(script: Script, probe: Probe, numbers: Callable[[AttachPoint], Fields]) -> Iterator[Edit]:
    tokens = list(script.significant(*probe.block))
    found = list(_accesses(tokens)) if _is_plain(probe, tokens) else []
    often = [name for name, count in Counter(one.name for one in found).items() if count > 1]
    fields = _common(probe, numbers) if often else {}
    chosen = [name for name in often if name in fields][:MOST]
    if chosen:
        texts = {one.name: script.text[one.first.start : one.last.end] for one in found}
        reads = " ".join(f"${PREFIX}f_{name} = {texts[name]};" for name in chosen)
        yield Edit(tokens[0].end, f" {reads}")
    for one in found:
        if one.name in chosen:
            yield Edit(one.first.start, f"${PREFIX}f_{one.name}", one.last.end - one.first.start)


def _is_plain(probe: Probe, tokens: Sequence[Token]) -> bool:
    """Whether it has only tracepoints by their full names, and runs each of its statements in one BPF program."""
    named = all(one.provider == "tracepoint" and "*" not in one.rest for one in probe.points)
    return named and not any(token.text in _LOOPS for token in tokens)


def _accesses(tokens: Sequence[Token]) -> Iterator[_Access]:
    skipped = _unevaluated(tokens)
    for at in range(1, len(tokens) - 3):
        before, args, arrow, field, after = tokens[at - 1 : at + 4]
        if args.text != "args" or arrow.text not in _ARROWS or field.kind != "word" or at in skipped:
            continue
        if before.text not in _OPERATORS and after.text not in _INSIDE:
            yield _Access(field.text, args, field)


def _unevaluated(tokens: Sequence[Token]) -> set[int]:
    """The indices of the tokens within the parentheses of `sizeof` and the like."""
    found: set[int] = set()
    depth = 0
    for at, token in enumerate(tokens):
        if depth or (token.text == "(" and tokens[at - 1].text in _UNEVALUATED):
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            found.add(at)
    return found


def _common(probe: Probe, numbers: Callable[[AttachPoint], Fields]) -> Fields:
    """The numeric fields that all tracepoints of a probe have, with the same type."""
    first, *others = [numbers(point) for point in probe.points]
    return {name: kind for name, kind in first.items() if all(one.get(name) == kind for one in others)}
