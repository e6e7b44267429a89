"""Names of hosts as typed behind -H: one host, or a set or group of ClusterShell (`web[1-40]`, `@edge`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from bttop.engine.remote.ssh import Destination
from bttop.errors import UsageError, bttop_command
from bttop.patterns import pattern

MANY: Final = 64
"""More hosts need a confirmation."""
MOST: Final = 10_000
"""More hosts than this are refused before their names are made."""
SENT_KIB: Final = 80
"""What is sent to each host: the tracer."""
RECEIVED_KIB: Final = 0.7
"""What arrives from each host a second, with five programs of 20 rows (`python -m benchmarks hosts`)."""
_SUDO: Final = "sudo:"
_ONE: Final = pattern(r"[\w.:%-]+(?:@[\w.:%-]+)?")
_OPERATORS: Final = frozenset("!&^")
_BRACKETS: Final = pattern(r"\[[^\]]*")
_RANGE: Final = pattern(r"(\d+)(?:-(\d+)(?:/0*([1-9]\d*))?)?")
_MOST_DIGITS: Final = 18
_TOO_MANY: Final = f"is more than {MOST:,} hosts"
_OUTER_COMMA: Final = r",(?![^\[]*\])"


def destinations(
    texts: Sequence[str], *, sudo: bool, many: bool = False, ask: Callable[[str], bool] | None = None
) -> list[Destination]:
    """The hosts of all -H options, in their order. `sudo`: start every tracer by `sudo -n`; one option does so for its
    hosts by `sudo:` before them. `many`: more than MANY are meant. `ask` asks the user about a host that is given twice
    and about many hosts; without it they are errors. Raises UsageError."""
    found = [
        Destination(name, sudo or text.startswith(_SUDO))
        for text in texts
        for name in _names(text.removeprefix(_SUDO), text)
    ]
    if (bad := next((one.name for one in found if _is_bad(one.name)), None)) is not None:
        raise UsageError(f"{bad!r} is not the name of a host", title="hosts")
    once = list({one.name: one for one in reversed(found)}.values())[::-1]
    if len(once) < len(found):
        _settle(f"{_first_twice(found)} is given twice", "trace it once?", "leave one out", ask)
    if len(once) > MANY and not many:
        _settle(cost_text(len(once)), "continue?", "add --many if you mean it", ask)
    return once


def cost_text(hosts: int) -> str:
    """What so many hosts cost, in one sentence."""
    sent, each_second = hosts * SENT_KIB / 1024, hosts * RECEIVED_KIB
    return (
        f"{hosts} hosts are {hosts} connections: {sent:.0f} MiB are sent at once, then {each_second:.0f} KiB/s arrive"
    )


def _settle(why: str, question: str, advice: str, ask: Callable[[str], bool] | None) -> None:
    """Ask the user whether to go on. Raises UsageError if not, or if nobody can be asked."""
    if ask is None or not ask(f"{why}. {question[0].upper()}{question[1:]}"):
        raise UsageError(f"{why}: {advice}", title="hosts")


def _names(text: str, typed: str) -> list[str]:
    if not text.strip():
        raise UsageError(f"{typed!r} has no host: a name is missing", title="hosts", hint=bttop_command("-H", "HOST"))
    if _ONE.fullmatch(text) is not None:
        return [text]
    # With operators the order of all parts counts; without them a host in two parts would be merged silently.
    parts = [text] if _OPERATORS & set(text) else re.split(_OUTER_COMMA, text)
    found = [name for part in parts for name in _expanded(part.strip(), typed)]
    if not found:
        raise UsageError(f"{typed!r} has no host: the group is unknown or empty", title="hosts")
    return found


def _expanded(part: str, typed: str) -> Iterator[str]:
    """The hosts of one part, as ClusterShell and its configuration of groups read it."""
    try:
        from ClusterShell.NodeSet import NodeSet, NodeSetException
    except ImportError:
        why = f"{typed!r} is not the name of one host, and sets of hosts need ClusterShell"
        raise UsageError(why, title="hosts", hint="pip install 'bttop[hosts]'") from None
    if why := _excess(part):
        raise UsageError(f"{typed!r} {why}", title="hosts")
    try:
        nodes = NodeSet(part)
    except NodeSetException as problem:
        raise UsageError(f"{typed!r} is not a set of hosts: {problem}", title="hosts") from None
    if len(nodes) > MOST:
        raise UsageError(f"{typed!r} {_TOO_MANY}", title="hosts")
    yield from map(str, nodes)


def _excess(part: str) -> str:
    """Why the ranges of a set are not expanded: ClusterShell makes all numbers of each at once. Empty if they are."""
    ranges = [found for inside in _BRACKETS.findall(part) for found in _RANGE.findall(inside)]
    if any(len(number) > _MOST_DIGITS for found in ranges for number in found):
        return f"has a number of more than {_MOST_DIGITS} digits"
    is_long = any((int(end or 0) - int(begin)) // int(step or 1) >= MOST for begin, end, step in ranges)
    return _TOO_MANY if is_long else ""


def _is_bad(name: str) -> bool:
    return name.startswith("-") or any(not one.isprintable() or one.isspace() for one in name)


def _first_twice(found: Sequence[Destination]) -> str:
    """The first name that occurs again; there must be one."""
    names = [one.name for one in found]
    return next(name for at, name in enumerate(names) if name in names[:at])
