"""One bpftrace that runs the scripts of several programs: whose line is whose.

A line belongs to the program whose map or heartbeat it prints. What bpftrace says about itself belongs to all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from bttop.engine.generation.generation import Generation
from bttop.model.record import line_repairs
from bttop.model.record.records import StampedLine
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.patterns import pattern
from bttop.script.rewrite.merge import MergedText, count_points, map_prefix

_MAP: Final = pattern(rb'\{"type": ?"[a-z]+", ?"data": ?\{"(@__bt_[a-z]_)')
_VALUE: Final = pattern(rb'\{"type": ?"value", ?"data": ?\[([0-9]+),')
_PROBES: Final = pattern(rb'\{"type": ?"attached_probes".*"probes": ?([0-9]+)')
_LINE: Final = pattern(rb'\{"type": ?"helper_error".*"line": ?([0-9]+)')
_ESCAPE: Final = b'{"type": "map", "data": {"@__bt_": "\\u0001"}}'
"""A record of a map that no plan has, with an escape: see `MergedProcess.split`."""


class MergedProcess:
    """The process of several generations, its parts. Engine thread only."""

    def __init__(self, id_: int, parts: Sequence[Generation], text: MergedText, release: Release) -> None:
        """`parts` in the order of the text."""
        self.id = id_
        """The tracer's number for it."""
        self.parts = tuple(parts)
        self.left: set[int] = set()
        """Ids of the parts that were told to stop, or have ended, while others run."""
        self.renewed: set[int] = set()
        """Ids of the parts whose programs were told to start anew without the others."""
        self.printed: dict[int, int] = dict.fromkeys([part.id for part in parts], 0)
        """Bytes of the lines of each part."""
        self.stops = False
        """Whether it was told to stop."""
        self.is_urgent = False
        """Whether it must be stopped before its programs run without the one that was stopped."""
        self.stop_by_ns = 0
        """When it must be stopped at the latest (CLOCK_BOOTTIME), because a program waits for that; 0 if none waits."""
        self._text = text
        self._traits = traits_of(release)
        self._probes = {part.id: count_points(part.candidate.prepared) for part in parts}
        self._attached: int | None = None
        self._has_escaped = False
        self._by_map = {map_prefix(index).encode(): part for index, part in enumerate(parts)}
        self._by_nonce = {b"%d" % part.plan.nonce: part for part in parts}

    @property
    def staying(self) -> tuple[Generation, ...]:
        """The parts that were not told to stop."""
        return tuple(part for part in self.parts if part.id not in self.left)

    @property
    def probes(self) -> int:
        """The number of its probes."""
        return self._text.probes

    @property
    def lacks_probes(self) -> bool:
        """Whether bpftrace counts another number of probes than the parts have."""
        return self._attached is not None and self._attached != self.probes

    def split(self, line: StampedLine) -> Iterator[tuple[Generation, StampedLine]]:
        """The line, or what it says to a part, as a line of each part that it belongs to.

        From 0.24 on, an escape in a line makes bpftrace print counts in hexadecimal in all later lines. So the parts
        that do not get the first such line get another one that tells them.
        """
        owner = self._owner(line)
        parts = self.parts if owner is None else (owner,)
        if owner is not None and self._escapes(line.data):
            self._has_escaped = True
            for other in self.parts:
                if other is not owner:
                    yield other, replace(line, generation=other.id, data=_ESCAPE)
        count = _PROBES.match(line.data)
        if count is not None:
            self._attached = int(count[1])
        for part in parts:
            data = line.data if count is None else self._share(part)
            self.printed[part.id] += len(data)
            yield part, replace(line, generation=part.id, data=data)

    def _share(self, part: Generation) -> bytes:
        return b'{"type": "attached_probes", "data": {"probes": %d}}' % self._probes[part.id]

    def _escapes(self, data: bytes) -> bool:
        if self._has_escaped or not self._traits.hexadecimal_after_escape:
            return False
        return line_repairs.escape_end(data) >= 0

    def _owner(self, line: StampedLine) -> Generation | None:
        """The part that has printed a line; None if it is about all."""
        if line.stream != "stdout":
            return None
        if (found := _MAP.match(line.data)) is not None:
            return self._by_map.get(found[1])
        if (found := _VALUE.match(line.data)) is not None:
            return self._by_nonce.get(found[1])
        return self._at_line(int(found[1])) if (found := _LINE.match(line.data)) is not None else None

    def _at_line(self, number: int) -> Generation | None:
        """The part that has a line of the text; None for the END block."""
        return next((part for part, last in zip(self.parts, self._text.ends, strict=True) if number <= last), None)


def merged_environment(environments: Sequence[Mapping[str, str]]) -> dict[str, str] | None:
    """The environment of one process for what needs these; None if they contradict each other."""
    found: dict[str, str] = {}
    for one in environments:
        if any(found.get(name, value) != value for name, value in one.items()):
            return None
        found.update(one)
    return found
