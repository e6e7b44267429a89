"""The pin: restrict a script to processes in the kernel, by its predicates or by `$1`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from bttop.script.attribution import context_of, context_of_probe
from bttop.script.badge import Badge
from bttop.script.children import following, is_child
from bttop.script.edits import Edit, Wrapping
from bttop.script.frontmatter import FrontMatter
from bttop.script.lexer import Token
from bttop.script.parameter import code_of, comparisons
from bttop.script.reader import Probe, Script
from bttop.script.survey import Survey
from bttop.script.threads import thread_badges

_COMM_BYTES: Final = 15
_BYTE: Final = re.compile("[\udc80-\udcff]")


class Pin(NamedTuple):
    """Which processes to look at; conditions of several kinds must all hold. Nothing given: everything."""

    pids: tuple[int, ...] = ()
    """Process ids, as bpftrace's `pid` counts them."""
    comm: str = ""
    """Thread name; the kernel keeps 15 bytes of it."""
    cgroups: tuple[str, ...] = ()
    """Paths of cgroup v2 directories, the one that was named first; any of them will do."""
    children: bool = False
    """Whether children that these processes get from now on count as well, and theirs. Those that exist already
    are to be named in `pids`."""

    @property
    def condition(self) -> str:
        """As an expression of bpftrace; empty when nothing is pinned."""
        condition = self._without_children
        return f"({condition}) || {is_child()}" if condition and self.children else condition

    @property
    def _without_children(self) -> str:
        any_pid = " || ".join(f"pid == {pid}" for pid in self.pids)
        name = self.comm.encode(errors="surrogateescape")[:_COMM_BYTES].decode(errors="surrogateescape")
        comm = f"comm == {_quoted(name)}" if name else ""
        any_cgroup = " || ".join(f"cgroup == cgroupid({_quoted(path)})" for path in self.cgroups)
        conditions = [condition for condition in (any_pid, comm, any_cgroup) if condition]
        return conditions[0] if len(conditions) == 1 else " && ".join(f"({one})" for one in conditions)


class Pinned(NamedTuple):
    """What a pin does to a script."""

    edits: tuple[Edit, ...]
    args: tuple[str, ...]
    badges: tuple[Badge, ...]
    wrappings: tuple[Wrapping, ...] = ()
    """Around the script's own comparisons with `$1`."""

    @property
    def is_edited(self) -> bool:
        return bool(self.edits or self.wrappings)


def pin_edits(script: Script, seen: Survey, pin: Pin | None, front: FrontMatter | None, args: Sequence[str]) -> Pinned:
    """Restrict a script to the pin, and give `$1` its value.

    A script that compares a process id with `$1`, or has front matter, takes the PIDs there.
    """
    threads = tuple(thread_badges(script))
    takes_pid = "$1" in seen.positional and (front is not None or takes_pid_as_parameter(script))
    positional = tuple(args) or (("0",) if _wants_number(script, seen) else ())
    if pin is None or not pin.condition:
        return Pinned((), positional, threads)
    followed = _followed(script, pin)
    widened = _by_parameter(script, pin, any_operand=front is not None) if takes_pid and not args else None
    if widened is not None:
        return Pinned(followed if widened else (), (str(pin.pids[0]),), threads, widened)
    if takes_pid and any(context_of_probe(probe) not in ("exact", "none") for probe in script.probes):
        why = "it takes the pin as its `$1`, which holds process ids and nothing else"
        return Pinned((), positional, (*threads, Badge("unpinned", "not pinned", f"This script: {why}.")))
    edits = tuple(edit for probe in script.probes for edit in _predicate(script, probe, pin.condition))
    return Pinned((*edits, *(followed if edits else ())), positional, (*threads, *_badges(script, seen)))


def _followed(script: Script, pin: Pin) -> tuple[Edit, ...]:
    """The probes that follow children, behind the script's own last line."""
    if not pin.children:
        return ()
    separator = "" if script.text.endswith("\n") else "\n"
    return (Edit(len(script.text), f"{separator}{following(pin.condition)}\n"),)


def takes_pid_as_parameter(script: Script) -> bool:
    """Whether somewhere `$1` is compared with something that is called pid or tid."""
    return any(one is not None and one.is_of_pid for one in comparisons(script))


def _by_parameter(script: Script, pin: Pin, *, any_operand: bool) -> tuple[Wrapping, ...] | None:
    """What makes the script's `$1`, the first PID, mean all of the pin; None when that is not possible.

    `any_operand`: front matter says that `$1` is the pin whatever it is compared with.
    """
    if not pin.pids or pin.comm or pin.cgroups:
        return None
    if len(pin.pids) == 1 and not pin.children:
        return ()
    found = list(comparisons(script))
    if any(one is None or not (one.is_of_number or any_operand or one.is_of_pid) for one in found):
        return None
    more: list[Callable[[str], str]] = [partial("{1} == {0}".format, pid) for pid in pin.pids[1:]]
    if pin.children:
        more.append(is_child)
    return tuple(one.widened(more) for one in found if one is not None and not one.is_of_number)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    # Bytes that are no UTF-8: of a name as it is, or of a letter that the kernel has cut.
    escaped = _BYTE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", escaped)
    return f'"{escaped}"'


def _wants_number(script: Script, seen: Survey) -> bool:
    """Whether `$1` is a number wherever it is used. An explicit 0 is then silent; 0.24 and newer warn without."""
    if "$1" not in seen.positional or any("$1" in point.text for point in script.points):
        return False
    return not any(_is_text_parameter(code_of(script, probe)) for probe in script.probes)


def _is_text_parameter(tokens: Sequence[Token]) -> bool:
    texts = [token.text for token in tokens]
    return any(texts[at : at + 3] == ["str", "(", "$1"] for at in range(len(texts)))


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
