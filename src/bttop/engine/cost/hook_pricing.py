"""What hooks cost on this host: measured once per session, when the first script uses such a hook.

The result is not stored: root would have to trust the file, and a new kernel or a migrated machine would make it wrong.
A measurement takes 0.1 s of CPU and about a second, while bpftrace compiles.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bttop.engine.tracer.bpftrace_queries import Answer, BpftraceQueries
from bttop.script.cost.hook_costs import HookPrices
from bttop.script.language.reader import AttachPoint

if TYPE_CHECKING:
    from concurrent.futures import Future

GROUPS: Final[Mapping[str, str]] = {
    "uprobe": "user", "uretprobe": "user", "usdt": "user", "kprobe": "kernel", "kretprobe": "kernel"
}  # fmt: skip
"""The group that the timer measures, by provider."""
NO_PRIVILEGE: Final = "bttop's tracer has fewer rights than bpftrace, and cannot measure it"


class HookPricing:
    """The hook prices known so far. Engine thread only."""

    def __init__(self, machine: str, queries: BpftraceQueries, command: Sequence[str] | None) -> None:
        """`command` starts the timer; None if it cannot be run."""
        self.prices = HookPrices(machine)
        self._queries = queries
        self._command = command
        self._asked: set[str] = set()

    def want(self, points: Iterable[AttachPoint]) -> None:
        """Measure the hooks of these attach points, unless that was already requested."""
        for group in {GROUPS[point.provider] for point in points if point.provider in GROUPS} - self._asked:
            self._asked.add(group)
            if self._command is None:
                self._fail(group, NO_PRIVILEGE)
            else:
                query = self._queries.run([*self._command, group])
                query.answer.add_done_callback(partial(self._on_answer, group))

    def _on_answer(self, group: str, future: Future[Answer]) -> None:
        if future.cancelled():
            return
        problem = future.exception()
        if problem is not None:
            self._fail(group, str(problem))
            return
        said = future.result()
        self.prices = self.prices.plus(read_answer(said.output(), said.code, [group]))

    def _fail(self, group: str, reason: str) -> None:
        self.prices = self.prices.plus({"reasons": {group: reason}})


def read_answer(output: bytes, code: int | None, groups: Iterable[str]) -> dict[str, Any]:
    """Parse the timer's answer, one line. If it ended without one (its limit, or a fault), return that as reason."""
    if output.endswith(b"\n"):
        return dict(json.loads(output))
    return {"reasons": dict.fromkeys(groups, f"the timer ended with exit code {code}")}
