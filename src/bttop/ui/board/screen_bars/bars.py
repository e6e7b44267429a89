"""The first and the last line of the screen: the header, and the footer with keys and notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bttop.engine.program.past_status import NOTED_NS
from bttop.engine.program.status import ProgramState
from bttop.engine.session import Session
from bttop.model.format.text import visible
from bttop.ui.board.frame.costs import bill_spans
from bttop.ui.board.frame.pin_text import pin_text
from bttop.ui.board.painted_lines import paint
from bttop.ui.board.screen_bars.header import facts_spans, host_spans, joined_header, live_span, time_span
from bttop.ui.render.spans import Line, Span, fit, line_width, wrapped_within
from bttop.ui.render.text import left
from bttop.ui.themes import Theme

if TYPE_CHECKING:
    from bttop.script.process.pin import Pin


ALWAYS_SHOWN = 2
"""Hints at the end of the footer that are left out last."""
MOST_NOTICE_LINES = 4
"""Maximum number of lines of notices in the footer."""
MOST_NOTICES = 64
"""Maximum number of notices that are kept: more than have room in these lines."""


class Bar(Widget):
    """One line of the screen, or a few."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.bttop_theme = theme
        self._strips: list[Strip] = []
        self._height = 1

    def lines(self, cells: int) -> list[Line]:
        """The lines of the bar."""
        return [self.line(cells)]

    def line(self, cells: int) -> Line:  # noqa: ARG002
        """The content of the line; empty by default."""
        return ()

    def repaint(self) -> None:
        """Draw the bar again if it has changed."""
        if self.size.width <= 0:
            return
        strips = self._paint()
        if len(strips) != self._height:
            self._height = len(strips)
            self.styles.height = self._height
        elif strips == self._strips:
            return
        self._strips = strips
        self.refresh()

    def _paint(self) -> list[Strip]:
        cells = self.size.width
        return [paint(fit(line, cells), self.bttop_theme, cells) for line in self.lines(cells)]

    def set_theme(self, theme: Theme) -> None:
        """Use a theme."""
        self.bttop_theme = theme
        self.repaint()

    def render_lines(self, crop: Region) -> list[Strip]:
        if not self._strips or self._strips[0].cell_length != self.size.width:
            self._strips = self._paint()
        blank = Strip.blank(crop.width, self.bttop_theme.style("text"))
        shown = [strip.crop(crop.x, crop.right) for strip in self._strips[crop.y : crop.bottom]]
        return shown + [blank] * (crop.height - len(shown))

    def on_resize(self) -> None:
        """The lines of another width may be more or fewer."""
        self.repaint()


class HeaderBar(Bar):
    """Host, pin, cost of tracing, kernel, bpftrace, number of live programs, interval and time; at an earlier moment
    also that moment."""

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__(theme)
        self._session = session
        self.held = False
        self.page = ""
        """The name of the page on show; empty for the first."""
        self.moment: int | None = None
        """The moment on show, on CLOCK_BOOTTIME in ns; None is live."""
        self.light: tuple[Span, ...] = ()
        """The state of the recording."""
        self.time: tuple[Span, ...] = ()
        """The position in time; empty when live."""
        self.baseline: tuple[Span, ...] = ()
        """The baseline; empty without one."""

    def line(self, cells: int) -> Line:
        session = self._session
        moment = None if self.moment is None else self.moment + NOTED_NS
        pages = [program.page(moment) for program in session.programs]
        live = sum(page.status.state is ProgramState.LIVE for page in pages)
        host, page, pin = host_spans(session.host.name, self.page, self._pin([page.pin for page in pages]))
        left = [host, page, *self.baseline, pin]  # what is cut for lack of room is the pin, which each pane shows too
        if session.tracing is not None and session.tracing.links:
            from bttop.ui.board.screen_bars.link_text import links_span  # only for other hosts

            left.insert(1, links_span(session.tracing.links))
        facts = facts_spans(session.host.kernel, session.bpftrace.release)
        if session.tracing is not None and (note := session.tracing.engine_of().runner.merges.note):
            facts.insert(0, Span(f"  {note}", "header"))
        interval = min((page.status.interval_ns for page in pages), default=1_000_000_000) / 1e9
        right = [
            *self.light,
            live_span(live, len(pages)),
            *((Span("  "), *self.time) if self.time else (time_span(interval),)),
            Span("HELD " if self.held else "", "warn"),
        ]
        bill = session.bill_at(moment)
        alarmed = any(page.alarm for page in pages)
        return joined_header(left, lambda room: bill_spans(bill, facts, room, alarmed=alarmed), right, cells)

    def _pin(self, pins: Sequence[Pin | None]) -> Span:
        """The pin that all programs share, or the number of pinned programs."""
        pinned = [pin for pin in pins if pin is not None]
        if not pinned:
            return Span("no pin", "header")
        if len(set(pins)) == 1:
            return Span(pin_text(pinned[0]), "match")
        return Span(f"{len(pinned)} of {len(pins)} pinned", "match")


def always() -> bool:
    """The notice stays true."""
    return True


class KeyHint(NamedTuple):
    """A key in the footer."""

    key: str
    """The key as it is on the keyboard."""
    text: str
    command: str
    """The name of the command; empty if a click does nothing."""
    brief: str | None = None
    """The text where the hints have no room otherwise; None for the same text."""


def _fits(hints: Sequence[KeyHint], cells: int) -> bool:
    return sum(len(one.key) + len(one.text) + 3 for one in hints) - 1 <= cells


