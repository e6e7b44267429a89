"""Counts correctly if two CPUs create the same new key at the same time; bpftrace 0.23 loses an event then.

In 0.23, `count()`, `sum()`, `hist()` and `lhist()` create an entry only if there is none; if another CPU creates it in
the meantime, the event is lost. Adding to an existing entry is exact. So each statement is written twice: the first one
adds 0 and creates the entry, and it does not matter which CPU succeeds; the second one adds. A histogram cannot add 0:
it is counted with `sum()` under the number of its bucket, and the plan maps numbers to buckets. `min()`, `max()` and
`stats()` overwrite the CPU's own, still empty slot and lose nothing.
"""

from __future__ import annotations

from typing import Final

from bttop.model.plan import Numbered
from bttop.script.language.survey import MapUse, Update

COLLIDING: Final = frozenset({"count", "sum", "hist", "lhist"})
_HALVES: Final = (32, 16, 8, 4, 2, 1)


def numbering(use: MapUse) -> Numbered | None:
    """How the buckets of a histogram are numbered; None if it is not a histogram or its buckets are not known."""
    found = {_numbering(update) for update in use.updates}
    return found.pop() if len(found) == 1 else None


def _numbering(update: Update) -> Numbered | None:
    if update.form != "aggregate":
        return None
    if update.aggregation == "hist" and len(update.arguments) == 1:
        return Numbered()
    if update.aggregation != "lhist" or len(update.arguments) != 4:
        return None
    try:
        low, high, step = (int("".join(token.text for token in one), 0) for one in update.arguments[1:])
    except ValueError:
        return None
    return Numbered(low, high, step) if 0 <= low < high and 0 < step <= high - low else None


def bucket_number(variable: str, value: str, numbered: Numbered) -> str:
    """Statements that assign the number of `value`'s bucket to `variable` (given without its `$`)."""
    left = f"${variable}v"
    start = f" {left} = (int64)({value}); "
    if numbered.step:
        low, high, step = numbered.low, numbered.high, numbered.step
        # Only unsigned numbers can be divided.
        within = f"(int64)((uint64)({left} - {low}) / {step}) + 1"
        return (
            f"{start}${variable} = 0; if ({left} >= {high}) {{ ${variable} = {numbered.last}; }} "
            f"else if ({left} >= {low}) {{ ${variable} = {within}; }}"
        )
    halves = " ".join(
        f"if ({left} >= (int64){1 << half}) {{ ${variable} += {half}; {left} = {left} >> {half}; }}" for half in _HALVES
    )
    return f"{start}${variable} = {left} > 0 ? 2 : ({left} == 0 ? 1 : 0); {halves}"


def twice(keys: str, function: str, argument: str) -> tuple[str, str]:
    """The text after the map's name in the statement that creates the entry, and in the one that adds. `argument` is
    the argument of `sum`."""
    added = argument if function == "sum" else "1"
    nothing = "0" if added == "1" else f"0 * {added}"
    return f"{keys} = sum({nothing});", f"{keys} = sum({added});"
