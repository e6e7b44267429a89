"""The last flush of a run: what the script's END block prints.

bpftrace detaches all probes, runs END and then prints every map (0.14 to 0.27). A heartbeat at the end of END therefore
marks the time at which counting ended. The maps that END prints before it are the last, partial interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from bttop.script.flush_edits.flushes import bank_names, heartbeat, separator, ticks_of
from bttop.script.flush_edits.schemes import SchemeChoice
from bttop.script.language.edits import Edit
from bttop.script.language.reader import Probe, Script


class LastFlush(Struct, frozen=True):
    """The last flush of one interval block: the block's index in the plan, and what to print."""

    nonce: int
    block: int
    printed: tuple[str, ...]
    """Arguments of `print`, one text per call: the map's name, then the number of rows and the divisor if the script
    has them."""

    @property
    def statements(self) -> str:
        """The statements. They clear each map, because bpftrace would print it once more after END."""
        prints = "".join(f"print({one}); clear({one.partition(',')[0]}); " for one in self.printed)
        return f"{ticks_of(self.block)}++; {prints}{heartbeat(self.nonce, self.block, is_last=True)}"


def last_prints(choices: Sequence[SchemeChoice]) -> tuple[str, ...]:
    """What the last flush of the maps that bttop prints has, without those that the script prints in END: both banks,
    because either can hold data if a tick did not print."""
    banks = bank_names(choices)
    names = [choice.use.name for choice in choices if not choice.printed_at_end]
    return tuple(bank for name in names for bank in banks.get(name, (name,)))


def can_end(script: Script) -> bool:
    """Whether the last statement of END is always reached, and only at the end."""
    probe = _end_probe(script)
    if probe is None:
        return True
    words = {token.text for token in script.significant(*probe.block)}
    return not probe.predicate and "return" not in words and len(probe.points) == 1


def ending_edits(script: Script, flushes: Sequence[LastFlush]) -> Iterator[Edit]:
    """The edits that add the last flushes to the script's own END block: bpftrace up to 0.23 allows only one END."""
    probe = _end_probe(script)
    if probe is not None and flushes:
        text = " ".join(one.statements for one in flushes)
        yield Edit(script.tokens[probe.block[1]].start, f"{separator(script, probe)} {text} ")


def end_block(script: Script, flushes: Sequence[LastFlush]) -> str:
    """The END block to append; empty if the script has one or there are no flushes."""
    if _end_probe(script) is not None or not flushes:
        return ""
    return f" END {{ {' '.join(one.statements for one in flushes)} }}"


def _end_probe(script: Script) -> Probe | None:
    found = [probe for probe in script.probes if probe.has("end")]
    return found[-1] if found else None
