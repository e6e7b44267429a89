"""The ramp of a theme: the colours of a heat map, from few events to many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style

STEPS: Final = 15
"""Colours of a ramp: more cannot be told apart."""
RAMP_ROLE: Final = "heat"
"""Roles of cells begin with this: `heat 3 0` is a character of step 3 on the terminal's background, `heat 3 4` one on
step 4; `heat-mark 3` is a character that can be read on step 3."""
_LIGHT: Final = 140
"""Lightness (0 to 255) from which on characters on a colour are black."""


def ramp_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The ramp of a theme file, STEPS colours between those that it names; empty if it names none. Raises TypeError,
    ValueError or ColorParseError."""
    named = content.get("ramp", [])
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise TypeError("ramp is not a list of colours")
    if not named:
        return ()
    if len(named) < 2:
        raise ValueError("ramp has fewer than two colours")
    stops = [Color.parse(one).get_truecolor() for one in named]
    return tuple([_between(stops, step / (STEPS - 1)).hex for step in range(STEPS)])


def _between(stops: Sequence[ColorTriplet], share: float) -> ColorTriplet:
    """The colour at a share (0 to 1) of the way along the stops."""
    at = min(int(share * (len(stops) - 1)), len(stops) - 2)
    rest = share * (len(stops) - 1) - at
    pairs = zip(stops[at], stops[at + 1], strict=True)
    red, green, blue = (round(one + (other - one) * rest) for one, other in pairs)
    return ColorTriplet(red, green, blue)


@lru_cache(maxsize=1024)
def ramp_style(ramp: tuple[str, ...], role: str) -> Style:
    """The style of a cell's role."""
    kind, *steps = role.split(" ")
    colours = [ramp[int(step) - 1] if step != "0" else None for step in steps]
    if kind == RAMP_ROLE:
        upper, lower = colours
        return Style(color=upper, bgcolor=lower)
    (behind,) = colours
    return Style(color=_contrast(behind), bgcolor=behind, bold=True) if behind else Style(bold=True)


def _contrast(behind: str) -> str:
    red, green, blue = Color.parse(behind).get_truecolor()
    return "#000000" if 0.3 * red + 0.59 * green + 0.11 * blue >= _LIGHT else "#ffffff"
