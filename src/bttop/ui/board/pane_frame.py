"""Draws a pane: its rule, error messages and the view, as lines with roles. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bttop.engine.program.status import ProgramState, Status
from bttop.engine.safety.idle_monitor import IDLE
from bttop.model.flush.caveat_words import MISSING_OR_WRONG
from bttop.model.format import numbers
from bttop.model.format.names import Decoder
from bttop.model.format.text import visible, visible_name
from bttop.ui.board.costs import cost_note
from bttop.ui.board.pane_model import WORDS, PaneModel, Subject
from bttop.ui.board.pin_text import pin_text
from bttop.ui.render.spans import Glyphs, Line, Span, fit, line_width
from bttop.ui.render.text import folded, left
from bttop.ui.views.base import Drawing, Extra, Scene, ViewChoice
from bttop.ui.views.log import draw_log

SIDE_BY_SIDE = 96
"""Cells from which on a pane shows a second map beside the first."""


@dataclass(frozen=True, slots=True)
class FrameState:
    """The place and the options with which a pane is drawn."""

    number: int
    """The key that focuses it, 1 to 9."""
    width: int
    height: int
    focused: bool
    divided: bool
    """Whether there is a divider to the left: the pane is not in the first column."""
    below: bool
    """Whether another pane is above: then the divider crosses the rule, else it begins there."""
    glyphs: Glyphs
    decoders: Mapping[str, Decoder] = field(default_factory=dict)
    extra: Extra | None = None
    held: bool = False
    ended: str = ""
    """Text that says when the pinned process ended; empty while it lives."""
    late_after: float = 2.5
    """Seconds after which the age of the flush is shown."""


@dataclass(frozen=True, slots=True)
class PaneFrame:
    """The lines of a pane, and where its drawing is."""

    lines: tuple[Line, ...]
    drawing: Drawing
    body: int
    """Index of the first line of the drawing."""
    left: int
    """Cells to the left of the drawing."""


def draw_pane(model: PaneModel, subject: Subject, choice: ViewChoice, frame: FrameState, now_ns: int) -> PaneFrame:
    """Draw a whole pane: exactly `frame.height` lines of `frame.width` cells."""
    margin = 1 if frame.divided else 0
    room = frame.width - margin
    most = frame.height - 1 if model.flush is None else max(2, (frame.height - 1) // 2)
    trouble = _trouble(model.status, room, most, now_ns)
    drawing = _body(model, subject, choice, frame, room, max(0, frame.height - 1 - len(trouble)))
    lines = [*trouble, *drawing.lines][: frame.height - 1]
    lines = [*(fit(line, room) for line in lines), *([fit((), room)] * (frame.height - 1 - len(lines)))]
    if margin:
        lines = [(Span(frame.glyphs.divider, "rule"), *line) for line in lines]
    rule = draw_rule(model, subject, choice, frame, drawing, now_ns)
    return PaneFrame((rule, *lines), drawing, 1 + len(trouble), margin)


def _body(model: PaneModel, subject: Subject, choice: ViewChoice, frame: FrameState, room: int, rows: int) -> Drawing:
    if rows <= 0:
        return Drawing((), choice=choice)
    if subject.view is None:
        lines, back = draw_log(model.log.lines, room, rows, choice.top, choice.needle)
        if not lines:
            lines = [(Span(f" {_quiet(model)}", "dim"),)]
        keys: tuple[str | None, ...] = tuple([None] * len(lines))
        return Drawing(tuple(lines), keys, choice=ViewChoice(top=back, needle=choice.needle))
    if model.flush is None:
        return Drawing(((Span(f" {_quiet(model)}", "dim"),),), (None,), choice=choice)
    other = _companion(model, subject, room)
    if other is None:
        return _view(model, subject, choice, frame, room, rows)
    half = room * 11 // 20
    first = _view(model, subject, choice, frame, half, rows)
    second = _view(model, other, ViewChoice(), frame, room - half - 1, rows)
    return _beside(first, second, half, room - half - 1, rows, frame.glyphs)


def _companion(model: PaneModel, subject: Subject, room: int) -> Subject | None:
    """The map to show beside the first: the next other map; None if there is none or no room."""
    if room < SIDE_BY_SIDE or _needs_room(model, subject):
        return None
    others = model.subjects()
    at = others.index(subject) if subject in others else 0
    rest = [*others[at + 1 :], *others[:at]]
    return next((one for one in rest if one.view is not None and one.map != subject.map), None)


def _needs_room(model: PaneModel, subject: Subject) -> bool:
    """Whether the map needs the full width: stacks are long lines."""
    return any(column.kind == "stack" for column in model.data(subject.map).plan.columns)


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


def scene_of(model: PaneModel, subject: Subject, choice: ViewChoice, frame: FrameState, room: int, rows: int) -> Scene:
    """The scene for the view of a pane. The model must have a flush."""
    assert model.flush is not None
    return Scene(
        model.data(subject.map),
        model.flush,
        model.trend(subject.map),
        choice,
        room,
        rows,
        frame.glyphs,
        frame.decoders,
        frame.extra,
    )


def _view(model: PaneModel, subject: Subject, choice: ViewChoice, frame: FrameState, room: int, rows: int) -> Drawing:
    assert subject.view is not None
    scene = scene_of(model, subject, choice, frame, room, rows)
    drawing = subject.view.draw(scene)
    if not scene.data.rows and len(drawing.lines) < rows:
        note = Span(" nothing happened in this interval", "dim")
        return replace(drawing, lines=(*drawing.lines, (note,)), keys=(*drawing.keys, None))
    if scene.data.rows and not drawing.order and choice.needle and len(drawing.lines) < rows:
        note = Span(f" no row contains “{visible(choice.needle)}”", "dim")
        return replace(drawing, lines=(*drawing.lines, (note,)), keys=(*drawing.keys, None))
    return drawing


def _first_flush(status: Status) -> str:
    """What to show until the first flush."""
    seconds = status.interval_ns / 1e9
    return f"counting; it prints every {seconds:g} s" if seconds >= 5 else "attached; waiting for the first flush"


def _quiet(model: PaneModel) -> str:
    """The text of a pane that has nothing to show yet."""
    if model.looks_back and model.flush is None:
        return model.beginning()
    return {
        ProgramState.STARTING: model.status.reason or "bpftrace is compiling and attaching",
        ProgramState.ATTACHED: _first_flush(model.status),
        ProgramState.LIVE: "nothing printed yet",
        ProgramState.STOPPED: "stopped; x starts it",
        ProgramState.HELD: "detached; x starts it again",
        ProgramState.ENDED: "ended; x starts it again",
    }.get(model.status.state, "")


def _trouble(status: Status, room: int, most: int, now_ns: int) -> list[Line]:
    """The error at the top of the pane: a sentence, then bpftrace's messages."""
    lines: list[Line] = []
    complaint = status.complaint
    if status.state in (
        ProgramState.SILENT,
        ProgramState.DAMAGED,
        ProgramState.RETRYING,
        ProgramState.HELD,
        ProgramState.ENDED,
        ProgramState.UNAVAILABLE,
        ProgramState.COSTLY,
        ProgramState.FAILED,
    ):
        lines.append(
            (Span(f" {visible(status.reason)}{_next_try(status, now_ns)}{_again(status)}{_answer(status)}", "error"),)
        )
    wrapped = [piece for line in lines for piece in _wrap(line[0], room)]
    if complaint is not None:
        goes_on = "; the old one keeps running" if status.state is ProgramState.LIVE else ""
        answer = _answer(status) if status.state is not ProgramState.COSTLY else ""
        wrapped += _wrap(Span(f" {visible(complaint.title)}{goes_on}{answer}", "error"), room)
        wrapped += _quoted(complaint.lines, room)
    if len(wrapped) > most > 0:
        return [*wrapped[: most - 1], (Span(f" … {len(wrapped) - most + 1} more lines: b shows them", "dim"),)]
    return wrapped


