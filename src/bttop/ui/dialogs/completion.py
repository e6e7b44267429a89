"""Completion in the one-liner prompt: the kernel's probes, the words of bpftrace's language, the maps in the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bttop.engine.host.kernel.kernel_probes import KernelProbes
from bttop.model.record.release import Release
from bttop.script.language.words import complete
from bttop.ui.dialogs.input_bar import InputCompletions

SHOWN = 60
"""Maximum number of probes that are offered."""


def completer(kernel: KernelProbes, release: Release) -> Callable[[str, int], InputCompletions]:
    """A function for `InputQuestion.complete`: returns the words that fit at the cursor."""

    def probes(typed: str) -> Sequence[str]:
        found = kernel.search(typed, SHOWN)
        starting = [name for name in found if name.startswith(typed)]
        return starting or found

    def fields(point: str) -> Sequence[str]:
        return [argument.name for argument in kernel.arguments(point) or ()]

    def words(text: str, cursor: int) -> InputCompletions:
        found = complete(text, cursor, probes, release, fields)
        return InputCompletions(found.start, found.words)

    return words
