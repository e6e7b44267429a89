"""Asks bpftrace to list attach points: how many probes each of them stands for here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Final, TypeAlias

from bttop.engine.errands import Answer, Errands
from bttop.engine.host import Bpftrace
from bttop.model.release import Release
from bttop.script.reader import AttachPoint

_LISTED: Final = frozenset(
    {"tracepoint", "rawtracepoint", "kprobe", "kretprobe", "fentry", "fexit", "uprobe", "uretprobe", "usdt"}
)

Told: TypeAlias = Callable[[Mapping[str, int], int], None]
"""Gets the number of probes by the text of the attach point, where it is known, and the time on CLOCK_BOOTTIME."""


class PointList:
    """The listings that are under way. Engine thread only; one bpftrace at a time for each question."""

    def __init__(self, errands: Errands, bpftrace: Bpftrace, clock: Callable[[], int]) -> None:
        self._errands = errands
        self._bpftrace = bpftrace
        self._clock = clock

    def ask(self, points: Iterable[AttachPoint], told: Told) -> None:
        """Have attach points listed; `told` is called once, also where bpftrace gives no answer."""
        self._go_on(deque(one for one in points if can_list(one, self._bpftrace.release)), {}, told)

    def _go_on(self, left: deque[AttachPoint], found: dict[str, int], told: Told) -> None:
        if not left:
            told(found, self._clock())
            return
        point = left.popleft()

        def on_answer(future: Future[Answer]) -> None:
            number = _listed(future)
            self._go_on(left, found if number is None else found | {point.text: number}, told)

        errand = self._errands.run([self._bpftrace.path, "-l", *_search(point, self._bpftrace.release)])
        errand.answer.add_done_callback(on_answer)


def can_list(point: AttachPoint, release: Release) -> bool:
    """Whether `bpftrace -l` tells of an attach point: from 0.24 it does not find every raw tracepoint (0.27)."""
    return point.provider in _LISTED and not (point.provider == "rawtracepoint" and release >= (0, 24))


def _search(point: AttachPoint, release: Release) -> list[str]:
    """What to list. From 0.24 a search knows neither libraries by name nor paths in quotes nor USDT probes without a
    provider; the attach points of a program are found as they are at its start. The setting stands in the text, since
    sudo may drop the environment."""
    if release < (0, 24):
        return [point.text]
    return ["-e", f'config = {{ missing_probes = "ignore" }} {point.text} {{ }}']


def _listed(future: Future[Answer]) -> int | None:
    """How many probes an answer lists; None where it is none. An answer that is cut lists at least so many."""
    if future.cancelled() or future.exception() is not None:
        return None
    answer = future.result()
    return sum(bool(line) for line in answer.output().split(b"\n")) if answer.code in (0, None) else None
