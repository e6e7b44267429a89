"""Whether a script shows anything while it runs: bttop says so at once if it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bttop.model.plan import Plan
from bttop.patterns import pattern
from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.reader import Script
from bttop.script.language.survey import ScriptSurvey

NOTHING_TO_SHOW: Final = "nothing to show"
SHOWN_AT_END: Final = "shown at the end"
_WRITES = pattern(r"\b(?:print|printf|time|cat|join|system|errorf|warnf|iter)\b")
_FALSE: Final = frozenset({"0", "false"})
_NOTHING: Final = ScriptCaveat(
    "nothing",
    NOTHING_TO_SHOW,
    "The script prints nothing and counts into no map. Let it count into a map, or print.",
)
_AT_END: Final = ScriptCaveat(
    "shown-at-end",
    SHOWN_AT_END,
    "The script prints nothing while it runs, and bttop cannot make it: bpftrace prints its maps when it ends.",
)


def showing(script: Script, seen: ScriptSurvey, plan: Plan, *, is_edited: bool) -> Iterator[ScriptCaveat]:
    """The caveat of a script that shows nothing while it runs; none if it shows something or may."""
    if plan.raw or seen.writing_probes or any(one.probes for one in script.imported) or (is_edited and plan.maps):
        return
    prints_maps = seen.settings.get("print_maps_on_exit", "").lower() not in _FALSE
    yield _AT_END if not is_edited and plan.maps and prints_maps else _NOTHING


def showing_of_text(text: str) -> Iterator[ScriptCaveat]:
    """The caveat of a script that bttop cannot read, by the words in its text."""
    if text and _WRITES.search(text) is None:
        yield _AT_END if "@" in text else _NOTHING
