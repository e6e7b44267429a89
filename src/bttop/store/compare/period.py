"""What all programs counted in a part of a session, for comparisons: the baseline, and what is compared with it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from bttop.model.flush.by_function import FrameNamer
from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.format.floats import as_float
from bttop.model.history.span import TimeSpan
from bttop.model.history.timeline import Timeline
from bttop.model.record.records import Bucket, Stamp, Stats, Value
from bttop.model.record.values import MapKind
from bttop.store.compare.groups import GroupTotals
from bttop.store.compare.totals import HandOver, MapTotals, StretchTotals

T = TypeVar("T")

_KINDS: Final[Mapping[str, MapKind]] = {"hist": "hist", "lhist": "hist", "stats": "stats", "avg": "stats"}


class Counted(Struct, frozen=True):
    """What the flushes of one generation count. Two that differ in script or pin are not added up."""

    script: str = ""
    """The text of the script."""
    pin: str = ""
    """The pin as text; empty without one."""
    order: tuple[str, ...] = ()
    """The maps, the most important first."""


class ProgramSource(Struct, frozen=True):
    """One program of a session."""

    name: str
    timeline: Timeline
    counted: Callable[[Flush], Counted]
    """What a flush counts; asked once for each generation."""
    namer: FrameNamer | None = None


class ProgramPeriod(Struct):
    """What one program counted in a period."""

    name: str
    counted: Counted = Counted()
    totals: StretchTotals = field(default_factory=StretchTotals)
    groups: GroupTotals = field(default_factory=GroupTotals)
    flushes: int = 0
    begin_ns: int = 0
    """Begin of the first flush."""
    _scaled: dict[str, tuple[float, MapData]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Observed time; 0 without a flush."""
        return max([one.totals.seconds for one in self.groups.maps.values()], default=0.0)

    def data(self, name: str, seconds: float) -> MapData | None:
        """A map as a flush of this length would have it; None if the period has no such map, or if its values do not
        grow with time."""
        totals = self.totals.maps.get(name)
        if totals is None or not totals.is_additive or totals.seconds <= 0:
            return None
        # To the hundredth: the lengths of flushes differ by less, and scaling thousands of rows takes milliseconds.
        length = round(seconds, 2)
        known = self._scaled.get(name)
        if known is None or known[0] != length:
            known = self._scaled[name] = (length, _as_flush(totals, length))
        return known[1]


class Period(Struct, frozen=True):
    """What all programs of a session counted in (begin, end]."""

    label: str
    """How the user named it, such as `the last minute`."""
    host: str
    file: str
    """The name of the recording; empty for a running session."""
    begin: Stamp
    """Of the first flush, if that began later than the time that was asked for."""
    end: Stamp
    programs: tuple[ProgramPeriod, ...] = ()
    problems: tuple[str, ...] = ()
    """What could not be read of the recording, in sentences."""

    @property
    def seconds(self) -> float:
        """The longest observed time of any program."""
        return max([one.seconds for one in self.programs], default=0.0)


PeriodReading: TypeAlias = Generator[None, None, Period]
"""Reads a period; yields after each flush, so that a screen can do something else in between. Returns the period."""


def read_period(empty: Period, sources: Sequence[ProgramSource]) -> PeriodReading:
    """Fill a period without programs with the flushes of these ones."""
    programs: list[ProgramPeriod] = []
    for source in sources:
        programs.append((yield from _read_program(empty, source)))
    late_ns = min([one.begin_ns for one in programs if one.flushes], default=0) - empty.begin.boot_ns
    begin = Stamp(*(clock + max(0, late_ns) for clock in empty.begin))
    return replace(empty, begin=begin, programs=tuple(programs))


def _read_program(empty: Period, source: ProgramSource) -> Generator[None, None, ProgramPeriod]:
    """Read one program. If its script or its pin changes, only the flushes since then count."""
    program, generation, hand_over = ProgramPeriod(source.name), 0, HandOver()
    for flush in TimeSpan(empty.begin.boot_ns, empty.end.boot_ns).flushes(source.timeline):
        if flush.generation > generation:
            generation, counted = flush.generation, source.counted(flush)
            if (counted.script, counted.pin) != (program.counted.script, program.counted.pin):
                program, hand_over = ProgramPeriod(source.name, counted), HandOver()
        if flush.generation == generation:
            program.flushes += 1
            program.begin_ns = program.begin_ns or flush.start_ns
            program.totals.add(flush)
            program.groups.add(flush, hand_over.new_share(flush), source.namer)
        yield
    return program


def finished(reading: Generator[None, None, T]) -> T:
    """Read everything at once."""
    while True:
        try:
            next(reading)
        except StopIteration as end:
            found: T = end.value
            return found


def _as_flush(totals: MapTotals, seconds: float) -> MapData:
    part = seconds / totals.seconds
    rows = {key: _part(total.value, part) for key, total in totals.rows.items()}
    return MapData(totals.plan, _KINDS.get(totals.plan.aggregation, "map"), rows)


def _part(value: Value, part: float) -> Value:
    """A part of a value. A plain number is not rounded; the counts of stats and histograms are whole numbers."""
    if isinstance(value, Stats):
        return Stats(round(as_float(value.count) * part), value.average, round(as_float(value.total) * part))
    if isinstance(value, tuple):
        return _part_of_buckets([one for one in value if isinstance(one, Bucket)], part)
    return as_float(value) * part if isinstance(value, int | float) and not isinstance(value, bool) else value


def _part_of_buckets(found: Sequence[Bucket], part: float) -> tuple[Bucket, ...]:
    """A part of a histogram. The counts are rounded so that all of them up to any bucket together are off by less than
    one. Rounding each by itself would lose the buckets of rare values, and with them the percentiles."""
    ends = [0, *(round(one * part) for one in accumulate(as_float(bucket.count) for bucket in found))]
    return tuple(
        [Bucket(one.low, one.high, end - begin) for one, (begin, end) in zip(found, pairwise(ends), strict=True)]
    )
