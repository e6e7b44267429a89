"""The face of a pane: its rule, what went wrong, and the view below, as lines with roles. Pure drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bttop.engine.idle import IDLE
from bttop.engine.status import State, Status
from bttop.model import numbers
from bttop.model.doubts import MISSING_OR_WRONG
from bttop.model.names import Decoder
from bttop.model.text import visible, visible_name
from bttop.ui.costs import cost_note
from bttop.ui.pintext import pin_text
from bttop.ui.spans import Glyphs, Line, Span, fit, line_width
from bttop.ui.subject import WORDS, Feed, Subject
from bttop.ui.text import folded, left
from bttop.ui.views.base import Choice, Drawing, Extra, Scene
from bttop.ui.views.log import draw_log

SIDE_BY_SIDE = 96
"""Cells from which a pane shows a second map beside the first."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a pane stands and how it is drawn."""

    number: int
    """1 to 9, the key that focuses it."""
    width: int
    height: int
    focused: bool
    divided: bool
    """A divider to the left: the pane is not in the first column."""
    below: bool
    """Another pane is above: the divider's rule crosses instead of beginning."""
    glyphs: Glyphs
    decoders: Mapping[str, Decoder] = field(default_factory=dict)
    extra: Extra | None = None
    held: bool = False
    ended: str = ""
    """When the pinned process ended, in words."""
    late_after: float = 2.5
    """Seconds after which the age of the flush is worth a word."""


@dataclass(frozen=True, slots=True)
class Face:
    """The lines of a pane, and what lies under them."""

    lines: tuple[Line, ...]
    drawing: Drawing
    body: int
    """Index of the first line of the drawing."""
    left: int
    """Cells before the drawing begins."""


