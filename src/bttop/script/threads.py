"""Thread ids that are compared with a process id: `prev_pid` and `next_pid` of sched_switch are ids of threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from bttop.script.badges import Badge
from bttop.script.edits import Edit, replace
from bttop.script.lexer import Token
from bttop.script.parameter import COMPARISONS, code_of
from bttop.script.reader import Probe, Script

_FIELDS: Final = frozenset({"prev_pid", "next_pid"})


class Confusion(NamedTuple):
    """One thread id compared with a number that looks like a process id."""

    field: tuple[Token, Token, Token]
    """`args`, `->` or `.`, and the field's name."""
    value: str
    """The number, or `$1`."""

    @property
    def name(self) -> str:
        return self.field[2].text


def thread_badges(script: Script) -> Iterator[Badge]:
    """A badge for each of a script's confusions, with the right form."""
    for probe in script.probes:
        yield from (_badge(one) for one in _confusions(script, probe))


def by_process(script: Script) -> Iterator[Edit]:
    """The edits that compare `pid` instead, where that says the same of the whole process: of the side of a switch
    that leaves the CPU."""
    for probe in script.probes:
        if all(point.rest.endswith("sched_switch") for point in probe.points):
            for one in _confusions(script, probe):
                if one.name == "prev_pid":
                    args, arrow, field = one.field
                    yield from (replace(args, ""), replace(arrow, ""), replace(field, "pid"))


def _confusions(script: Script, probe: Probe) -> Iterator[Confusion]:
    tokens = code_of(script, probe)
    for at, token in enumerate(tokens):
        if token.text in _FIELDS and tokens[at - 1].text in ("->", ".") and (value := _compared(tokens, at)):
            yield Confusion((tokens[at - 2], tokens[at - 1], token), value)


def _compared(tokens: Sequence[Token], at: int) -> str:
    """What the field that ends at an index is compared with: a number, `$1`, or nothing. 0 is the idle task."""
    after = [token.text for token in tokens[at + 1 : at + 3]]
    before = [token.text for token in tokens[max(at - 4, 0) : at - 2]]
    values = [after[1]] if len(after) > 1 and after[0] in COMPARISONS else []
    values += [before[0]] if len(before) > 1 and before[1] in COMPARISONS else []
    return next((value for value in values if value == "$1" or (value.isdigit() and value != "0")), "")


def _badge(one: Confusion) -> Badge:
    right = f"`pid == {one.value}`" if one.name == "prev_pid" else "`args->next_comm`"
    why = f"Line {one.field[2].line} compares {one.name} with {one.value}, one thread; {right} sees the whole process."
    return Badge("thread-id", f"{one.name} is a thread id", why)
