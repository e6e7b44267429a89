"""`$1` as the pin: where a script compares a process id with `$1`, and how to extend that to several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from bttop.script.language.edits import Wrapping, wrap
from bttop.script.language.lexer import Token
from bttop.script.language.reader import Probe, Script

COMPARISONS: Final = frozenset({"==", "!="})
_ENDS: Final = frozenset({"&&", "||", "?", ":", ";", "{", "}", "/", ",", "=", *COMPARISONS})
_OPENING: Final = {")": "(", "]": "["}
_PARAMETER: Final = "$1"


class Comparison(NamedTuple):
    """`A == $1` or `$1 == A`, or the same with `!=`."""

    operator: str
    left: tuple[Token, ...]
    right: tuple[Token, ...]

    @property
    def other(self) -> tuple[Token, ...]:
        """The operand that is compared with `$1`."""
        return self.right if any(token.text == _PARAMETER for token in self.left) else self.left

    @property
    def is_of_pid(self) -> bool:
        """Whether the other operand has `pid` or `tid` in a name."""
        return any("pid" in name or "tid" in name for name in self._names())

    @property
    def is_of_number(self) -> bool:
        """Whether `$1` is compared with a literal, as in `$1 == 0`."""
        return all(token.kind != "word" or token.text.startswith(("int", "uint")) for token in self.other) and any(
            token.kind == "number" for token in self.other
        )

    def _names(self) -> Iterator[str]:
        return (token.text.lower() for token in self.other if token.kind in ("word", "map", "variable"))

    def widened(self, more: Sequence[Callable[[str], str]]) -> Wrapping:
        """Make the comparison accept more values: each function in `more` writes an equality condition for an
        operand."""
        operand = text_of(self.other) if len(self.other) == 1 else f"({text_of(self.other)})"
        others = [one(operand) for one in more]
        if self.operator == "!=":
            tail = "".join(f" && !({one})" for one in others)
        else:
            tail = "".join(f" || {one}" for one in others)
        return wrap(self.left[0], self.right[-1], "(", f"{tail})")


def code_of(script: Script, probe: Probe) -> list[Token]:
    """The significant tokens of a probe's predicate and block."""
    start = probe.predicate[0] if probe.predicate else probe.block[0]
    return list(script.significant(start, probe.block[1] + 1))


def comparisons(script: Script) -> Iterator[Comparison | None]:
    """One comparison for each `$1` in a script's probes; None where `$1` is used in another way."""
    for probe in script.probes:
        tokens = code_of(script, probe)
        for at, token in enumerate(tokens):
            if token.text == _PARAMETER:
                yield _comparison(tokens, at)


def text_of(tokens: Sequence[Token]) -> str:
    """The text of the tokens, without comments and line ends."""
    text = ""
    for before, token in zip((None, *tokens), tokens, strict=False):
        apart = before is not None and before.kind != "punct" and token.kind != "punct"
        text += f"{' ' if apart else ''}{token.text}"
    return text


def _comparison(tokens: Sequence[Token], at: int) -> Comparison | None:
    """The comparison of which the `$1` at index `at` is an operand (alone, cast or in parentheses), or None."""
    first, last = at, at
    while True:
        before, behind = tokens[first - 1].text, tokens[last + 1].text
        if before == ")" and _is_cast(tokens, first - 1):
            first = _opening(tokens, first - 1)
        elif before in COMPARISONS:
            start = _operand_start(tokens, first - 2)
            return Comparison(before, tuple(tokens[start : first - 1]), tuple(tokens[first : last + 1]))
        elif behind in COMPARISONS:
            end = _operand_end(tokens, last + 2)
            return Comparison(behind, tuple(tokens[first : last + 1]), tuple(tokens[last + 2 : end]))
        elif (before, behind) == ("(", ")") and tokens[first - 2].kind != "word":
            first, last = first - 1, last + 1
        else:
            return None


def _is_cast(tokens: Sequence[Token], closing: int) -> bool:
    opening = _opening(tokens, closing)
    inner = tokens[opening + 1 : closing]
    is_type = bool(inner) and all(token.kind == "word" or token.text == "*" for token in inner)
    return is_type and tokens[opening - 1].kind != "word"


def _opening(tokens: Sequence[Token], closing: int) -> int:
    """Index of the opening bracket that matches a closing one."""
    depth = 0
    for at in range(closing, -1, -1):
        depth += (tokens[at].text in (")", "]")) - (tokens[at].text in ("(", "["))
        if depth == 0:
            return at
    return 0


def _operand_start(tokens: Sequence[Token], last: int) -> int:
    """Index of the first token of the operand that ends at `last`."""
    at = last
    while at >= 0:
        text = tokens[at].text
        if text in _OPENING:
            at = _opening(tokens, at)
        elif text in _ENDS or text in ("(", "["):
            break
        at -= 1
    return at + 1


def _operand_end(tokens: Sequence[Token], first: int) -> int:
    """Index after the last token of the operand that begins at `first`."""
    depth, at = 0, first
    while at < len(tokens):
        text = tokens[at].text
        if depth == 0 and (text in _ENDS or text in (")", "]")):
            break
        depth += (text in ("(", "[")) - (text in (")", "]"))
        at += 1
    return at
