"""Build flushes from the records of one bpftrace process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter

from bttop.model.flush.contents import MapData, Origin, contents
from bttop.model.flush.find_caveats import Caveat, ClockWatch, Skips, caveats_of
from bttop.model.flush.flush import Flush, LossCounts
from bttop.model.flush.heartbeat import HeartbeatStep, HeartbeatTrack
from bttop.model.flush.pending import Kept, KeptMap, Pending
from bttop.model.plan import Plan
from bttop.model.record.decode import RESERVED, DecodedLine
from bttop.model.record.records import (
    AttachedProbes,
    Detaching,
    Heartbeat,
    HelperError,
    LostEvents,
    MapRecord,
    Oversized,
    Printed,
    Ready,
    Record,
    Skipped,
    Stamp,
    Undecodable,
)
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of

QUIET_NS = 200_000_000
"""Without heartbeats, a flush ends after this time without a record."""

FOREIGN_CLOCK_NS = 600_000_000_000
"""If a heartbeat seems to take longer than this to arrive, its time is not from CLOCK_BOOTTIME: kernels before 5.7 do
not give bpftrace this clock, and the clock that they give stops while the machine sleeps."""

MOST_AHEAD_NS = 1 << 58
"""How far a heartbeat may be ahead of its arrival: 9 years. It is before it, but for the clock of a time namespace."""
DEFAULT_KEY_LIMIT = 4096
"""`max_map_keys` of every bpftrace release."""

MOST_OTHERS = 64
"""Most maps without a plan that are shown empty when they were not printed: each damaged line can add a new name."""

_NOTHING = LossCounts()


class FlushAssembler:
    """Groups the records of one bpftrace process into flushes.

    With heartbeats in the plan, each heartbeat closes a flush; without them, records are grouped by arrival time.
    """

    def __init__(
        self,
        plan: Plan,
        generation: int,
        *,
        release: Release,
        ready_ns: int | None = None,
        key_limit: int = DEFAULT_KEY_LIMIT,
    ) -> None:
        """`ready_ns` is the time when all probes were attached, if known before the `Ready` record; `key_limit` is
        bpftrace's `max_map_keys` for this process, 0 if unknown."""
        self._plan = plan
        self._origin = Origin(release, plan)
        self._generation = generation
        self._ready_ns = ready_ns or 0
        self._announced_ns = 0
        """When bpftrace reported its number of probes; up to 0.23 no probe is attached at that time."""
        self._detaching_ns = 0
        """When the process was told to detach; 0 before that."""
        self._last_marks: set[str] = set()
        """Marks of the last heartbeats that arrived; if there is any, the program has stopped counting."""
        self._is_last = False
        """Whether a last heartbeat closes the current flush."""
        self._key_limit = key_limit
        self._has_banks = any(one.scheme == "bank" for one in plan.maps.values())
        self._counts: Counter[str] = Counter()
        self._lost_total = 0
        self._skips = Skips()
        self._caveats: set[Caveat] = set()
        self._clocks = ClockWatch()
        self._pending = Pending()
        self._tracks: dict[str, HeartbeatTrack] = {}
        self._names: dict[str, set[str]] = {}
        self._before: dict[str, KeptMap] = {}
        self._untimed_number = 0
        self._untimed_end_ns = 0

    @property
    def tally(self) -> LossCounts:
        """The current counters."""
        return LossCounts(**self._counts) if self._counts else _NOTHING

    def feed(self, decoded: DecodedLine) -> Flush | None:
        """Take the next line; return the flush that it completes, if any. Accepts every line."""
        line, record, hexadecimal = decoded
        self._watch(record, line.stamp)
        if self.is_over and isinstance(record, MapRecord | Printed | Heartbeat):
            return None  # bpftrace prints every map once more when it ends
        match record:
            case Heartbeat():
                return self._beat(record, Kept(line, record, hexadecimal))
            case MapRecord():
                return self._add_map(record, KeptMap(line, record, hexadecimal))
            case Printed():
                return self._add_printed(record, Kept(line, record, hexadecimal))
            case Ready():
                self._ready_ns = self._ready_ns or record.stamp.boot_ns
            case AttachedProbes():
                self._announce(record.stamp.boot_ns)
            case LostEvents():
                self._lose_events(record.events)
            case Skipped():
                return self._skip(record)
            case HelperError():
                self._count_helper_error(record)
            case Undecodable() | Oversized():
                self._note("oversized" if isinstance(record, Oversized) else "undecodable", 1, Caveat.DAMAGED)
        return None

    def _watch(self, record: Record, stamp: Stamp) -> None:
        if self._clocks.stepped(stamp):
            self._caveats.add(Caveat.CLOCK_STEP)
        if isinstance(record, Detaching):
            self._detaching_ns = self._detaching_ns or stamp.boot_ns

    @property
    def is_over(self) -> bool:
        """Whether the last flush has been closed."""
        return bool(self._last_marks) and self._last_marks.issuperset(self._plan.heartbeats)

    def _announce(self, boot_ns: int) -> None:
        if traits_of(self._origin.release).attached_after:
            self._ready_ns = self._ready_ns or boot_ns
        self._announced_ns = self._announced_ns or boot_ns

    def due(self, now_boot_ns: int) -> Flush | None:
        """Return the flush that is complete at `now_boot_ns` without a further record, if any. Call it a few times per
        interval."""
        pending = self._pending
        if pending.is_empty:
            return None
        age = now_boot_ns - pending.first_ns
        may_wait = pending.has_maps or (self._plan.heartbeats and self._plan.maps)
        if self._plan.heartbeats:
            # Only text of a script without maps. A punctual heartbeat arrives within the extra quarter of the interval.
            return None if may_wait or age * 4 < self._plan.interval_ns * 5 else self._close_untimed()
        is_quiet = now_boot_ns - pending.last.boot_ns >= QUIET_NS
        return self._close_untimed() if is_quiet or (age >= self._plan.interval_ns and not may_wait) else None

    def end(self, now_boot_ns: int) -> Flush | None:
        """Return the flush of what an ended process printed after its last flush, if no last heartbeat closed it.

        bpftrace prints every map when it ends; maps outside the plan (the script's own state) are left out, as in any
        other flush. The length is taken from arrival times, because nothing reports when the process stopped counting.
        """
        if self.is_over:
            return None
        self._last_marks.update(self._plan.heartbeats or ("",))
        if not self._plan.heartbeats:
            return self.due(now_boot_ns)
        self._pending.keep_maps(lambda name: self._plan.logical(name) in self._plan.maps)
        if not self._pending.has_maps:
            return None if self._pending.is_empty else self._close_untimed()
        mark, last = self._plan.heartbeats[0], self._pending.last
        self._caveats.add(Caveat.UNTIMED)
        return self._close_timed(mark, self._track(mark).number + 1, last.boot_ns, last)

    def _note(self, counter: str, amount: int, caveat: Caveat) -> None:
        """Add a loss to its counter and, if it is above zero, its caveat to the flush."""
        if amount > 0:
            self._counts[counter] += amount
            self._caveats.add(caveat)

    def _lose_events(self, events: int) -> None:
        lost = events
        if traits_of(self._origin.release).lost_is_total:
            lost, self._lost_total = events - self._lost_total, events
        self._note("lost_events", lost, Caveat.LOST_EVENTS)

    def _skip(self, record: Skipped) -> Flush | None:
        """Count skipped events: they belong to the lines that arrive with the record and follow it."""
        closed = self.due(record.stamp.boot_ns)
        self._note("skipped", record.events, Caveat.SKIPPED)
        self._skips = self._skips.plus(record)
        return closed

    def _count_helper_error(self, error: HelperError) -> None:
        self._counts["helper_errors"] += 1
        if error.map_full:
            self._note("map_full", 1, Caveat.MAP_FULL)
        elif error.lost_update:
            self._note("lost_updates", 1, Caveat.LOST_UPDATES)

    def _add_map(self, record: MapRecord, kept: KeptMap) -> Flush | None:
        if record.name.startswith(RESERVED) and record.name not in self._plan.aliases:
            return None
        closed = self._close_before_map(record)
        if not self._pending.add_map(kept):
            self._note("dropped", 1, Caveat.TRUNCATED)
        return closed

    def _add_printed(self, record: Printed, kept: Kept) -> Flush | None:
        closed = self.due(record.stamp.boot_ns)
        self._note("dropped", not self._pending.add_printed(kept), Caveat.TRUNCATED)
        return closed

    def _close_before_map(self, record: MapRecord) -> Flush | None:
        """Close the open flush if the map cannot belong to it."""
        if not self._pending.has_maps and self._plan.heartbeats:
            return None
        name = self._plan.logical(record.name)
        printed_as = {one.record.name for one in self._pending.maps() if self._plan.logical(one.record.name) == name}
        if not self._plan.heartbeats:
            return self._close_untimed() if printed_as else self.due(record.stamp.boot_ns)
        if not printed_as - {record.name}:
            return None
        # The open flush holds the other bank: the heartbeat between them was lost. At the end of a run and after a
        # stall both banks arrive at once; then they are one flush.
        apart = record.stamp.boot_ns - self._pending.last.boot_ns
        is_apart = apart * 2 >= self._plan.period_ns(self._plan.heartbeats[0]) and not self._detaching_ns
        return self._close_without_beat() if is_apart else None

    def _track(self, mark: str) -> HeartbeatTrack:
        if mark not in self._tracks:
            self._tracks[mark] = HeartbeatTrack(self._plan.period_ns(mark), learns=not self._plan.knows_period(mark))
        return self._tracks[mark]

    def _beat(self, beat: Heartbeat, kept: Kept) -> Flush | None:
        if 0 < self._detaching_ns < beat.nsecs and not beat.is_last:
            # Ticks continue while probes are detached, and are printed afterwards: the last flush holds all of it.
            self._pending.settle(self._plan.is_cleared)
            return None
        is_future = beat.nsecs - beat.stamp.boot_ns > MOST_AHEAD_NS
        if is_future or self._track(beat.mark).is_past(beat.number, beat.nsecs):
            self._note("undecodable", 1, Caveat.DAMAGED)
            return None
        self._pending.close_with(kept)
        self._is_last = beat.is_last
        if beat.is_last:
            self._last_marks.add(beat.mark)
        return self._close_timed(beat.mark, beat.number, beat.nsecs, beat.stamp)

    def _close_without_beat(self) -> Flush:
        """Close a flush whose heartbeat was lost, at the time when it was due."""
        mark = self._plan.heartbeats[0]
        track = self._track(mark)
        last = self._pending.last
        self._note("lost_messages", 1, Caveat.LOST_MESSAGES)
        end_ns = min(track.next_ns or last.boot_ns, last.boot_ns)
        return self._close_timed(mark, track.number + 1, end_ns, last)

    def _close_timed(self, mark: str, number: int, end_ns: int, stamp: Stamp) -> Flush:
        step = self._track(mark).beat(number, end_ns)
        if self._last_marks:
            # Ticks continue while the probes are detached, and END prints what they would print.
            step = HeartbeatStep(step.nanoseconds, 0, 0)
        self._note("lost_messages", step.lost_messages, Caveat.LOST_MESSAGES)
        start_ns = self._timed_start(mark, step, end_ns)
        is_known = not self._last_marks and Caveat.UNTIMED not in self._caveats
        lost_ticks = self._track(mark).lost_since(start_ns, step) if is_known else step.lost_ticks
        self._note("lost_ticks", lost_ticks, Caveat.LOST_TICKS)
        lag_ns = max(0, stamp.boot_ns - end_ns)
        if lag_ns > FOREIGN_CLOCK_NS:
            lag_ns = 0
        has_banks = self._has_banks and mark == self._plan.heartbeats[0]
        if has_banks and lag_ns > self._plan.period_ns(mark) and not self._last_marks:
            self._note("late", 1, Caveat.LATE)
        return self._close(
            mark=mark,
            number=number,
            start_ns=start_ns,
            end_ns=end_ns,
            wall_ns=max(0, stamp.wall_ns - lag_ns),
            lost_ticks=lost_ticks,
            lag_ns=lag_ns,
        )

    def _timed_start(self, mark: str, step: HeartbeatStep, end_ns: int) -> int:
        if not step.nanoseconds:
            start_ns = self._first_start(end_ns, self._plan.period_ns(mark))
        elif step.lost_messages and self._plan.maps and self._plan.has_banks_only:
            # The banks of the lost flushes are lost too: the data covers as many intervals as banks arrived.
            banks = min(self._banks_at_hand(), step.lost_messages + 1)
            start_ns = end_ns - step.nanoseconds * banks // (step.lost_messages + 1)
        else:
            start_ns = end_ns - step.nanoseconds
        return self._untimed_end_ns if start_ns < self._untimed_end_ns < end_ns else start_ns

    def _banks_at_hand(self) -> int:
        """How many banks of one map the open flush holds; 1 if it holds no map."""
        names = [self._plan.logical(one.record.name) for one in self._pending.maps()]
        return max(Counter(names).values(), default=1)

    def _first_start(self, end_ns: int, period_ns: int) -> int:
        """When the first flush began: at the attach, if that time is known; otherwise the length is approximate."""
        nominal = end_ns - period_ns
        if not 0 < self._ready_ns < end_ns:
            self._caveats.add(Caveat.UNTIMED)
            return self._announced_ns if 0 < self._announced_ns < end_ns else nominal
        # The first tick fires a whole interval after the attach: if it seems earlier, the ready line was read late.
        is_late = 0 < self._ready_ns - nominal < period_ns // 4
        return nominal if is_late and not self._last_marks else self._ready_ns

    def _close_untimed(self) -> Flush:
        """Close a group of records without a heartbeat, at its last arrival time."""
        stamp = self._pending.last
        started = self._untimed_end_ns
        self._caveats.add(Caveat.UNTIMED)
        self._untimed_number += 1
        self._untimed_end_ns = stamp.boot_ns
        return self._close(
            mark="",
            number=self._untimed_number,
            start_ns=started
            if 0 < started < stamp.boot_ns
            else self._first_start(stamp.boot_ns, self._plan.interval_ns),
            end_ns=stamp.boot_ns,
            wall_ns=stamp.wall_ns,
        )

    def _close(
        self,
        *,
        mark: str,
        number: int,
        start_ns: int,
        end_ns: int,
        wall_ns: int,
        lost_ticks: int = 0,
        lag_ns: int = 0,
    ) -> Flush:
        pending, self._pending = self._pending, Pending()
        printed = [(self._plan.logical(one.record.name), one) for one in pending.maps()]
        base = [self._before[name] for name, _ in printed if name in self._before]
        # The decoder's flag is never reset within a process: this is the order of arrival, as far as the flag matters.
        base.sort(key=attrgetter("hexadecimal"))
        kept = pending.kept()
        maps = self._maps(mark, printed, end_ns)
        self._caveats.update(caveats_of(maps, self._origin, self._key_limit))
        caveats, self._caveats = frozenset(self._caveats), set()
        skips, self._skips = self._skips, Skips()
        return Flush(
            origin=self._origin,
            generation=self._generation,
            mark=mark,
            number=number,
            start_ns=start_ns,
            end_ns=end_ns,
            wall_ns=wall_ns,
            maps=maps,
            printed=tuple([one.record for one in kept if isinstance(one.record, Printed)]),
            caveats=caveats,
            lines=tuple([one.line for one in kept]),
            base=tuple([one.line for one in base]),
            hexadecimal_from=[one.hexadecimal for one in (*base, *kept)].count(False),
            dropped=pending.dropped,
            lost_ticks=lost_ticks,
            lag_ns=lag_ns,
            is_last=self._is_last,
            skipped=skips.events,
            fired=skips.fired or 0,
        )

    def _maps(self, mark: str, printed: Sequence[tuple[str, KeptMap]], end_ns: int) -> Mapping[str, MapData]:
        """The maps of a flush; `printed` are the prints with the user's names of their maps."""
        before = {name: one.record for name, one in self._before.items()}
        expected = self._expected(mark, [name for name, _ in printed])
        found = contents(self._origin, [kept.record for _, kept in printed], before, expected, end_ns)
        for name, kept in printed:
            if found[name].plan.scheme == "cumulative":
                self._before[name] = kept
        return found

    def _is_occasional(self, name: str) -> bool:
        plan = self._plan.maps.get(name)
        return plan is not None and plan.occasional

    def _expected(self, mark: str, printed: Sequence[str]) -> set[str]:
        """The maps that belong to a flush with this mark, printed or not."""
        if not mark and not printed:
            return set()
        names = self._names.get(mark)
        if names is None:
            names = self._names[mark] = self._always(mark)
        names.update([name for name in printed if name not in names and not self._is_occasional(name)])
        if len(names) > len(self._plan.maps) + MOST_OTHERS:
            names.intersection_update([*self._plan.maps, *printed])
        return names

    def _always(self, mark: str) -> set[str]:
        """The maps of the plan that belong to every flush with this mark."""
        is_only = len(self._plan.heartbeats) < 2
        return {name for name, one in self._plan.maps.items() if (is_only or one.mark == mark) and not one.occasional}
