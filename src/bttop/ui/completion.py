"""Completion of the one-liner prompt: the kernel's probes, the words of bpftrace's language, the maps in the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bttop.engine.kernelprobes import KernelProbes
from bttop.model.release import Release
from bttop.script.words import complete
from bttop.ui.ask import Completions

SHOWN = 60
"""Probes that are offered at once."""


def completer(kernel: KernelProbes, release: Release) -> Callable[[str, int], Completions]:
    """Words that fit at the cursor, as `Question.complete` wants them."""

    def probes(typed: str) -> Sequence[str]:
        found = kernel.search(typed, SHOWN)
        starting = [name for name in found if name.startswith(typed)]
        return starting or found

    def fields(point: str) -> Sequence[str]:
        return [argument.name for argument in kernel.arguments(point) or ()]

    def words(text: str, cursor: int) -> Completions:
        found = complete(text, cursor, probes, release, fields)
        return Completions(found.start, found.words)

    return words
