"""The pin: restrict a script to some processes in the kernel, by its predicates or by `$1`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from bttop.patterns import pattern
from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.edits import Edit, Wrapping
from bttop.script.language.probe_context import context_of, context_of_probe
from bttop.script.language.reader import Probe, Script
from bttop.script.language.survey import ScriptSurvey
from bttop.script.process.children import following, is_child
from bttop.script.process.pid_parameter import PidParameter, text_of
from bttop.script.process.regions import code_of, narrowed, regions
from bttop.script.process.thread_ids import thread_badges

NO_PROCESS: Final = 4 * 1024 * 1024 + 1
"""An id that no process has: the kernel gives ids up to 2^22 (PID_MAX_LIMIT)."""

_COMM_BYTES: Final = 15
_NEXT: Final = frozenset({"next_pid", "next_comm", "next_prio", "next"})
_WHO: Final = frozenset({"pid", "tid", "comm", "curtask", "ustack", "kstack", "cgroup"})
_BYTE: Final = pattern("[\udc80-\udcff]")


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
    host: str = ""
    """The host of these processes, if programs run on several; other hosts are then not asked."""

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


class Pinned(Struct, frozen=True):
    """The changes that a pin makes to a script."""

    edits: tuple[Edit, ...]
    args: tuple[str, ...]
    badges: tuple[ScriptCaveat, ...]
    wrappings: tuple[Wrapping, ...] = ()
    """Edits around the script's own comparisons with its parameter."""

    @property
    def is_edited(self) -> bool:
        return bool(self.edits or self.wrappings)


def pin_edits(script: Script, seen: ScriptSurvey, pin: Pin | None, args: Sequence[str]) -> Pinned:
    """Restrict a script to the pin and set its parameters. `args` are those that the user gave.

    If the script compares a process id with a parameter that the user did not give, that is the pin. Otherwise the
    predicates of its probes are extended.
    """
    threads = tuple(thread_badges(script))
    words, options = seen.split_options(args)
    positional = words or (("0",) if _wants_number(script, seen) else ())
    pinned = _pinned(script, pin, _Given(words, positional, threads))
    return replace(pinned, args=(*pinned.args, *options))


def _pinned(script: Script, pin: Pin | None, given: _Given) -> Pinned:
    if pin is None or not pin.condition:
        return Pinned((), given.positional, given.badges)
    taking = pid_parameters(script)
    free = next((one for one in taking if _is_free(one, given.args)), None)
    if free is not None:
        return _by_parameter(script, pin, free, given)
    if not all(one.is_of_current for one in taking):
        why = "it was given another process id as its parameter"
        return Pinned((), given.positional, (*given.badges, _unpinned(why)))
    return _by_predicates(script, pin, given)


class _Given(Struct, frozen=True):
    """What does not depend on the pin."""

    args: tuple[str, ...]
    """Positional parameters that the user gave."""
    positional: tuple[str, ...]
    """Parameters without a pin."""
    badges: tuple[ScriptCaveat, ...]


def _is_free(parameter: PidParameter, args: Sequence[str]) -> bool:
    """Whether the user gave no process id as this parameter. By convention 0 is every process."""
    return len(args) < parameter.number or args[parameter.number - 1] in ("", "0")


def _by_parameter(script: Script, pin: Pin, parameter: PidParameter, given: _Given) -> Pinned:
    """Pass the pin as the script's parameter. Comparisons with it are extended if the pin is more than one id."""
    if pin.comm or pin.cgroups:
        return _by_condition(script, pin, parameter, given)
    args = _with_argument(given.args, parameter.number, str(pin.pids[0]), _texts(script))
    if len(pin.pids) == 1 and not pin.children:
        return Pinned((), args, (*given.badges, *_of_threads(parameter, given.badges)))
    if parameter.is_key:
        why = f"it stores one process id, its `{parameter.name}`, so only process {pin.pids[0]} is pinned"
        caveat = ScriptCaveat("pin-inexact", "pin not exact here", f"This script: {why}.")
        return Pinned((), args, (*given.badges, caveat))
    more: list[Callable[[str], str]] = [partial("{1} == {0}".format, pid) for pid in pin.pids[1:]]
    if pin.children:
        more.append(is_child)
    badges = (*given.badges, *_of_threads(parameter, given.badges))
    return Pinned(_followed(script, pin), args, badges, tuple(one.widened(more) for one in parameter.comparisons))


def _by_condition(script: Script, pin: Pin, parameter: PidParameter, given: _Given) -> Pinned:
    """Extend the comparisons of the current process by the pin's condition, because the parameter holds only ids."""
    if not parameter.is_of_current:
        why = f"it takes the pin as its `{parameter.name}`, which can hold only process ids"
        return Pinned((), given.positional, (*given.badges, _unpinned(why)))
    args = _with_argument(given.args, parameter.number, str(NO_PROCESS), _texts(script))
    wrappings = tuple(one.widened([lambda _: f"({pin.condition})"]) for one in parameter.comparisons if one.is_own)
    return Pinned(_followed(script, pin), args, given.badges, wrappings)