class _Notice(NamedTuple):
    """A text in the footer."""

    text: str
    role: str
    stays: bool
    """Whether the next notice does not replace it."""
    joins: bool
    """Whether it does not replace others."""
    still_so: Callable[[], bool]
    """Whether it is true."""


def _joined(notices: Sequence[_Notice], left_out: int = 0) -> Line:
    """Notices behind each other; after the first one, how many are left out."""
    texts = [Span(visible(one.text), one.role) for one in notices]
    if left_out:
        texts.insert(0 if notices[0].joins else 1, Span(f"{left_out} earlier", "dim"))
    return tuple([Span(f"{'; ' if at else ' '}{text}", role) for at, (text, role) in enumerate(texts)])


def _without_oldest(notices: Sequence[_Notice], forgotten: int, cells: int) -> Line:
    """The answer to a key, and the newest of the notices that have joined it, in MOST_NOTICE_LINES lines."""
    answer, joined = (notices[:0], notices) if notices[0].joins else (notices[:1], notices[1:])
    found = _joined([*answer, *joined[-1:]], forgotten + len(joined) - 1 if joined else 0)
    for count in range(2, len(joined)):
        line = _joined([*answer, *joined[-count:]], forgotten + len(joined) - count)
        if not _is_within(line, cells):
            break
        found = line
    if answer and joined and not _is_within(found, cells):
        room = (MOST_NOTICE_LINES - 1) * (cells - 4) - line_width(found[1:])
        return (Span(left(found[0].text, max(cells, room)).rstrip(), found[0].role), *found[1:])
    return found


def _is_within(line: Line, cells: int) -> bool:
    return len(wrapped_within(line, cells, MOST_NOTICE_LINES + 1)) <= MOST_NOTICE_LINES


class FooterBar(Bar):
    """Shows keys; or notices until the next key."""

    def __init__(self, theme: Theme, keys: Sequence[KeyHint]) -> None:
        super().__init__(theme)
        self._notices: list[_Notice] = []
        self._forgotten = 0
        """How many notices that had joined are not kept."""
        self._problems: Sequence[str] = ()
        """The problems that have been told."""
        self._hints: list[tuple[int, int, str]] = []
        self.keys = keys
        """The keys that are shown."""

    def tell(
        self,
        text: str,
        role: str = "hint",
        *,
        stays: bool = False,
        joins: bool = False,
        still_so: Callable[[], bool] = always,
    ) -> None:
        """Show a notice until the next key, and only while it is `still_so`. The next notice replaces it too, unless it
        `stays` or the next one `joins`: one that no key has asked for."""
        if joins and any(f"; {text};" in f"; {one.text};" for one in self._notices):
            return
        if joins or stays or not any(one.stays for one in self._notices):
            self._add(_Notice(text, role, stays, joins, still_so))
            self.repaint()

    def _add(self, notice: _Notice) -> None:
        if not notice.joins:
            self._notices, self._forgotten = [notice], 0
            return
        self._notices.append(notice)
        if len(self._notices) > MOST_NOTICES:
            del self._notices[0 if self._notices[0].joins else 1]
            self._forgotten += 1

    def tell_problems(self, found: Sequence[str]) -> None:
        """Report the problems of the session that have been found since the last call, such as parts of a recording
        that cannot be read."""
        if len(found) > len(self._problems):
            new = Counter(found) - Counter(self._problems)  # those of the first of several hosts come first
            self._problems = tuple(found)
            self.tell("; ".join(new.elements()), "warn", joins=True)

    def check(self) -> None:
        """Remove the notices that are not true any more."""
        self._keep([one for one in self._notices if one.still_so()])

    def hush(self) -> None:
        """Remove all notices."""
        self._keep([])

    def _keep(self, notices: list[_Notice]) -> None:
        if len(notices) != len(self._notices):
            self._notices, self._forgotten = notices, self._forgotten if notices else 0
            self.repaint()

    def lines(self, cells: int) -> list[Line]:
        """The keys, or the notices over as many lines as they need, but at most MOST_NOTICE_LINES."""
        return wrapped_within(self.line(cells), cells, MOST_NOTICE_LINES)

    def line(self, cells: int) -> Line:
        if not self._notices:
            return self._keys(cells)
        line = _joined(self._notices, self._forgotten)
        return line if _is_within(line, cells) else _without_oldest(self._notices, self._forgotten, cells)

    def _keys(self, cells: int) -> Line:
        spans: list[Span] = [Span(" ")]
        self._hints = []
        for key, text, name, _ in self._fitting(cells):
            at = line_width(tuple(spans))
            gap = " " * max(0, min(2, cells - at - len(key) - len(text) - 1))
            spans += [Span(key, "key"), Span(f" {text}{gap}", "hint")]
            self._hints.append((at, at + len(key) + len(text) + 1, name))
        return tuple(spans)

    def _fitting(self, cells: int) -> list[KeyHint]:
        """The hints for which there is room, with brief texts if the others do not fit. Help and quit, the last, go
        last."""
        shown = list(self.keys)
        if not _fits(shown, cells):
            shown = [one if one.brief is None else one._replace(text=one.brief) for one in shown]
        while shown and not _fits(shown, cells):
            del shown[-ALWAYS_SHOWN - 1 if len(shown) > ALWAYS_SHOWN else -1]
        return shown

    def on_click(self, event: events.Click) -> None:
        """A click on a key hint runs its command."""
        event.stop()
        name = next((name for start, end, name in self._hints if start <= event.x < end), None)
        if name and not self._notices:
            self.app.call_later(self.app.run_action, f"command('{name}')")
