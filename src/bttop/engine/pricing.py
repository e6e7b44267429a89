"""What hooks cost on this host: measured once for a session, when the first script wants such a hook.

The answer is kept in no file: there is nothing that root would have to trust, and nothing that a new kernel or a
machine that has moved would make wrong. A measurement takes 0.1 s of CPU and about a second, beside the compiler.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from bttop.engine.errands import Answer, Errands
from bttop.script.hooks import HookPrices
from bttop.script.reader import AttachPoint

GROUPS: Final[Mapping[str, str]] = {
    "uprobe": "user", "uretprobe": "user", "usdt": "user", "kprobe": "kernel", "kretprobe": "kernel"
}  # fmt: skip
"""What the timer measures for a provider."""
NO_PRIVILEGE: Final = "bttop's tracer has fewer rights than bpftrace, and cannot measure it"


class Pricing:
    """The prices that are known now. Engine thread only."""

    def __init__(self, machine: str, errands: Errands, command: Sequence[str] | None) -> None:
        """`command` starts the timer; None where it may not run."""
        self.prices = HookPrices(machine)
        self._errands = errands
        self._command = command
        self._asked: set[str] = set()

    def want(self, points: Iterable[AttachPoint]) -> None:
        """Have the hooks of attach points measured that were not yet."""
        for group in {GROUPS[point.provider] for point in points if point.provider in GROUPS} - self._asked:
            self._asked.add(group)
            if self._command is None:
                self._fail(group, NO_PRIVILEGE)
            else:
                errand = self._errands.run([*self._command, group])
                errand.answer.add_done_callback(partial(self._on_answer, group))

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
    """What the timer has said: one line. When it ended before (by its limit, or by a fault), that is the reason."""
    if output.endswith(b"\n"):
        return dict(json.loads(output))
    return {"reasons": dict.fromkeys(groups, f"the timer ended with exit code {code}")}
