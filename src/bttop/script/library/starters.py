"""Starter programs for a probe: how often each process hits it, and how an argument is distributed.

They use only the language that bpftrace 0.14 to 0.27 share. Pure: no input or output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from bttop.patterns import pattern
from bttop.script.language.probe_context import context_of
from bttop.script.language.program_text import MapText, program
from bttop.script.language.reader import AttachPoint, Script, read

BY_FILE: Final = "count by open file"
"""The title of the question that counts a system call by the file of its descriptor."""
_MOST: Final = 24
"""Maximum number of starters for one probe; for more arguments, a script written by hand is better."""
_GUESSED: Final = 3
"""Number of arguments that are offered for a function whose number of arguments is unknown."""
# Integer types as tracepoint formats and BTF write them.
_WHOLE: Final = pattern(
    r"(?:const )?(?:(?:unsigned|signed|short|int|long|char|uint|ulong|ushort|"
    r"(?:__)?[us](?:8|16|32|64)|__[lb]e(?:16|32|64)|[a-z]\w*_t)\s*)+"
)
_TEXT: Final = pattern(r"(?:unsigned )?char ?\[\d+\]|__data_loc char ?\[\]")
_USER_TEXT: Final = pattern(r"const char ?\*")
_ASKED_BY_NUMBER: Final = frozenset({"kprobe", "uprobe", "usdt"})
_RETURNS: Final = frozenset({"kretprobe", "uretprobe", "fexit"})
_ASKED_BY_NAME: Final = frozenset({"tracepoint", "fentry", "fexit"})
_OTHERS: Final = frozenset({"software", "hardware", "rawtracepoint"})
_STARTABLE: Final = _ASKED_BY_NUMBER | _RETURNS | _ASKED_BY_NAME | _OTHERS


class Argument(Struct, frozen=True):
    """An argument of a probe."""

    type: str
    """As in C; an array's length follows the type: `char[16]`."""
    name: str


class Starter(Struct, frozen=True):
    """A program to begin with."""

    title: str
    text: str
    """A whole probe file."""


def starters(probe: str, arguments: Sequence[Argument]) -> tuple[Starter, ...]:
    """The programs that fit a probe (as `bpftrace -l` lists it) and its arguments. Empty if it cannot count events
    (BEGIN, interval, iter) or is not an attach point. Never raises."""
    script = read(f"{probe} {{ @ = count(); }}")
    if not isinstance(script, Script) or len(script.points) != 1:
        return ()
    point = script.points[0]
    if point.text != probe or point.provider not in _STARTABLE:
        return ()
    found = [_by_comm(point), *_returned(point), *_of_arguments(point, arguments)]
    return tuple(found[:_MOST])


def _by_comm(point: AttachPoint) -> Starter:
    exact = context_of(point) == "exact"
    caveat = "" if exact else " It may run on behalf of another process than the one on the CPU."
    text = program(
        f"{point.rest} by process",
        f"How often {point.text} is hit, by the process on the CPU at that time.{caveat}",
        [MapText("@hits", ("pid", "comm"), ("int", "text"), pid="pid", view="table")],
        f"{point.text}\n{{\n  @hits[pid, comm] = count();\n}}",
        badge="" if exact else "pid: who was on the CPU",
    )
    return Starter("count by comm", text)


def _returned(point: AttachPoint) -> Iterator[Starter]:
    if point.provider in _RETURNS:
        yield _histogram(point, "what it returns", "returned", "retval")


def _of_arguments(point: AttachPoint, arguments: Sequence[Argument]) -> Iterator[Starter]:
    if point.provider in _ASKED_BY_NUMBER:
        known = list(arguments) or [Argument("long", f"arg{number}") for number in range(_GUESSED)]
        for number, argument in enumerate(known[:6]):
            if _WHOLE.fullmatch(argument.type):
                yield _histogram(point, argument.name, argument.name, f"arg{number}")
    elif point.provider in _ASKED_BY_NAME:
        for argument in arguments:
            yield from _of_named(point, argument)


def _of_named(point: AttachPoint, argument: Argument) -> Iterator[Starter]:
    field = f"args->{argument.name}"
    if argument.name == "__syscall_nr" or argument.name == "retval":
        return
    if argument.name == "fd" and point.rest.startswith("syscalls:sys_enter_"):
        yield _by_descriptor(point, field)
    elif _WHOLE.fullmatch(argument.type):
        yield _histogram(point, argument.name, argument.name, field)
    elif point.provider == "tracepoint" and _TEXT.fullmatch(argument.type):
        value = f"str({field})" if argument.type.startswith("__data_loc") else field
        yield _by_text(point, argument.name, value)
    elif point.rest.startswith("syscalls:sys_enter_") and _USER_TEXT.fullmatch(argument.type):
        yield _by_text(point, argument.name, f"str({field})")


def _histogram(point: AttachPoint, what: str, name: str, value: str) -> Starter:
    text = program(
        f"{point.rest}: {what}",
        f"How {what} of {point.text} is distributed, in powers of two.",
        [MapText(f"@{name}", unit="bytes" if name in ("bytes", "nbytes") else "", view="histogram")],
        f"{point.text}\n{{\n  @{name} = hist({value});\n}}",
    )
    return Starter(f"histogram of {what}", text)


def _by_descriptor(point: AttachPoint, value: str) -> Starter:
    text = program(
        f"{point.rest} by file descriptor",
        f"How often {point.text} is hit, by process and file descriptor. The page of a row names the open file.",
        [MapText("@calls", ("pid", "comm", "fd"), ("int", "text", "int"), pid="pid", view="table")],
        f"{point.text}\n{{\n  @calls[pid, comm, (int64){value}] = count();\n}}",
    )
    return Starter(BY_FILE, text)


def _by_text(point: AttachPoint, name: str, value: str) -> Starter:
    text = program(
        f"{point.rest} by {name}",
        f"How often {point.text} is hit, by {name}.",
        [MapText("@hits", (name,), ("text",), view="table")],
        f"{point.text}\n{{\n  @hits[{value}] = count();\n}}",
    )
    return Starter(f"count by {name}", text)
