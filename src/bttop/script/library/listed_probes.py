"""Reads what `bpftrace -lv` prints: probes, each with its arguments below it. Pure: no input or output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from bttop.patterns import pattern
from bttop.script.library.starters import Argument

_INDENT: Final = "    "
_ARGUMENT: Final = pattern(r"(?P<type>\S.*?)(?P<name>[A-Za-z_]\w*)(?P<array>(?:\[\d*\])*)")
_NAME: Final = pattern(r"[A-Za-z]+:\S.*")


class ListedProbe(NamedTuple):
    """A probe as bpftrace lists it."""

    name: str
    """An attach point, without the colon that bpftrace appends to some names."""
    arguments: tuple[Argument, ...] = ()
    """In order. The name is empty, and the type is the whole line, if the line has another form."""

    @property
    def provider(self) -> str:
        """As bpftrace names it."""
        return self.name.partition(":")[0]

    @property
    def rest(self) -> str:
        return self.name.partition(":")[2]


def listed_probes(lines: Iterable[str]) -> Iterator[ListedProbe]:
    """The probes of a listing. Lines that are neither a probe nor an argument are left out. Never raises."""
    name, arguments = "", list[Argument]()
    for line in lines:
        if line.startswith(_INDENT):
            arguments.append(_argument(line.strip(" ;\r")))
            continue
        if name:
            yield ListedProbe(name, tuple(arguments))
        # A line that is not a probe ends the arguments of the probe above it.
        name, arguments = (line.strip().removesuffix(":") if _NAME.match(line) else ""), []
    if name:
        yield ListedProbe(name, tuple(arguments))


def _argument(text: str) -> Argument:
    found = _ARGUMENT.fullmatch(text)
    return Argument(text, "") if found is None else Argument(found["type"].strip() + found["array"], found["name"])
