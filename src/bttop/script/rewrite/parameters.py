"""Positional parameters in attach points, and badges for parameters that are missing or not used.

bpftrace replaces parameters before it reads an attach point. bttop does the same, so that periods, costs and missing
attach points are those of the real names.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from bttop.patterns import pattern
from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.edits import edited, replace
from bttop.script.language.reader import Script, Unreadable, read
from bttop.script.language.survey import ScriptSurvey

_POSITIONAL: Final = pattern(r"\$(\d+)")
_PLAIN: Final = pattern(r"[\w./:*?@+-]*")
"""Values that cannot end an attach point."""


def with_parameters(script: Script | Unreadable, args: Sequence[str]) -> Script | Unreadable:
    """The script with these values in its attach points; a parameter without a value stays."""
    if isinstance(script, Unreadable) or not args or not any("$" in point.text for point in script.points):
        return script
    filled = _filled(script.text, tuple(args))
    return filled._replace(imports=script.imports) if isinstance(filled, Script) else filled


@lru_cache(maxsize=64)
def _filled(text: str, args: tuple[str, ...]) -> Script | Unreadable:
    def value(found: re.Match[str]) -> str:
        number = int(found[1])
        given = args[number - 1] if 1 <= number <= len(args) else found[0]
        return given if _PLAIN.fullmatch(given) else found[0]

    script = read(text)
    if isinstance(script, Unreadable):
        return script
    attach = [token for token in script.tokens if token.kind == "attach" and "$" in token.text]
    filled = read(edited(text, [replace(token, _POSITIONAL.sub(value, token.text)) for token in attach]).text)
    if isinstance(filled, Unreadable):
        return filled
    names = frozenset(found[0] for token in attach for found in _POSITIONAL.finditer(token.text))
    return filled._replace(filled=names)


def parameter_badges(
    script: Script, seen: ScriptSurvey, given: Sequence[str], passed: Sequence[str]
) -> Iterator[ScriptCaveat]:
    """The badges for parameters that the script uses and nobody gave, and for given ones that it does not use.

    `given` are the user's parameters, `passed` those that bpftrace gets: the pin may be among them. A script that
    counts its parameters (`$#`), or tests one for 0 or an empty text, has an answer for a missing one.
    """
    if "$#" in seen.positional:
        return
    (words, _), used = seen.split_options(given), _used(seen)
    if missing := lacking(script, seen, given, passed):
        names = ", ".join(missing)
        why = f"The script uses {names}, for which no value was given: bpftrace takes 0, or an empty text."
        yield ScriptCaveat("parameter", f"no value for {names}", f"{why} Give it after the name: './x.bt 5'.")
    if unused := words[max(used, default=0) :]:
        why = f"The script does not use the parameters from ${len(words) - len(unused) + 1} on."
        yield ScriptCaveat("parameter", f"not used: {shlex.join(unused)}", why)


def lacking(script: Script, seen: ScriptSurvey, given: Sequence[str], passed: Sequence[str]) -> list[str]:
    """The parameters that the script uses, nobody gave, and the script has no answer for."""
    if "$#" in seen.positional:
        return []
    values = {number for number, value in enumerate(passed, start=1) if value not in ("", "0")}
    first = len(seen.split_options(given)[0]) + 1
    missing = [f"${number}" for number in _used(seen) if number >= first and number not in values]
    return [name for name in missing if not _is_tested(script, name)]


def _used(seen: ScriptSurvey) -> list[int]:
    """The numbers of the parameters that the script uses."""
    return sorted(int(name[1:]) for name in seen.positional if name != "$#")


def _is_tested(script: Script, name: str) -> bool:
    """Whether the script tests a parameter for 0 or an empty text, alone or in a comparison."""
    tokens = [token.text for token in script.significant(0, len(script.tokens))]
    places = [at for at, text in enumerate(tokens) if text == name]
    return any(_is_test(tokens, at) for at in places)


def _is_test(tokens: Sequence[str], at: int) -> bool:
    """Whether the parameter at index `at` is an operand of a test."""
    first, last = at, at
    if tokens[max(0, at - 2) : at] == ["str", "("]:
        first, last = at - 2, at + 1
    before = tokens[max(0, first - 2) : first]
    behind = tokens[last + 1 : last + 3]
    if behind[:1] == ["?"] or (behind[:1] in (["=="], ["!="], [">"]) and behind[1:] in (["0"], ['""'])):
        return True
    if before in (["0", "=="], ["0", "!="], ["0", "<"], ['""', "=="], ['""', "!="]) or before[-1:] == ["!"]:
        return True
    return before[-1:] in (["/"], ["("], ["&&"], ["||"]) and behind[:1] in (["/"], [")"], ["&&"], ["||"])
