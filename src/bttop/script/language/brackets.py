"""How the brackets of a block nest, and where its statements start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bttop.script.language.lexer import Token


class Structure(NamedTuple):
    """Indices among the tokens of a block."""

    pairs: dict[int, int]
    """From every opening bracket to its closing one."""
    statements: list[int]
    """The first token of each statement."""
    around: list[int]
    """For each token the opening bracket around it, -1 if there is none."""


def structure(tokens: Sequence[Token]) -> Structure:
    """The structure of a predicate and block."""
    pairs: dict[int, int] = {}
    statements: list[int] = []
    around: list[int] = []
    opened: list[int] = []
    for at, token in enumerate(tokens):
        if at and tokens[at - 1].text in ("{", "}", ";") and opened and tokens[opened[-1]].text == "{":
            statements.append(at)
        around.append(opened[-1] if opened else -1)
        if token.text in ("(", "[", "{"):
            opened.append(at)
        elif token.text in (")", "]", "}") and opened:
            pairs[opened.pop()] = at
    return Structure(pairs, statements, around)
