"""The last flush of a run: what the script's END block prints.

bpftrace detaches all probes, runs END and then prints every map (0.14 to 0.27). A heartbeat at the end of END therefore
says when counting ended, and the maps that are printed before it are the part of an interval that was left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bttop.script.edits import Edit
from bttop.script.flushes import TICKS, bank_names, heartbeat, separator
from bttop.script.reader import Probe, Script
from bttop.script.schemes import Choice


class LastFlush(NamedTuple):
    """What ends the flushes of one interval block: its mark, its map of ticks, and what to print."""

    mark: str
    ticks: str
    printed: tuple[str, ...]
    """Each as `print` takes it: the name, and the number of rows and the divisor where the script gives them."""

    @property
    def statements(self) -> str:
        """The statements. Each map is cleared, or bpftrace would print it once more after END."""
        prints = "".join(f"print({one}); clear({one.partition(',')[0]}); " for one in self.printed)
        return f"{self.ticks}++; {prints}{heartbeat(self.mark, self.ticks, is_last=True)}"


def last_flush(choices: Sequence[Choice]) -> LastFlush:
    """The last flush of maps that bttop prints: both banks, since ticks without a print may have changed them."""
    banks = bank_names(choices)
    names = [name for choice in choices for name in banks.get(choice.use.name, (choice.use.name,))]
    return LastFlush("a", TICKS, tuple(names))


def can_end(script: Script) -> bool:
    """Whether the last statement of END is always reached."""
    probe = _end_probe(script)
    if probe is None:
        return True
    words = {token.text for token in script.significant(*probe.block)}
    return not probe.predicate and "return" not in words


def ending_edits(script: Script, flushes: Sequence[LastFlush]) -> Iterator[Edit]:
    """The last flushes at the end of the script's own END block, which may be only one up to 0.23."""
    probe = _end_probe(script)
    if probe is not None and flushes:
        text = " ".join(one.statements for one in flushes)
        yield Edit(script.tokens[probe.block[1]].start, f"{separator(script, probe)} {text} ")


def end_block(script: Script, flushes: Sequence[LastFlush]) -> str:
    """The END block to append; empty where the script has one."""
    if _end_probe(script) is not None or not flushes:
        return ""
    return f" END {{ {' '.join(one.statements for one in flushes)} }}"


def _end_probe(script: Script) -> Probe | None:
    found = [probe for probe in script.probes if probe.has("end")]
    return found[-1] if found else None
