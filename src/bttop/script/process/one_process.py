"""Whether a script's own predicates restrict its user stacks to one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bttop.script.language.lexer import Token
from bttop.script.language.reader import Probe, Script

_USER_STACKS: Final = frozenset({"ustack", "usym"})
_CLOSERS: Final = {"(": ")", "[": "]"}


def names_one_process(script: Script, args: Sequence[str] = ()) -> bool:
    """Whether every probe that uses `ustack` or `usym` has a predicate that requires the same `pid`, for example
    `/pid == 123/` or `/pid == 123 && args.ret > 0/`. `args` are the script's parameters."""
    taking = [probe for probe in script.probes if _takes(script, probe)]
    anywhere = sum(_mentions(token) for token in script.tokens)
    if anywhere > sum(_count(script, probe) for probe in taking):
        return False  # used in a function, a macro or similar
    pids = {_pid(script, probe, args) for probe in taking}
    return len(pids) == 1 and None not in pids


def _mentions(token: Token) -> bool:
    """Whether a token uses user stacks. A preprocessor line is not parsed: it counts if it contains such a word."""
    if token.kind == "preprocessor":
        return any(word in token.text for word in _USER_STACKS)
    return token.kind == "word" and token.text in _USER_STACKS


def _takes(script: Script, probe: Probe) -> bool:
    return _count(script, probe) > 0


def _count(script: Script, probe: Probe) -> int:
    tokens = script.significant(probe.block[0], probe.block[1] + 1)
    return sum(map(_mentions, tokens))


def _pid(script: Script, probe: Probe, args: Sequence[str]) -> int | None:
    """The process id that a predicate requires; None if the predicate can be true for another process."""
    if probe.predicate is None:
        return None
    tokens = list(script.significant(probe.predicate[0] + 1, probe.predicate[1]))
    return next((pid for part in _conjuncts(tokens) if (pid := _compared(part, args)) is not None), None)


def _conjuncts(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The operands of `&&`, all of which must be true; the whole condition if it has another form."""
    tokens = _without_parentheses(tokens)
    depths = list(_depths(tokens))
    outer = [token.text for token, depth in zip(tokens, depths, strict=True) if depth == 0]
    places = [at for at, token in enumerate(tokens) if token.text == "&&" and depths[at] == 0]
    if not places or not {"||", "?"}.isdisjoint(outer):
        yield tokens
        return
    for start, end in zip([0, *(at + 1 for at in places)], [*places, len(tokens)], strict=True):
        yield from _conjuncts(tokens[start:end])


def _depths(tokens: Sequence[Token]) -> Iterator[int]:
    """The number of open brackets before each token."""
    depth = 0
    for token in tokens:
        yield depth
        depth += (token.text in _CLOSERS) - (token.text in _CLOSERS.values())


def _without_parentheses(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens without the parentheses that enclose all of them."""
    while len(tokens) > 2 and tokens[0].text == "(" and 0 not in list(_depths(tokens))[1:]:
        tokens = tokens[1:-1]
    return tokens


def _compared(tokens: Sequence[Token], args: Sequence[str]) -> int | None:
    """The number N if the tokens are exactly `pid == N` or `N == pid`, else None. N may be a parameter."""
    if len(tokens) != 3 or tokens[1].text != "==":
        return None
    first, last = tokens[0].text, tokens[2].text
    number = last if first == "pid" else first if last == "pid" else ""
    given = {f"${at}": value for at, value in enumerate(args, 1)}
    number = given.get(number, number)
    return int(number) if number.isascii() and number.isdecimal() else None