def _quoted(lines: Sequence[str], room: int) -> list[Line]:
    """bpftrace's messages. A source line and the mark below it are shifted to the left until the mark is visible."""
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
    """A message over as many lines as it needs."""
    return [(Span(text, span.role),) for text in folded(span.text, room)]


def _answer(status: Status) -> str:
    """The keys that run a program that is held back (`y`), or show a cheaper one (`O`)."""
    suggestion = "; O offers it" if status.offered else ""
    return f"{suggestion}; y runs it anyway" if status.asks else suggestion


def _again(status: Status) -> str:
    """The key that starts a program again that bttop has detached."""
    if status.state is not ProgramState.HELD:
        return ""
    return "; any key starts it again" if status.reason.startswith(IDLE) else "; x starts it again"


def _next_try(status: Status, now_ns: int) -> str:
    if status.retry_at_ns is None:
        return ""
    seconds = max(0, round((status.retry_at_ns - now_ns) / 1e9))
    return f"; next start in {seconds} s" if seconds else "; restarting now"


def draw_rule(
    model: PaneModel, subject: Subject, choice: ViewChoice, frame: FrameState, drawing: Drawing, now_ns: int
) -> Line:
    """The pane's first line: number, name and subject at the left; state, caveats and rate at the right."""
    mark = frame.glyphs.focus if frame.focused else frame.glyphs.rule
    role = "focus" if frame.focused else "rule"
    joint = (frame.glyphs.cross if frame.below else frame.glyphs.tee) if frame.divided else ""
    head = [Span(joint, "rule")] if joint else []
    head += [Span(mark, role), Span(f"{frame.number} {visible_name(model.program.name)} ", _title_role(frame))]
    shown = [one for one in model.subjects() if one.view is not None]
    if len(shown) > 1 and subject in shown:
        head.append(Span(f"{visible_name(subject.label)} {shown.index(subject) + 1}/{len(shown)} ", "dim"))
    if choice.needle:
        head.append(Span(f"/{visible(choice.needle)} ", "match"))
    notes = _notes(model, frame, drawing, now_ns)
    if line_width((*head, *_tail(notes, mark, role))) >= frame.width:
        notes = _notes(model, frame, drawing, now_ns, brief=True)
    return _joined(head, notes, mark, role, frame.width)


