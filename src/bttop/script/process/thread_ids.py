"""Detects thread ids that are compared with a process id: `prev_pid` and `next_pid` of sched_switch are thread ids.

For the thread that leaves the CPU, `pid` is its process. For the next thread, the event has no process id, so a map
keeps the process's threads: a thread is added when it is created or when it first leaves a CPU, and deleted when the
kernel frees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.edits import Edit, replace
from bttop.script.language.lexer import Token
from bttop.script.language.reader import Probe, Script
from bttop.script.process.children import CLONE_THREAD
from bttop.script.process.pid_parameter import COMPARISONS
from bttop.script.process.regions import code_of

_FIELDS: Final = frozenset({"prev_pid", "next_pid"})
_LINE: Final = "\n"


class Confusion(Struct, frozen=True):
    """One thread id compared with a number that looks like a process id."""

    field: tuple[Token, Token, Token]
    """`args`, `->` or `.`, and the field's name."""
    number: Token
    """The number, or `$1`."""

    @property
    def name(self) -> str:
        return self.field[2].text

    @property
    def value(self) -> str:
        return self.number.text


def thread_badges(script: Script) -> Iterator[ScriptCaveat]:
    """One badge for each confusion in a script, with the correct form."""
    for probe in script.probes:
        yield from (_badge(one) for one in _confusions(script, probe))


def by_process(script: Script) -> Iterator[Edit]:
    """The edits that compare `pid` instead of `prev_pid`: the thread that leaves the CPU belongs to process `pid`."""
    for probe in script.probes:
        if all(point.rest.endswith("sched_switch") for point in probe.points):
            for one in _confusions(script, probe):
                if one.name == "prev_pid":
                    args, arrow, field = one.field
                    yield from (replace(args, ""), replace(arrow, ""), replace(field, "pid"))


def by_threads(script: Script) -> Iterator[Edit]:
    """The edits that look up `next_pid` in a map of the process's threads, and add the probes that maintain the map.
    Nothing unless exactly one process is compared."""
    probes = [one for one in script.probes if all(point.rest.endswith("sched_switch") for point in one.points)]
    found = [one for probe in probes for one in _confusions(script, probe) if one.name == "next_pid"]
    if len({one.value for one in found}) != 1:
        return
    threads = _unused_map(script)
    for one in found:
        args, _, field = one.field
        yield replace(args, f"{threads}[(uint64){args.text}")
        yield replace(field, f"{field.text}]")
        yield replace(one.number, "1")
    yield Edit(len(script.text), f"{'' if script.text.endswith(_LINE) else _LINE}{_keeping(threads, found[0].value)}")


def _unused_map(script: Script) -> str:
    taken = {token.text for token in script.tokens if token.kind == "map"}
    names = ("@threads", *(f"@threads{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _keeping(threads: str, process: str) -> str:
    """The probes that maintain the map of a process's threads. After its exit a thread leaves the CPU once more, so it
    is deleted only when it is freed."""
    switch = f"tracepoint:sched:sched_switch /pid == {process}/ {{ {threads}[(uint64)tid] = 1; }}"
    new = f"/pid == {process} && (args->clone_flags & {CLONE_THREAD}) != 0/ {{ {threads}[(uint64)args->pid] = 1; }}"
    free = f"/{threads}[(uint64)args->pid] == 1/ {{ delete({threads}[(uint64)args->pid]); }}"
    return f"{switch}\ntracepoint:task:task_newtask {new}\ntracepoint:sched:sched_process_free {free}\n"


def _confusions(script: Script, probe: Probe) -> Iterator[Confusion]:
    tokens = code_of(script, probe)
    for at, token in enumerate(tokens):
        if token.text in _FIELDS and tokens[at - 1].text in ("->", "."):
            number = _compared(tokens, at)
            if number is not None:
                yield Confusion((tokens[at - 2], tokens[at - 1], token), number)


def _compared(tokens: Sequence[Token], at: int) -> Token | None:
    """The number or `$1` that the field is compared with, or None; `at` is the index of the field's name. 0 does not
    count: it is the idle task."""
    after, before = tokens[at + 1 : at + 3], tokens[max(at - 4, 0) : at - 2]
    values = [after[1]] if len(after) > 1 and after[0].text in COMPARISONS else []
    values += [before[0]] if len(before) > 1 and before[1].text in COMPARISONS else []
    return next((one for one in values if one.text == "$1" or (one.text.isdigit() and one.text != "0")), None)


def _badge(one: Confusion) -> ScriptCaveat:
    right = f"`pid == {one.value}`" if one.name == "prev_pid" else "a map of its threads (offered on the screen)"
    why = f"Line {one.field[2].line} compares {one.name} with {one.value}, one thread; {right} covers the process."
    return ScriptCaveat("thread-id", f"{one.name} is a thread id", why)
