"""The baseline of the dashboard: set, read in the background, shown in the panes and the header, and compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from bttop.engine.session import AnyProgram, Session
from bttop.errors import BttopError
from bttop.model.format import numbers
from bttop.model.format.names import decoders
from bttop.model.format.text import visible
from bttop.model.record.records import Stamp
from bttop.ui.board.board import Board
from bttop.ui.board.pane import Pane
from bttop.ui.render.spans import Span
from bttop.ui.render.text import left, width
from bttop.ui.services.time_control import TimeControl

if TYPE_CHECKING:
    from bttop.store.compare.changes import Changes
    from bttop.store.compare.period import Period, PeriodReading, ProgramPeriod
    from bttop.store.labels import Labels
    from bttop.ui.app_config import AppConfig
    from bttop.ui.dialogs.palette import PaletteEntry
    from bttop.ui.services.screen_access import ScreenAccess

T = TypeVar("T")

MINUTE_NS: Final = 60_000_000_000
_AT_ONCE: Final = 0.008
"""Seconds of reading a recording before keys and repaints are handled."""
_PAUSE: Final = 0.002
_LONGEST_NAME: Final = 24
"""Cells of a file's or a host's name in the header."""


class Comparison(Struct, frozen=True):
    """The last seconds up to the moment on show, and how they differ from the baseline."""

    now: Period
    changes: Changes | None
    """None if there is nothing to compare with."""
    programs: tuple[AnyProgram, ...]
    """The programs of `now`."""


class Baselines:
    """Sets, shows and compares the baseline."""

    def __init__(
        self, session: Session, board: Board, time: TimeControl, screen: ScreenAccess, around: AppConfig
    ) -> None:
        self._session = session
        self._board = board
        self._time = time
        self._screen = screen
        self._namer = None if around.frame_names is None else around.frame_names.name
        self._given = around.baseline
        self.current: Period | None = None
        """The baseline; None without one."""
        self._reads = 0
        """Number of the reading that may set the baseline: the last one."""
        self._is_read = True

    def begin(self) -> None:
        """Read the baseline of the command line, if there is one."""
        if self._given is not None:
            self.set_reading(self._given)

    # Setting.

    def set_last_minute(self) -> None:
        """The minute before the moment on show is the baseline."""
        self.set_until(self._time.cursor.moment, "the last minute")

    def set_until(self, moment: int, label: str) -> None:
        """The minute up to a moment (CLOCK_BOOTTIME in ns) is the baseline."""
        self.set_span(moment - MINUTE_NS, moment, label)

    def set_span(self, begin_ns: int, end_ns: int, label: str) -> None:
        """The time (begin, end] of this session is the baseline."""
        self.set_reading(self._period(label, begin_ns, end_ns))

    def set_typed_span(self, text: str) -> str:
        """Set a time such as `03:10..03:12` or `-10m..-5m`; return what is wrong with it, empty if nothing is."""
        from bttop.store.times import parse_window

        cursor = self._time.cursor
        try:
            begin, end = parse_window(text.strip(), cursor.oldest, cursor.newest)
        except BttopError as error:
            return error.cause
        self.set_span(begin, end, visible(text.strip()))
        return ""

    def set_file(self, operand: str) -> None:
        """A recording, `FILE@FROM..TO`, is the baseline."""
        from bttop.engine.recording.recorded_period import recorded_period

        self.set_reading(recorded_period(operand.strip()))

    def set_reading(self, reading: PeriodReading) -> None:
        """Read the baseline in the background; it is used once it is complete."""
        self._reads += 1
        self._is_read, number = False, self._reads

        def done(period: Period) -> None:
            if number == self._reads:
                self._use(period)

        def failed() -> None:
            self._is_read = number == self._reads or self._is_read
            self._screen.repaint()

        self._run(reading, done, failed)
        self._screen.repaint()

    def _use(self, period: Period) -> None:
        self._is_read = True
        if not period.seconds:
            self._screen.tell(f"no baseline: there is no flush in {period.label}{_unread(period)}", "warn")
        else:
            self.current = period
            host = "" if period.host == self._session.host.name else f" of another host, {visible(period.host)}"
            read = f"{period.label}{host}, {period.seconds:.0f} s{_unread(period)}"
            self._screen.tell(f"baseline: {read}; C shows what changed")
        self._screen.repaint()

    def remove(self) -> None:
        """Compare with nothing."""
        self._reads += 1
        self._is_read = True
        had_one, self.current = self.current is not None, None
        self._screen.tell("baseline removed" if had_one else "there is no baseline")
        self._screen.repaint()

    # Showing.

    def follow(self) -> None:
        """Give each pane its program's part of the baseline. Called before every repaint."""
        for pane in self._board.panes:
            found = None if self.current is None else _part_of(self.current, pane)
            pane.model.baseline = found
            pane.model.no_baseline = "" if self.current is None or found is not None else _why_none(self.current, pane)

    def spans(self) -> tuple[Span, ...]:
        """The baseline in the header: when it ended, and whose it is if not of this session."""
        if not self._is_read:
            return (Span("vs … ", "warn"),)
        period = self.current
        if period is None:
            return ()
        from bttop.store.times import local

        name = period.host if period.host != self._session.host.name else period.file
        shown = visible(name)
        shown = left(shown, _LONGEST_NAME) if width(shown) > _LONGEST_NAME else shown
        return (Span(f"vs {f'{shown} ' if shown else ''}{local(period.end.wall_ns):%H:%M:%S} ", "match"),)

    def palette_entries(self) -> Iterator[PaletteEntry]:
        """The entries of the palette without a key of their own."""
        from bttop.ui.dialogs.palette import PaletteEntry

        yield PaletteEntry("Baseline: the last minute", "Time: b b", self.set_last_minute)
        yield PaletteEntry("Baseline: remove", "Time: b x", self.remove)

    # Comparing.

    def labels(self, found: Comparison) -> Labels:
        """How names are written: as they are, with the names of this host's numbers."""
        from bttop.store.aliases import PlainNames
        from bttop.store.labels import Labels

        host = self._session.host
        return Labels(PlainNames(), decoders(host.machine, host.devices), found.now.begin, found.now.end)

    def compare(self, length_ns: int, done: Callable[[Comparison], None]) -> None:
        """Compare the time before the moment on show with the baseline, without one with the minute before that."""
        self._run(self._comparison(length_ns, self._time.cursor.moment), done, lambda: None)

    def _comparison(self, length_ns: int, end_ns: int) -> Generator[None, None, Comparison]:
        from bttop.store.compare.changes import compare

        programs = tuple(self._session.programs)
        baseline, begin_ns = self.current, end_ns - length_ns
        if baseline is not None and not baseline.file and begin_ns < baseline.end.boot_ns < end_ns:
            begin_ns = baseline.end.boot_ns
        label = f"the last {numbers.duration(round((end_ns - begin_ns) / 1e9))}"
        now = yield from self._period(label, begin_ns, end_ns)
        if baseline is None:
            baseline = yield from self._period("the minute before", begin_ns - MINUTE_NS, begin_ns)
        return Comparison(now, compare(baseline, now) if baseline.seconds and now.seconds else None, programs)

    def _period(self, label: str, begin_ns: int, end_ns: int) -> PeriodReading:
        from bttop.engine.session_period import session_period

        begin, end = (Stamp(moment, self._time.wall_ns(moment)) for moment in (begin_ns, end_ns))
        return session_period(self._session, label, begin, end, self._namer)

    # In the background.

    def _run(self, reading: Generator[None, None, T], done: Callable[[T], None], failed: Callable[[], None]) -> None:
        """Read everything, then call `done`, or report what is wrong and call `failed`. A running session is read on a
        thread; a recording is read between keys and repaints, because its file belongs to the thread that opened it."""
        if self._session.tracing is None:
            self._screen.in_background(self._read_in_pieces(reading, done, failed))
        else:
            self._screen.on_a_thread(lambda: self._read_on_a_thread(reading, done, failed), "baseline")

    async def _read_in_pieces(
        self, reading: Generator[None, None, T], done: Callable[[T], None], failed: Callable[[], None]
    ) -> None:
        try:
            while True:
                stop = perf_counter() + _AT_ONCE
                while perf_counter() < stop:
                    next(reading)
                await asyncio.sleep(_PAUSE)
        except StopIteration as end:
            done(end.value)
        except BttopError as error:
            self._report(error, failed)

    def _read_on_a_thread(
        self, reading: Generator[None, None, T], done: Callable[[T], None], failed: Callable[[], None]
    ) -> None:
        from bttop.store.compare.period import finished

        try:
            found = finished(reading)
        except BttopError as error:
            # The name of the exception ends with this block.
            self._screen.from_thread(lambda error=error: self._report(error, failed))  # type: ignore[misc]
        else:
            self._screen.from_thread(lambda: done(found))

    def _report(self, error: BttopError, failed: Callable[[], None]) -> None:
        self._screen.tell(f"no baseline: {error.title}: {error.cause}", "error")
        failed()


def _unread(period: Period) -> str:
    """What could not be read of a baseline, as a part of a sentence; empty if all could."""
    more = len(period.problems) - 1
    return f", incomplete: {period.problems[0]}{f' (and {more} more)' if more else ''}" if period.problems else ""


def _part_of(period: Period, pane: Pane) -> ProgramPeriod | None:
    """The pane's program in the baseline; None if it is not there, or counted other processes."""
    page = pane.model.page
    pin = "" if page.pin is None else page.pin.condition
    named = [one for one in period.programs if one.name == pane.program.name and one.counted.pin == pin]
    return _best(named, "" if page.source is None else page.source.text)


def _why_none(period: Period, pane: Pane) -> str:
    """Why the baseline has nothing to compare the program of a pane with."""
    name = pane.program.name
    return "it has other processes" if any(one.name == name for one in period.programs) else "it lacks this program"


def _best(named: Sequence[ProgramPeriod], script: str) -> ProgramPeriod | None:
    same = (one for one in named if one.counted.script == script)
    return next(same, named[0] if named else None)
