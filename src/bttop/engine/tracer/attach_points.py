"""Counts the probes that each attach point matches on this host, by `bpftrace -l`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from bttop.engine.host.host import Bpftrace
from bttop.engine.tracer.bpftrace_queries import Answer, BpftraceQueries
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.language.reader import AttachPoint

if TYPE_CHECKING:
    from concurrent.futures import Future

_LISTED: Final = frozenset(
    {"tracepoint", "rawtracepoint", "kprobe", "kretprobe", "fentry", "fexit", "uprobe", "uretprobe", "usdt"}
)

Told: TypeAlias = Callable[[Mapping[str, int], int], None]
"""Receives the number of probes by attach point text (only known ones), and the time (CLOCK_BOOTTIME, ns)."""


class AttachPointList:
    """The running listings. Engine thread only; each call of `ask` runs one bpftrace at a time."""

    def __init__(self, queries: BpftraceQueries, bpftrace: Bpftrace, clock: Callable[[], int]) -> None:
        self._queries = queries
        self._bpftrace = bpftrace
        self._clock = clock

    def ask(self, points: Iterable[AttachPoint], told: Told) -> None:
        """List attach points; `told` is called once, also if bpftrace gives no answer."""
        self._go_on(deque(one for one in points if can_list(one, self._bpftrace.release)), {}, told)

    def _go_on(self, left: deque[AttachPoint], found: dict[str, int], told: Told) -> None:
        if not left:
            told(found, self._clock())
            return
        point = left.popleft()

        def on_answer(future: Future[Answer]) -> None:
            number = _listed(future)
            self._go_on(left, found if number is None else found | {point.text: number}, told)

        query = self._queries.run([self._bpftrace.path, "-l", *_search(point, self._bpftrace.release)])
        query.answer.add_done_callback(on_answer)


def can_list(point: AttachPoint, release: Release) -> bool:
    """Whether `bpftrace -l` can list an attach point: from 0.24 it does not find every raw tracepoint (0.27)."""
    return point.provider in _LISTED and (point.provider != "rawtracepoint" or traits_of(release).lists_raw_tracepoints)


def _search(point: AttachPoint, release: Release) -> list[str]:
    """The arguments after `-l`. From 0.24 a search supports neither library names nor quoted paths nor USDT probes
    without a provider, so a program is listed: its attach points are resolved as at its start. The setting is part of
    the text because sudo may drop the environment."""
    if not traits_of(release).missing_is_error:
        return [point.text]
    return ["-e", f'config = {{ missing_probes = "ignore" }} {point.text} {{ }}']


def _listed(future: Future[Answer]) -> int | None:
    """The number of probes in an answer, a lower bound if it was cut; None if the query failed."""
    if future.cancelled() or future.exception() is not None:
        return None
    answer = future.result()
    return sum(bool(line) for line in answer.output().split(b"\n")) if answer.code in (0, None) else None