def _title_role(frame: FrameState) -> str:
    return "focus-title" if frame.focused else "title"


def _notes(model: PaneModel, frame: FrameState, drawing: Drawing, now_ns: int, *, brief: bool = False) -> list[Span]:
    """The notes at the right of the rule, the most important first: the state, then which numbers are missing or
    wrong. `brief` leaves out the details of the latter, which the state page (`b`) shows."""
    status = model.status
    wrong, right = _caveats(model)
    word = WORDS.get(status.state)
    notes: list[Span] = []
    if word is not None and not (status.state is ProgramState.ATTACHED and model.flush is not None):
        notes.append(Span(word[0], word[1]))
    notes += [Span(text.partition(": ")[0] if brief else text, "badge") for text in wrong]
    if frame.held:
        notes.append(Span("held", "warn"))
    if frame.ended:
        notes.append(Span(visible(frame.ended), "warn"))
    elif model.page.pin is not None:
        notes.append(Span(pin_text(model.page.pin), "match"))
    age = model.age(now_ns)
    late = [] if age is None or age <= frame.late_after else [Span(f"{numbers.duration(round(age))} old", "warn")]
    if not status.running:
        notes += late  # the rate that follows is not current
    if model.flush is not None and drawing.summary:
        notes.append(Span(drawing.summary, "rate" if status.running else "dim"))
    if (spent := cost_note(model)) is not None:
        notes.append(spent)
    if drawing.hidden:
        total = len(drawing.order)
        notes.append(Span(f"{total - drawing.hidden} of {numbers.short(total)}", "dim"))
    if drawing.note:
        notes.append(Span(drawing.note, "badge"))
    if status.running:
        notes += late
    return [*notes, *(Span(text, "badge") for text in right)]


def _caveats(model: PaneModel) -> tuple[list[str], list[str]]:
    """The badges that mean that a number is missing or wrong, and the other badges."""
    caveats = [(badge, caveat in MISSING_OR_WRONG) for caveat, badge in model.caveats()]
    has_numbers = model.status.state not in (ProgramState.FAILED, ProgramState.UNAVAILABLE)
    badges = [(visible(one.text), one.says_wrong) for one in model.status.badges if has_numbers]
    found = [*badges, *caveats]
    return [text for text, is_wrong in found if is_wrong], [text for text, is_wrong in found if not is_wrong]


def _joined(head: list[Span], notes: list[Span], mark: str, role: str, cells: int) -> Line:
    """Head at the left, notes at the right, the rule between; notes that do not fit are counted as `+N`."""
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
