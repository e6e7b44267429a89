"""The interval blocks that end a flush with a heartbeat: the script's own ones that print maps, and bttop's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from bttop.script.flush_edits.flushes import flush_statements, letters, separator
from bttop.script.flush_edits.last_flush import LastFlush, last_prints
from bttop.script.flush_edits.occasions import is_periodic, occasion_of
from bttop.script.flush_edits.schemes import SchemeChoice
from bttop.script.language.edits import Edit
from bttop.script.language.periods import period_ns
from bttop.script.language.reader import Probe, Script
from bttop.script.language.survey import Call, ScriptSurvey


class Block(Struct, frozen=True):
    """One interval block that ends a flush."""

    nonce: int
    """Of its heartbeats."""
    number: int
    """Its index in the plan; bttop's own prints are always in the first one."""
    probe: int | None
    """Index of the script's probe; None if bttop appends the block."""
    period_ns: int
    """0 if it is unknown."""
    calls: tuple[Call, ...] = ()
    """The script's own prints of whole maps."""
    choices: tuple[SchemeChoice, ...] = ()
    """What bttop prints in addition."""

    @property
    def mark(self) -> str:
        """The mark of its flushes: a, b …"""
        return letters(self.number)

    @property
    def statements(self) -> str:
        """The statements that bttop adds to it."""
        return flush_statements(self.choices, self.nonce, self.number)

    @property
    def last_flush(self) -> LastFlush:
        own = (_printed(call) for call in self.calls)
        return LastFlush(self.nonce, self.number, tuple(dict.fromkeys((*own, *last_prints(self.choices)))))


def find_blocks(
    script: Script, seen: ScriptSurvey, choices: tuple[SchemeChoice, ...], interval_ns: int, nonce: int
) -> tuple[Block, ...]:
    """The blocks that end the flushes of a script; that with bttop's own prints comes first.

    A script that prints only text in its intervals has the flushes of these intervals. If bttop prints maps and the
    script has an interval of the same length, its block prints them: two blocks of one period lose ticks independently.
    """
    calls = _periodic_calls(script, seen)
    if not calls and not choices:
        calls = dict.fromkeys(_writing_intervals(script, seen), ())
    host = _host(script, list(calls), interval_ns) if choices else None
    mine = [] if calls and not choices else [host]
    own = [index for index in calls if index != host]
    return tuple(
        Block(
            nonce,
            number,
            probe,
            interval_ns if probe is None else _period(script.probes[probe]),
            calls.get(probe, ()) if probe is not None else (),
            choices if mine and not number else (),
        )
        for number, probe in enumerate([*mine, *own])
    )


def block_edits(script: Script, blocks: Sequence[Block]) -> Iterator[Edit]:
    """The edits that add bttop's statements to the end of the script's own blocks."""
    for block in blocks:
        if block.probe is not None:
            probe = script.probes[block.probe]
            yield Edit(script.tokens[probe.block[1]].start, f"{separator(script, probe)} {block.statements} ")


def appended_block(blocks: Sequence[Block], interval_ms: int) -> str:
    """The interval block to append; empty if the script's own blocks do everything."""
    unit = f"s:{interval_ms // 1000}" if interval_ms % 1000 == 0 else f"ms:{interval_ms}"
    found = (f"interval:{unit} {{ {block.statements} }}" for block in blocks if block.probe is None)
    return next(found, "")


def _periodic_calls(script: Script, seen: ScriptSurvey) -> dict[int, tuple[Call, ...]]:
    """The prints of whole maps in interval blocks, by probe."""
    calls = [call for use in seen.maps.values() for call in use.calls if call.verb == "print"]
    periodic = [call for call in calls if is_periodic(script, call)]
    return {
        index: tuple(call for call in periodic if call.probe == index)
        for index in sorted({call.probe for call in periodic})
    }


def _writing_intervals(script: Script, seen: ScriptSurvey) -> list[int]:
    """Indices of the interval probes that print anything."""
    return [index for index in sorted(seen.writing_probes) if script.probes[index].has("interval")]


def _host(script: Script, printing: list[int], interval_ns: int) -> int | None:
    """The script's own block in which bttop can print at each interval; None if there is none. One that prints itself
    is preferred."""
    every = [*printing, *range(len(script.probes))]
    return next((one for one in every if _fits(script, script.probes[one], interval_ns)), None)


def _fits(script: Script, probe: Probe, interval_ns: int) -> bool:
    """Whether a block is executed to its end once in each interval."""
    words = {token.text for token in script.significant(*probe.block)}
    is_simple = len(probe.points) == 1 and not probe.predicate and words.isdisjoint({"return", "exit"})
    return is_simple and occasion_of(script, probe) == "interval" and _period(probe) == interval_ns


def _period(probe: Probe) -> int:
    """The longest period of a block; 0 if one is unknown: a heartbeat is late only if even this one has passed."""
    found = [period_ns(point) for point in probe.points if point.provider == "interval"]
    return max(found) if all(found) else 0


def _printed(call: Call) -> str:
    """The arguments of a print: `@x`, or `@x,5,1000`."""
    return "".join(token.text for token in call.tokens[2:-1])
