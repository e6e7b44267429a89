"""When the probes of a script run: once at its start or end, on a signal, at each interval, or at traced events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from bttop.script.language.lexer import Token
from bttop.script.language.reader import AttachPoint, Probe, Script
from bttop.script.language.survey import Call, MapUse
from bttop.script.process.regions import code_of

Occasion: TypeAlias = Literal["begin", "end", "signal", "event", "interval"]
"""`end` is also a statement beside an `exit()`: the script ends with it."""

SELDOM: Final[tuple[Occasion, ...]] = ("end", "signal", "event")
"""Occasions at which a print does not show the map regularly."""


def occasion_of(script: Script, probe: Probe, statement: Token | None = None) -> Occasion:
    """When a statement of a probe is executed; without a statement, when the block is."""
    if probe.has("interval"):
        return "end" if _exits(script, probe, statement) else "interval"
    if probe.has("end"):
        return "end"
    if probe.has("begin"):
        return "begin"
    return "signal" if all(_is_signal(point) for point in probe.points) else "event"


def print_occasions(script: Script, use: MapUse) -> frozenset[Occasion]:
    """When the script prints the whole map."""
    return frozenset(
        occasion_of(script, script.probes[call.probe], call.tokens[0]) for call in use.calls if call.verb == "print"
    )


def is_periodic(script: Script, call: Call) -> bool:
    """Whether a call is made at each interval."""
    return occasion_of(script, script.probes[call.probe], call.tokens[0]) == "interval"


def other_uses(script: Script, use: MapUse) -> Iterator[tuple[Probe, Token, Token]]:
    """Each use of a map that does not count into it: its probe, its token, and the token two places before, which is
    the name of a function if the map is its first argument."""
    counted = {token.start for update in use.updates for token in update.tokens if token.text == use.name}
    for probe in script.probes:
        tokens = code_of(script, probe)
        for at, token in enumerate(tokens):
            if token.kind == "map" and token.text == use.name and token.start not in counted:
                yield probe, token, tokens[max(at - 2, 0)]


def _exits(script: Script, probe: Probe, statement: Token | None) -> bool:
    """Whether `exit()` is beside a statement, or in a block around it; without a statement, at the top level."""
    tokens = list(script.significant(probe.block[0], probe.block[1] + 1))
    around = _blocks_around(tokens, statement.start if statement else tokens[0].end)
    return any(
        token.text == "exit" and _blocks_around(tokens, token.start)[-1] in around
        for token in tokens
        if token.kind == "word"
    )


def _blocks_around(tokens: list[Token], offset: int) -> list[int]:
    """The offsets of the braces that are open at an offset, at least that of the probe's block."""
    opened: list[int] = [tokens[0].start]
    for token in tokens[1:]:
        if token.start >= offset:
            break
        if token.text == "{":
            opened.append(token.start)
        elif token.text == "}" and len(opened) > 1:
            opened.pop()
    return opened


def _is_signal(point: AttachPoint) -> bool:
    return point.provider == "self" or (point.provider == "tracepoint" and point.rest.startswith("signal:"))