def draw_pane(feed: Feed, subject: Subject, choice: Choice, frame: Frame, now_ns: int) -> Face:
    """A pane as a whole: exactly `frame.height` lines of `frame.width` cells."""
    margin = 1 if frame.divided else 0
    room = frame.width - margin
    most = frame.height - 1 if feed.flush is None else max(2, (frame.height - 1) // 2)
    trouble = _trouble(feed.status, room, most, now_ns)
    drawing = _body(feed, subject, choice, frame, room, max(0, frame.height - 1 - len(trouble)))
    lines = [*trouble, *drawing.lines][: frame.height - 1]
    lines = [*(fit(line, room) for line in lines), *([fit((), room)] * (frame.height - 1 - len(lines)))]
    if margin:
        lines = [(Span(frame.glyphs.divider, "rule"), *line) for line in lines]
    rule = draw_rule(feed, subject, choice, frame, drawing, now_ns)
    return Face((rule, *lines), drawing, 1 + len(trouble), margin)


def _body(feed: Feed, subject: Subject, choice: Choice, frame: Frame, room: int, rows: int) -> Drawing:
    if rows <= 0:
        return Drawing((), choice=choice)
    if subject.view is None:
        lines, back = draw_log(feed.log.lines, room, rows, choice.top, choice.needle)
        if not lines:
            lines = [(Span(f" {_quiet(feed)}", "dim"),)]
        keys: tuple[str | None, ...] = tuple([None] * len(lines))
        return Drawing(tuple(lines), keys, choice=Choice(top=back, needle=choice.needle))
    if feed.flush is None:
        return Drawing(((Span(f" {_quiet(feed)}", "dim"),),), (None,), choice=choice)
    other = _companion(feed, subject, room)
    if other is None:
        return _view(feed, subject, choice, frame, room, rows)
    half = room * 11 // 20
    first = _view(feed, subject, choice, frame, half, rows)
    second = _view(feed, other, Choice(), frame, room - half - 1, rows)
    return _beside(first, second, half, room - half - 1, rows, frame.glyphs)


def _companion(feed: Feed, subject: Subject, room: int) -> Subject | None:
    """The map to show beside the first: the next one that is another map."""
    if room < SIDE_BY_SIDE or _needs_room(feed, subject):
        return None
    others = feed.subjects()
    at = others.index(subject) if subject in others else 0
    rest = [*others[at + 1 :], *others[:at]]
    return next((one for one in rest if one.view is not None and one.map != subject.map), None)


def _needs_room(feed: Feed, subject: Subject) -> bool:
    """Stacks are long lines: nothing may stand beside them."""
    return any(column.kind == "stack" for column in feed.data(subject.map).plan.columns)


def _beside(first: Drawing, second: Drawing, half: int, rest: int, rows: int, glyphs: Glyphs) -> Drawing:
    lines = []
    for index in range(min(rows, max(len(first.lines), len(second.lines)))):
        left_line = first.lines[index] if index < len(first.lines) else ()
        right_line = second.lines[index] if index < len(second.lines) else ()
        lines.append((*fit(left_line, half), Span(glyphs.divider, "rule"), *fit(right_line, rest)))
    keys = (*first.keys, *([None] * (len(lines) - len(first.keys))))
    return Drawing(
        tuple(lines), keys, first.order, first.summary, first.hidden, first.sorts, first.choice, first.note
    )  # fmt: skip


def scene_of(feed: Feed, subject: Subject, choice: Choice, frame: Frame, room: int, rows: int) -> Scene:
    """What a view is given for this pane; the feed must have a flush."""
    assert feed.flush is not None
    return Scene(
        feed.data(subject.map),
        feed.flush,
        feed.trend(subject.map),
        choice,
        room,
        rows,
        frame.glyphs,
        frame.decoders,
        frame.extra,
    )


def _view(feed: Feed, subject: Subject, choice: Choice, frame: Frame, room: int, rows: int) -> Drawing:
    assert subject.view is not None
    scene = scene_of(feed, subject, choice, frame, room, rows)
    drawing = subject.view.draw(scene)
    if not scene.data.rows and len(drawing.lines) < rows:
        note = Span(" nothing happened in this interval", "dim")
        return replace(drawing, lines=(*drawing.lines, (note,)), keys=(*drawing.keys, None))
    if scene.data.rows and not drawing.order and choice.needle and len(drawing.lines) < rows:
        note = Span(f" no row contains “{visible(choice.needle)}”", "dim")
        return replace(drawing, lines=(*drawing.lines, (note,)), keys=(*drawing.keys, None))
    return drawing


def _first_flush(status: Status) -> str:
    """When there will be something to show."""
    seconds = status.interval_ns / 1e9
    return f"counting; it prints every {seconds:g} s" if seconds >= 5 else "attached; the first flush is on its way"


def _quiet(feed: Feed) -> str:
    """What to say where there is nothing to show yet."""
    if feed.looks_back and feed.flush is None:
        return feed.beginning()
    return {
        State.STARTING: feed.status.reason or "bpftrace is compiling and attaching",
        State.ATTACHED: _first_flush(feed.status),
        State.LIVE: "nothing printed yet",
        State.STOPPED: "stopped; x starts it",
        State.HELD: "detached; x starts it again",
        State.ENDED: "ended; x starts it again",
    }.get(feed.status.state, "")


def _trouble(status: Status, room: int, most: int, now_ns: int) -> list[Line]:
    """What went wrong, at the top of the pane: the sentence, then bpftrace's own lines."""
    lines: list[Line] = []
    complaint = status.complaint
    if status.state in (
        State.SILENT,
        State.DAMAGED,
        State.RETRYING,
        State.HELD,
        State.ENDED,
        State.UNAVAILABLE,
        State.COSTLY,
        State.FAILED,
    ):
        lines.append(
            (Span(f" {visible(status.reason)}{_next_try(status, now_ns)}{_again(status)}{_answer(status)}", "error"),)
        )
    wrapped = [piece for line in lines for piece in _wrap(line[0], room)]
    if complaint is not None:
        goes_on = "; the old one runs on" if status.state is State.LIVE else ""
        answer = _answer(status) if status.state is not State.COSTLY else ""
        wrapped += _wrap(Span(f" {visible(complaint.title)}{goes_on}{answer}", "error"), room)
        wrapped += _quoted(complaint.lines, room)
    if len(wrapped) > most > 0:
        return [*wrapped[: most - 1], (Span(f" … {len(wrapped) - most + 1} more lines: b shows them", "dim"),)]
    return wrapped


def _quoted(lines: Sequence[str], room: int) -> list[Line]:
    """bpftrace's own lines. A source line is moved together with the mark below it until the mark is in sight."""
    found: list[Line] = []
    for index, text in enumerate(lines):
        below = lines[index + 1] if index + 1 < len(lines) else ""
        if _is_mark(text) or _is_mark(below):
            mark = text if _is_mark(text) else below
            shift = max(0, len(mark.rstrip()) - room + 8) if len(mark.rstrip()) > room - 2 else 0
            found.append((Span(" " + left(visible(text)[shift:], room - 1), "warn"),))
        else:
            found += _wrap(Span(f" {visible(text)}", "warn"), room)
    return found


def _is_mark(text: str) -> bool:
    return bool(text.strip()) and not text.strip("^~ ")


def _wrap(span: Span, room: int) -> list[Line]:
    """A message over as many lines as it takes."""
    return [(Span(text, span.role),) for text in folded(span.text, room)]


def _answer(status: Status) -> str:
    """The keys that run what is held back, or show what would cost less."""
    offer = "; O offers it" if status.offered else ""
    return f"{offer}; y runs it anyway" if status.asks else offer


def _again(status: Status) -> str:
    """The key that starts what was detached without being asked for."""
    if status.state is not State.HELD:
        return ""
    return "; any key starts it again" if status.reason.startswith(IDLE) else "; x starts it again"


def _next_try(status: Status, now_ns: int) -> str:
    if status.retry_at_ns is None:
        return ""
    seconds = max(0, round((status.retry_at_ns - now_ns) / 1e9))
    return f"; next start in {seconds} s" if seconds else "; starting afresh"


def draw_rule(feed: Feed, subject: Subject, choice: Choice, frame: Frame, drawing: Drawing, now_ns: int) -> Line:
    """The pane's first line: number, name, what it shows, and at the right its state, caveats and rate."""
    mark = frame.glyphs.focus if frame.focused else frame.glyphs.rule
    role = "focus" if frame.focused else "rule"
    joint = (frame.glyphs.cross if frame.below else frame.glyphs.tee) if frame.divided else ""
    head = [Span(joint, "rule")] if joint else []
    head += [Span(mark, role), Span(f"{frame.number} {visible_name(feed.program.name)} ", _title_role(frame))]
    shown = [one for one in feed.subjects() if one.view is not None]
    if len(shown) > 1 and subject in shown:
        head.append(Span(f"{visible_name(subject.label)} {shown.index(subject) + 1}/{len(shown)} ", "dim"))
    if choice.needle:
        head.append(Span(f"/{visible(choice.needle)} ", "match"))
    notes = _notes(feed, frame, drawing, now_ns)
    if line_width((*head, *_tail(notes, mark, role))) >= frame.width:
        notes = _notes(feed, frame, drawing, now_ns, brief=True)
    return _joined(head, notes, mark, role, frame.width)


def _title_role(frame: Frame) -> str:
    return "focus-title" if frame.focused else "title"


def _notes(feed: Feed, frame: Frame, drawing: Drawing, now_ns: int, *, brief: bool = False) -> list[Span]:
    """The right end of the rule, the most important first: the state, then which numbers are missing or wrong. `brief`
    leaves out what is missing of those, which the page of the badges (`b`) names."""
    status = feed.status
    wrong, right = _caveats(feed)
    word = WORDS.get(status.state)
    notes: list[Span] = []
    if word is not None and not (status.state is State.ATTACHED and feed.flush is not None):
        notes.append(Span(word[0], word[1]))
    notes += [Span(text.partition(": ")[0] if brief else text, "badge") for text in wrong]
    if frame.held:
        notes.append(Span("held", "warn"))
    if frame.ended:
        notes.append(Span(visible(frame.ended), "warn"))
    elif feed.page.pin is not None:
        notes.append(Span(pin_text(feed.page.pin), "match"))
    age = feed.age(now_ns)
    late = [] if age is None or age <= frame.late_after else [Span(f"{numbers.duration(round(age))} old", "warn")]
    if not status.running:
        notes += late  # what follows is no rate of now
    if feed.flush is not None and drawing.summary:
        notes.append(Span(drawing.summary, "rate" if status.running else "dim"))
    if (spent := cost_note(feed)) is not None:
        notes.append(spent)
    if drawing.hidden:
        total = len(drawing.order)
        notes.append(Span(f"{total - drawing.hidden} of {numbers.short(total)}", "dim"))
    if drawing.note:
        notes.append(Span(drawing.note, "badge"))
    if status.running:
        notes += late
    return [*notes, *(Span(text, "badge") for text in right)]


def _caveats(feed: Feed) -> tuple[list[str], list[str]]:
    """The badges that say that a number is missing or wrong, and the others."""
    doubts = [(badge, doubt in MISSING_OR_WRONG) for doubt, badge in feed.doubts()]
    has_numbers = feed.status.state not in (State.FAILED, State.UNAVAILABLE)
    badges = [(visible(one.text), one.says_wrong) for one in feed.status.badges if has_numbers]
    found = [*badges, *doubts]
    return [text for text, is_wrong in found if is_wrong], [text for text, is_wrong in found if not is_wrong]


def _joined(head: list[Span], notes: list[Span], mark: str, role: str, cells: int) -> Line:
    """Head at the left, notes at the right, the rule between; the notes that do not fit are counted."""
    for shown in range(len(notes), -1, -1):
        more = len(notes) - shown
        kept = [*notes[:shown], *([Span(f"+{more}", "badge")] if more else [])]
        tail = _tail(kept, mark, role) if kept else []
        room = cells - line_width(tuple(head)) - line_width(tuple(tail))
        if room >= 1:
            return (*head, Span(mark * room, role), *tail)
        if shown <= 2 and len(head) > 2 and head[-1].role == "dim":
            return _joined(head[:-1], notes, mark, role, cells)
    return fit((*head, Span(mark * cells, role)), cells)


def _tail(notes: list[Span], mark: str, role: str) -> list[Span]:
    tail: list[Span] = []
    for note in notes:
        tail += [Span(" · " if tail else " ", role), note]
    return [*tail, Span(" ", role), Span(mark, role)]