def _by_predicates(script: Script, pin: Pin, given: _Given) -> Pinned:
    edits = tuple(edit for probe in script.probes for edit in _predicate(script, probe, pin.condition))
    followed = _followed(script, pin) if edits else ()
    return Pinned((*edits, *followed), given.positional, (*given.badges, *_badges(script)))


def _with_argument(args: tuple[str, ...], number: int, value: str, texts: frozenset[str]) -> tuple[str, ...]:
    """The arguments with one of them set, and with 0, or an empty text, for those before it that are missing."""
    missing = ["" if f"${one}" in texts else "0" for one in range(len(args) + 1, number)]
    return (*[*args, *missing][: number - 1], value, *args[number:])


def _unpinned(why: str) -> ScriptCaveat:
    return ScriptCaveat("unpinned", "not pinned", f"This script: {why}.")


def _followed(script: Script, pin: Pin) -> tuple[Edit, ...]:
    """The probes that follow children, appended to the script."""
    if not pin.children:
        return ()
    separator = "" if script.text.endswith("\n") else "\n"
    return (Edit(len(script.text), f"{separator}{following(pin.condition)}\n"),)


def _of_threads(parameter: PidParameter, badges: Sequence[ScriptCaveat]) -> tuple[ScriptCaveat, ...]:
    """The badge of a script that compares thread ids with the pin, unless it has such a badge already."""
    lines = [one.other[0].line for one in parameter.comparisons if one.is_of_thread]
    if not lines or any(one.code == "thread-id" for one in badges):
        return ()
    why = f"Line {lines[0]} compares a thread id with {parameter.name}: of the process, this is the main thread only."
    return (ScriptCaveat("thread-id", "pin: main thread only", why),)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    # Bytes that are not UTF-8: from the name itself, or from a character that the kernel cut.
    escaped = _BYTE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", escaped)
    return f'"{escaped}"'


def _wants_number(script: Script, seen: ScriptSurvey) -> bool:
    """Whether `$1` is a number everywhere in the script, and the script does not ask whether it is there. Then bttop
    passes 0: bpftrace 0.24 and newer warn if `$1` is missing."""
    if "$1" not in seen.positional or "$#" in seen.positional or any("$1" in point.text for point in script.points):
        return False
    if any(token.text == "$1" for one in script.imported for token in one.tokens):
        return False
    return "$1" not in _texts(script)


def _texts(script: Script) -> frozenset[str]:
    """The parameters that a script uses as text: `str($1)`, also by a constant."""
    found = regions(script)
    constants = {one.name: text_of(one.code.tokens) for one in found if one.kind == "constant"}
    used = {
        region.code.text(at + 2)
        for region in found
        for at, token in enumerate(region.code.tokens)
        if token.text == "str" and region.code.text(at + 1) == "("
    }
    return frozenset(constants.get(name, name) for name in used)


def _predicate(script: Script, probe: Probe, condition: str) -> Iterator[Edit]:
    if context_of_probe(probe) not in ("none", "foreign"):
        yield from narrowed(script, probe, condition, f"({condition})")


def _badges(script: Script) -> Iterator[ScriptCaveat]:
    points = script.points
    inexact = [point.text for point in points if context_of(point) == "inexact"]
    if any(_shows_next(script, probe) for probe in script.probes):
        inexact.append("the next thread at sched_switch")
    foreign = [point.text for point in points if context_of(point) == "foreign"]
    if inexact:
        why = "the process on the CPU at that time is often not the process of the event"
        yield ScriptCaveat("pin-inexact", "pin not exact here", f"{_some(inexact)}: {why}.")
    if foreign:
        why = "it runs in the process that was interrupted, so it is not restricted"
        yield ScriptCaveat("unpinned", "not pinned", f"{_some(foreign)}: {why}.")
    elsewhere = [point.text for probe in script.probes if _shows_any(script, probe) for point in probe.points]
    if elsewhere:
        why = "it belongs to no process, so it is not restricted"
        yield ScriptCaveat("unpinned", "not pinned", f"{_some(elsewhere)}: {why}.")


def _shows_next(script: Script, probe: Probe) -> bool:
    """Whether a probe of sched_switch uses the thread that gets the CPU: a raw tracepoint has it as `arg2`."""
    texts = {token.text for token in code_of(script, probe)}
    at_switch = any(point.rest.endswith("sched_switch") for point in probe.points)
    return at_switch and bool(texts & _NEXT or ("arg2" in texts and probe.has("rawtracepoint")))


def _shows_any(script: Script, probe: Probe) -> bool:
    """Whether a probe that belongs to no process shows processes: those of a kernel list, or the one on the CPU."""
    if context_of_probe(probe) != "none" or probe.has("begin", "end"):
        return False
    return probe.has("iter") or any(token.text in _WHO for token in code_of(script, probe))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def pid_parameters(script: Script) -> tuple[PidParameter, ...]:
    """The parameters that a script compares with process ids, in the order of their numbers."""
    found = regions(script)
    variables = (one for region in found for one in region.code.tokens if one.kind == "variable")
    if not any(one.text[1:].isdecimal() for one in variables):
        return ()
    from bttop.script.process.id_comparisons import find_parameters  # few scripts have parameters

    return find_parameters(found)
