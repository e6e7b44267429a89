"""Asks bpftrace whether attach points exist, and keeps those that are not answered yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bttop.engine.generation.generation import Generation
from bttop.engine.tracer.attach_points import Told
from bttop.script.language.reader import AttachPoint


class HookCheck:
    """The attach point queries of one program. Engine thread only; `unchecked` may be read from any thread."""

    def __init__(
        self,
        list_points: Callable[[tuple[AttachPoint, ...], Told], None],
        answered: Callable[[Generation, int], None],
    ) -> None:
        """`list_points` has bpftrace list attach points; `answered` is called with the generation and the time."""
        self._list_points = list_points
        self._answered = answered
        self._unchecked: Mapping[int, tuple[str, ...]] = {}

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Attach points without an answer; it never comes if bpftrace has ended."""
        return tuple(point for points in self._unchecked.values() for point in points)

    def ask(self, generation: Generation) -> None:
        """Ask about the attach points for which neither a message nor bpftrace's count is enough."""
        points = generation.attachment.to_list()
        if points:
            self._unchecked = {**self._unchecked, generation.number: tuple(point.text for point in points)}
            self._list_points(points, partial(self._on_listed, generation))

    def _on_listed(self, generation: Generation, found: Mapping[str, int], now: int) -> None:
        generation.attachment.listed(found)
        self._answered(generation, now)

    def settle(self, generation: Generation, living: Sequence[Generation]) -> None:
        """Remove the answered attach points, unless all generations have ended or were told to stop: then it is too
        late for a badge."""
        if not all(one.doomed for one in living):
            self._unchecked = {number: one for number, one in self._unchecked.items() if number != generation.number}
