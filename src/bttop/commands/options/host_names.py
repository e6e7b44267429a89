"""Names of hosts as typed behind -H: one host, or a set or group of ClusterShell (`web[1-40]`, `@edge`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bttop.engine.remote.ssh import Destination
from bttop.errors import UsageError
from bttop.patterns import pattern

MANY: Final = 64
"""More hosts need a confirmation."""
SENT_KIB: Final = 80
"""What is sent to each host: the tracer."""
_SUDO: Final = "sudo:"
_ONE: Final = pattern(r"[\w.:%-]+(?:@[\w.:%-]+)?")
_OPERATORS: Final = frozenset("!&^")
_OUTER_COMMA: Final = r",(?![^\[]*\])"


def destinations(texts: Sequence[str], *, sudo: bool, many: bool = False) -> list[Destination]:
    """The hosts of all -H options, in their order. `sudo`: start every tracer by `sudo -n`; one option does so for its
    hosts by `sudo:` before them. `many`: more than MANY are meant. Raises UsageError."""
    found = [
        Destination(name, sudo or text.startswith(_SUDO))
        for text in texts
        for name in _names(text.removeprefix(_SUDO), text)
    ]
    _check(found, many=many)
    return found


def _names(text: str, typed: str) -> list[str]:
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
    try:
        yield from map(str, NodeSet(part))
    except NodeSetException as problem:
        raise UsageError(f"{typed!r} is not a set of hosts: {problem}", title="hosts") from None


def _check(found: Sequence[Destination], *, many: bool) -> None:
    names = [one.name for one in found]
    if (bad := next((name for name in names if _is_bad(name)), None)) is not None:
        raise UsageError(f"{bad!r} is not the name of a host", title="hosts")
    if (twice := _first_twice(names)) is not None:
        raise UsageError(f"{twice} is given twice", title="hosts")
    if len(names) > MANY and not many:
        sent = len(names) * SENT_KIB / 1024
        why = f"{len(names)} hosts are {len(names)} connections, and {sent:.0f} MiB are sent at once"
        raise UsageError(f"{why}: add --many if you mean it", title="hosts")


def _is_bad(name: str) -> bool:
    return name.startswith("-") or any(not one.isprintable() or one.isspace() for one in name)


def _first_twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
