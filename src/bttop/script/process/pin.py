"""The pin: restrict a script to some processes in the kernel, by its predicates or by `$1`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.edits import Edit, Wrapping
from bttop.script.language.front_matter import FrontMatter
from bttop.script.language.lexer import Token
from bttop.script.language.probe_context import context_of, context_of_probe
from bttop.script.language.reader import Probe, Script
from bttop.script.language.survey import ScriptSurvey
from bttop.script.process.children import following, is_child
from bttop.script.process.pid_parameter import code_of, comparisons
from bttop.script.process.thread_ids import thread_badges

_COMM_BYTES: Final = 15
_BYTE: Final = re.compile("[\udc80-\udcff]")


class Pin(NamedTuple):
    """The processes to trace. If several kinds of conditions are given, all must hold. The default is all processes."""

    pids: tuple[int, ...] = ()
    """Process ids, in the PID namespace of bpftrace's `pid`."""
    comm: str = ""
    """Thread name; the kernel keeps 15 bytes of it."""
    cgroups: tuple[str, ...] = ()
    """Paths of cgroup v2 directories, first the one that the user named. A process may be in any of them."""
    children: bool = False
    """Whether to include future children of these processes, and their children. Children that exist already must be
    listed in `pids`."""

    @property
    def condition(self) -> str:
        """The pin as a bpftrace expression; empty if nothing is pinned."""
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
    """The changes that a pin makes to a script."""

    edits: tuple[Edit, ...]
    args: tuple[str, ...]
    badges: tuple[ScriptCaveat, ...]
    wrappings: tuple[Wrapping, ...] = ()
    """Edits around the script's own comparisons with `$1`."""

    @property
    def is_edited(self) -> bool:
        return bool(self.edits or self.wrappings)


def pin_edits(
    script: Script, seen: ScriptSurvey, pin: Pin | None, front: FrontMatter | None, args: Sequence[str]
) -> Pinned:
    """Restrict a script to the pin and set `$1`.

    A script that uses `$1` and compares a process id with it, or has front matter, receives the PIDs there.
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
        why = "it takes the pin as its `$1`, which can hold only process ids"
        return Pinned((), positional, (*threads, ScriptCaveat("unpinned", "not pinned", f"This script: {why}.")))
    edits = tuple(edit for probe in script.probes for edit in _predicate(script, probe, pin.condition))
    return Pinned((*edits, *(followed if edits else ())), positional, (*threads, *_badges(script, seen)))


def _followed(script: Script, pin: Pin) -> tuple[Edit, ...]:
    """The probes that follow children, appended to the script."""
    if not pin.children:
        return ()
    separator = "" if script.text.endswith("\n") else "\n"
    return (Edit(len(script.text), f"{separator}{following(pin.condition)}\n"),)


def takes_pid_as_parameter(script: Script) -> bool:
    """Whether any comparison of `$1` is with an operand whose name contains pid or tid."""
    return any(one is not None and one.is_of_pid for one in comparisons(script))


def _by_parameter(script: Script, pin: Pin, *, any_operand: bool) -> tuple[Wrapping, ...] | None:
    """The edits that make the script's comparisons with `$1` (the first PID) accept the whole pin; None if that is not
    possible.

    `any_operand`: the script has front matter, so `$1` is the pin in every comparison.
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
    # Bytes that are not UTF-8: from the name itself, or from a character that the kernel cut.
    escaped = _BYTE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", escaped)
    return f'"{escaped}"'


def _wants_number(script: Script, seen: ScriptSurvey) -> bool:
    """Whether `$1` is a number everywhere in the script. Then bttop passes 0: bpftrace 0.24 and newer warn if `$1` is
    missing."""
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


def _badges(script: Script, seen: ScriptSurvey) -> Iterator[ScriptCaveat]:
    points = script.points
    inexact = [point.text for point in points if context_of(point) == "inexact"]
    if any(point.rest.endswith("sched_switch") for point in points) and seen.fields & {
        "next_pid",
        "next_comm",
    }:
        inexact.append("the next thread at sched_switch")
    foreign = [point.text for point in points if context_of(point) == "foreign"]
    if inexact:
        why = "the process on the CPU at that time is often not the process of the event"
        yield ScriptCaveat("pin-inexact", "pin not exact here", f"{_some(inexact)}: {why}.")
    if foreign:
        why = "it runs in the process that was interrupted, so it is not restricted"
        yield ScriptCaveat("unpinned", "not pinned", f"{_some(foreign)}: {why}.")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
