"""The pin: restrict a script to processes in the kernel, by its predicates or by `$1`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from bttop.script.attribution import context_of, context_of_probe
from bttop.script.badges import Badge
from bttop.script.edits import Edit
from bttop.script.frontmatter import FrontMatter
from bttop.script.lexer import Token
from bttop.script.reader import Probe, Script
from bttop.script.survey import Survey

_COMPARISONS: Final = frozenset({"==", "!="})
_OPERAND_ENDS: Final = frozenset({"&&", "||", "?", ":", ";", "{", "}", "/", ",", "==", "!="})
_THREAD_FIELDS: Final = frozenset({"prev_pid", "next_pid"})
_COMM_BYTES: Final = 15


class Pin(NamedTuple):
    """Which processes to look at; conditions of several kinds must all hold. Nothing given: everything."""

    pids: tuple[int, ...] = ()
    """Process ids, as bpftrace's `pid` counts them."""
    comm: str = ""
    """Thread name; the kernel keeps 15 bytes of it."""
    cgroup: str = ""
    """Path of a cgroup v2 directory."""

    @property
    def condition(self) -> str:
        """As an expression of bpftrace; empty when nothing is pinned."""
        any_pid = " || ".join(f"pid == {pid}" for pid in self.pids)
        name = self.comm.encode()[:_COMM_BYTES].decode(errors="ignore")
        comm = f"comm == {_quoted(name)}" if name else ""
        cgroup = f"cgroup == cgroupid({_quoted(self.cgroup)})" if self.cgroup else ""
        conditions = [condition for condition in (any_pid, comm, cgroup) if condition]
        return conditions[0] if len(conditions) == 1 else " && ".join(f"({one})" for one in conditions)


class Pinned(NamedTuple):
    """What a pin does to a script."""

    edits: tuple[Edit, ...]
    args: tuple[str, ...]
    badges: tuple[Badge, ...]


def pin_edits(script: Script, seen: Survey, pin: Pin | None, front: FrontMatter | None, args: Sequence[str]) -> Pinned:
    """Restrict a script to the pin, and give `$1` its value.

    A script that compares a process id with `$1`, or has front matter, takes a single PID there.
    """
    threads = tuple(_thread_badges(script))
    takes_pid = "$1" in seen.positional and (front is not None or takes_pid_as_parameter(script))
    positional = tuple(args) or (("0",) if _wants_number(script, seen) else ())
    if pin is None or not pin.condition:
        return Pinned((), positional, threads)
    if takes_pid and not args and len(pin.pids) == 1 and not pin.comm and not pin.cgroup:
        return Pinned((), (str(pin.pids[0]),), threads)
    if takes_pid and any(context_of_probe(probe) not in ("exact", "none") for probe in script.probes):
        why = "it takes the pin as its `$1`, which holds one PID and nothing else"
        return Pinned((), positional, (*threads, Badge("unpinned", "not pinned", f"This script: {why}.")))
    edits = tuple(edit for probe in script.probes for edit in _predicate(script, probe, pin.condition))
    return Pinned(edits, positional, (*threads, *_badges(script, seen)))


def takes_pid_as_parameter(script: Script) -> bool:
    """Whether somewhere `$1` is compared with something that is called pid or tid."""
    for probe in script.probes:
        tokens = _code(script, probe)
        for at, token in enumerate(tokens):
            if token.text == "$1" and any("pid" in name or "tid" in name for name in _compared(tokens, at)):
                return True
    return False


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _code(script: Script, probe: Probe) -> list[Token]:
    start = probe.predicate[0] if probe.predicate else probe.block[0]
    return list(script.significant(start, probe.block[1] + 1))


def _wants_number(script: Script, seen: Survey) -> bool:
    """Whether `$1` is a number wherever it is used. An explicit 0 is then silent; 0.24 and newer warn without."""
    if "$1" not in seen.positional or any("$1" in point.text for point in script.points):
        return False
    return not any(_is_text_parameter(_code(script, probe)) for probe in script.probes)


def _is_text_parameter(tokens: Sequence[Token]) -> bool:
    texts = [token.text for token in tokens]
    return any(texts[at : at + 3] == ["str", "(", "$1"] for at in range(len(texts)))


def _compared(tokens: Sequence[Token], at: int) -> Iterator[str]:
    """The names in the other operand of the comparison that a token is part of."""
    after = at + 1
    while after < len(tokens) and tokens[after].text == ")":
        after += 1
    if after < len(tokens) and tokens[after].text in _COMPARISONS:
        yield from _operand(tokens[after + 1 :])
    before = at - 1
    while before > 0 and (tokens[before].text in "()" or tokens[before - 1].text == "("):
        before -= 1
    if before > 0 and tokens[before].text in _COMPARISONS:
        yield from _operand(tokens[before - 1 :: -1])


def _operand(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.text in _OPERAND_ENDS:
            return
        if token.kind in ("word", "map", "variable"):
            yield token.text.lower()


def _predicate(script: Script, probe: Probe, condition: str) -> Iterator[Edit]:
    if context_of_probe(probe) in ("none", "foreign"):
        return
    if probe.predicate is None:
        yield Edit(script.tokens[probe.block[0]].start, f" /{condition}/ ")
        return
    opening, closing = (script.tokens[index] for index in probe.predicate)
    # A comparison, because bpftrace 0.17 refuses a pointer as an operand of `&&`.
    yield Edit(opening.end, f"({condition}) && ((")
    yield Edit(closing.start, ") != 0)")


def _badges(script: Script, seen: Survey) -> Iterator[Badge]:
    points = script.points
    inexact = [point.text for point in points if context_of(point) == "inexact"]
    if any(point.rest.endswith("sched_switch") for point in points) and seen.fields & {
        "next_pid",
        "next_comm",
    }:
        inexact.append("what comes next at sched_switch")
    foreign = [point.text for point in points if context_of(point) == "foreign"]
    if inexact:
        why = "the process that is on the CPU there is often not the one that the event is about"
        yield Badge("pin-inexact", "pin not exact here", f"{_some(inexact)}: {why}.")
    if foreign:
        why = "it runs in whatever process was interrupted, so it is not restricted"
        yield Badge("unpinned", "not pinned", f"{_some(foreign)}: {why}.")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _thread_badges(script: Script) -> Iterator[Badge]:
    """Comparisons of a thread's id with a number that looks like a process id."""
    for probe in script.probes:
        tokens = _code(script, probe)
        for at, token in enumerate(tokens):
            if token.text in _THREAD_FIELDS and (value := _literal_compared(tokens, at)):
                yield _thread_badge(token, value)


def _literal_compared(tokens: Sequence[Token], at: int) -> str:
    """The number (or `$1`) that the field at an index is compared with, or nothing. 0 is the idle task."""
    after = [token.text for token in tokens[at + 1 : at + 3]]
    before = [token.text for token in tokens[max(at - 4, 0) : at - 2]]
    candidates = [
        after[1:] if after[:1] and after[0] in _COMPARISONS else [],
        before[:1] if before[1:] else [],
    ]
    if before[1:] and before[1] not in _COMPARISONS:
        candidates[1] = []
    values = [one[0] for one in candidates if one]
    return next((value for value in values if value == "$1" or (value.isdigit() and value != "0")), "")


def _thread_badge(token: Token, value: str) -> Badge:
    right = f"`pid == {value}`" if token.text == "prev_pid" else "`args->next_comm`"
    why = f"line {token.line} compares {token.text} with {value}, one thread; {right} sees the whole process"
    return Badge("thread-id", f"{token.text} is a thread id", f"{why[0].upper()}{why[1:]}.")
