"""The badge of a thinned script: what its numbers mean, and how large their error is."""

from __future__ import annotations

from typing import Final

from bttop.model.flush.scaling import standard_error
from bttop.script.language.badge import ScriptCaveat
from bttop.script.thinning.sampling import Sampling

_EXAMPLES: Final = (1_000, 100_000)


def thinned_caveat(sampling: Sampling, one_in: int, why: str) -> ScriptCaveat:
    """The badge. `why` is a sentence without a period: the reason, and how to get all events."""
    text = (
        f"{why}. The kernel turns away all {sampling.by} but one in {one_in}: counts, sums and histograms are "
        f"multiplied by {one_in} and marked ~. {_error(sampling, one_in)}{_missing(sampling)}"
    )
    return ScriptCaveat("thinned", f"1 in {one_in}", text)


def _missing(sampling: Sampling) -> str:
    return f" May be missing: {', '.join(sampling.missing)}." if sampling.missing else ""


def _error(sampling: Sampling, one_in: int) -> str:
    if sampling.by != "events":
        return (
            f"Events that belong together stay together. The error is unknown: what only one of the {sampling.by} does "
            f"is missing or {one_in} times too large."
        )
    examples = ", ".join(f"{100 * standard_error(one, one_in):.2g} % of {one:,}" for one in _EXAMPLES)
    return f"The standard error of a count C is the root of {one_in - 1}/C, at most 100 %: {examples}."
