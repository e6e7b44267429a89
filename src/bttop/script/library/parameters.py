"""The parameters of a script: which it has, which values it gets, and which it lacks.

Without front matter a script needs a value only for a parameter in an attach point: elsewhere bpftrace takes 0 or an
empty text.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from bttop.patterns import pattern
from bttop.script.front_matter.front_matter import FrontMatter
from bttop.script.front_matter.parameter import Parameter, ParameterFault, value_of
from bttop.script.language.reader import Script, Unreadable
from bttop.script.language.survey import survey

_POSITIONAL: Final = pattern(r"\$(\d+)")


class ParameterValues(Struct, frozen=True):
    """The values for one script."""

    args: tuple[str, ...] = ()
    """What bpftrace gets, in the order of `$1`, `$2` …; named options come last."""
    missing: tuple[Parameter, ...] = ()
    """The parameters that need a value and have none."""
    fault: str = ""
    """Why a given value cannot be used; empty if all can."""

    @property
    def why_not(self) -> str:
        """Why the script cannot run with these values, in one sentence; empty if it can."""
        return self.fault or needs_text(self.missing)


def parameters_of(script: Script | Unreadable, front: FrontMatter | None) -> tuple[Parameter, ...]:
    """The declared parameters, else those in attach points and before them, named `$1`, `$2` …"""
    if front is not None and front.parameters:
        return front.parameters
    if isinstance(script, Unreadable):
        return ()
    places = dict(_places(script))
    return tuple(
        Parameter(f"${number}", f"stands in `{places[number]}`" if number in places else "", _default(number, places))
        for number in range(1, max(places, default=0) + 1)
    )


def _default(number: int, places: dict[int, str]) -> str | None:
    return None if number in places else ""


def _places(script: Script) -> Iterator[tuple[int, str]]:
    """The parameters in attach points, each with the last attach point that has it."""
    for point in script.points:
        for found in _POSITIONAL.finditer(point.text):
            yield int(found[1]), point.text


def fill(
    script: Script | Unreadable, front: FrontMatter | None, given: Sequence[str], *, pinned: bool = False
) -> ParameterValues:
    """Check the given values, convert them as declared, and add defaults. `pinned`: the pin is the
    first process id that is not given."""
    parameters = parameters_of(script, front)
    words, named = (tuple(given), ()) if isinstance(script, Unreadable) else survey(script).split_options(given)
    if front is not None and front.parameters and len(words) > len(parameters):
        known = ", ".join(one.name for one in parameters)
        return ParameterValues(fault=f"too many parameters: {shlex.join(words)}; it takes {len(parameters)}: {known}")
    values: list[str] = []
    for parameter, word in zip(parameters, words, strict=False):
        value = value_of(parameter, _path(word) if parameter.kind == "path" else word)
        if isinstance(value, ParameterFault):
            return ParameterValues(fault=f"`{parameter.name}`: {value.reason}")
        if parameter.kind == "path" and not Path(value).exists():
            return ParameterValues(fault=f"`{parameter.name}`: there is no file {value}")
        values.append(value)
    values += words[len(parameters) :]
    return _with_defaults(parameters, values, named, pinned=pinned)


def _with_defaults(
    parameters: Sequence[Parameter], values: list[str], named: Sequence[str], *, pinned: bool
) -> ParameterValues:
    """Add the defaults behind the given values; empty ones at the end are left out."""
    rest = parameters[len(values) :]
    of_pin = next((one for one in rest if one.kind == "pid"), None) if pinned else None
    missing = tuple(one for one in rest if one.default is None and one is not of_pin)
    defaults = [value_of(one, one.default or "") if one.default else "" for one in rest]
    args = [*values, *(one if isinstance(one, str) else "" for one in defaults)]
    while len(args) > len(values) and not args[-1]:
        args.pop()
    return ParameterValues((*args, *named), missing)


def _path(word: str) -> str:
    return str(Path(word).expanduser().absolute())


def needs_text(missing: Sequence[Parameter]) -> str:
    """Which parameters need a value, in one sentence; empty if none."""
    if not missing:
        return ""
    names = [f"`{one.name}`{f' ({one.help})' if one.help else ''}" for one in missing]
    return f"it needs a value for {' and for '.join(names)}"


def split_name(text: str) -> tuple[str, ...] | ParameterFault:
    """A name and its parameters, split as a shell splits words; at least one word."""
    try:
        return tuple(shlex.split(text)) or ("",)
    except ValueError:
        return ParameterFault(f"a quote is not closed in {text!r}")
