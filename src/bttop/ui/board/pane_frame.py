"""Draws a pane: its rule, error messages and the view, as lines with roles. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from bttop.engine.program.status import ProgramState, Status
from bttop.engine.session import FrameNames
from bttop.model.flush.caveat_words import MISSING_OR_WRONG
from bttop.model.format import numbers
from bttop.model.format.names import Decoder
from bttop.model.format.text import visible, visible_name
from bttop.ui.board.frame.costs import cost_note
from bttop.ui.board.frame.pin_text import pin_text
from bttop.ui.board.frame.rule import joined_rule, rule_head, rule_mark, rule_tail
from bttop.ui.board.frame.starting import COMPILING, STARTING
from bttop.ui.board.frame.tabs import Tab, tab_at, tab_spans, tabs_width
from bttop.ui.board.frame.thinned_line import thinned_lines
from bttop.ui.board.frame.trouble_lines import trouble_lines
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_data.subject import Subject
from bttop.ui.render.spans import Glyphs, Line, Span, fit, line_width
from bttop.ui.render.text import width
from bttop.ui.views.base import Drawing, Extra, Scene, ViewChoice
from bttop.ui.views.log import draw_log

SIDE_BY_SIDE = 96
"""Cells from which on a pane shows a second map beside the first."""


STATE_WORDS: Final = {
    ProgramState.STARTING: STARTING,
    ProgramState.ATTACHED: ("no events yet", "dim"),
    ProgramState.SILENT: ("silent", "error"),
    ProgramState.DAMAGED: ("damaged", "error"),
    ProgramState.RETRYING: ("down", "error"),
    ProgramState.FAILED: ("failed", "error"),
    ProgramState.STOPPING: ("stopping", "warn"),
    ProgramState.STOPPED: ("stopped", "warn"),
    ProgramState.HELD: ("detached", "error"),
    ProgramState.ENDED: ("ended", "warn"),
    ProgramState.COSTLY: ("held back", "error"),
    ProgramState.UNAVAILABLE: ("unavailable", "error"),
}
"""The word and the role for each state except live on the pane's rule."""


class FrameState(Struct, frozen=True):
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
    joined: bool = True
    """Whether the rule of the pane to the left is at the same line; else the divider only branches off."""
    decoders: Mapping[str, Decoder] = field(default_factory=dict)
    frame_names: FrameNames | None = None
    extra: Extra | None = None
    held: bool = False
    ended: str = ""
    """When the pinned process ended, and which, as text; empty while it lives."""
    tabs: tuple[Tab, ...] = ()
    """The panes of its place, if there are several."""
    shades: int = 0
    """Steps of the theme's ramp of colours; 0 if the theme or the terminal has too few colours."""
    late_after: float = 2.5
    """Seconds after which the age of the flush is shown, if its interval is not longer."""

    @property
    def tab_cells(self) -> int:
        """Cells of the rule that the titles of tabs may take."""
        return max(12, self.width * 3 // 5)

    @property
    def title_start(self) -> int:
        """The cell of the rule at which the title begins."""
        return 2 if self.divided else 1

    def title_end(self, name: str) -> int:
        """The cell of the rule at which the title of a program of this name, or its tabs, end."""
        if self.tabs:
            return self.title_start + tabs_width(self.tabs, self.tab_cells)
        return self.title_start + len(f"{self.number} ") + width(visible_name(name))

    def tab_number_at(self, x: int) -> int:
        """The number of the pane whose tab is at a cell of the rule; 0 if there is none."""
        tab = tab_at(self.tabs, self.tab_cells, x - self.title_start)
        return 0 if tab is None else tab.number


class PaneFrame(Struct, frozen=True):
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
    trouble = [*trouble_lines(model.status, room, most, now_ns), *thinned_lines(model, subject, choice, room)]
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
    if choice.trend:
        return _with_trend(model, subject, choice, frame, room, rows)
    other = _companion(model, subject, room)
    if other is None:
        return _view(model, subject, choice, frame, room, rows)
    half = room * 11 // 20
    first = _view(model, subject, choice, frame, half, rows)
    second = _view(model, other, ViewChoice(), frame, room - half - 1, rows, cursor="")
    return _beside(first, second, half, room - half - 1, rows, frame.glyphs)


def _with_trend(
    model: PaneModel, subject: Subject, choice: ViewChoice, frame: FrameState, room: int, rows: int
) -> Drawing:
    from bttop.ui.board.trend.over_rows import trend_over  # deferred: a key opens it
    from bttop.ui.board.trend.readings import TrendData

    scene = scene_of(model, subject, choice, frame, room, rows)
    data = TrendData(model.only_row, lambda *about: model.groupings.only_group(scene, *about), model.costs.at)
    return trend_over(scene, data, lambda below: _view(model, subject, choice, frame, room, below))


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
    return replace(first, lines=tuple(lines), keys=keys)


def scene_of(model: PaneModel, subject: Subject, choice: ViewChoice, frame: FrameState, room: int, rows: int) -> Scene:
    """The scene for the view of a pane. The model must have a flush."""
    assert model.flush is not None
    data, beside = model.data(subject.map), model.beside(subject.map)
    neighbour = None
    if beside is not None:
        data, neighbour = model.joins.of(data, beside)
    flush = model.flush_of(subject.map) or model.flush
    return Scene(
        data,
        flush,
        model.trend(subject.map),
        choice,
        room,
        rows,
        frame.glyphs,
        frame.decoders,
        frame.extra,
        "cursor" if frame.focused else "cursor-dim",
        neighbour,
        model.past,
        model.buckets_of(subject.map),
        frame.shades,
        printed=model.printed(subject.map),
        namer=model.namer,
        baseline=model.baseline_of(subject.map, flush.seconds),
        of_process=model.page.pin is not None and len(model.page.pin.pids) == 1,
        flame_trees=model.flame_trees,
    )


def _view(
    model: PaneModel,
    subject: Subject,
    choice: ViewChoice,
    frame: FrameState,
    room: int,
    rows: int,
    cursor: str | None = None,
) -> Drawing:
    """`cursor` is the role of the row under the cursor, by default that of the frame."""
    from bttop.ui.board.frame.no_rows import with_reason  # needed once there is a flush
    from bttop.ui.board.groups.drawing import draw_rows_of

    assert subject.view is not None
    scene = scene_of(model, subject, choice, frame, room, rows)
    scene = scene if cursor is None else replace(scene, cursor=cursor)
    drawing = draw_rows_of(model, subject.view, scene)
    return with_reason(model, subject, scene, drawing)


def _first_flush(status: Status) -> str:
    """What to show until the first flush."""
    seconds = status.interval_ns / 1e9
    return f"counting; it prints every {seconds:g} s" if seconds >= 5 else "attached; waiting for the first flush"


def _silence(status: Status) -> str:
    """The text of the badge that says why a script shows nothing; empty without one."""
    from bttop.script.rewrite.showing import NOTHING_TO_SHOW, SHOWN_AT_END  # needed once a program runs

    return next((badge.text for badge in status.badges if badge.text in (NOTHING_TO_SHOW, SHOWN_AT_END)), "")


def _quiet(model: PaneModel) -> str:
    """The text of a pane that has nothing to show yet."""
    if model.looks_back and model.flush is None:
        return model.beginning()
    if model.status.state in (ProgramState.ATTACHED, ProgramState.LIVE) and (silent := _silence(model.status)):
        return f"{silent}; B explains why"
    return {
        ProgramState.STARTING: model.status.reason or COMPILING,
        ProgramState.ATTACHED: _first_flush(model.status),
        ProgramState.LIVE: "nothing printed yet",
        ProgramState.STOPPED: "stopped; x starts it",
        ProgramState.HELD: "detached; x starts it again",
        ProgramState.ENDED: "ended; x starts it again",
    }.get(model.status.state, "")


def draw_rule(
    model: PaneModel, subject: Subject, choice: ViewChoice, frame: FrameState, drawing: Drawing, now_ns: int
) -> Line:
    """The pane's first line: number, name and subject at the left; state, caveats and rate at the right."""
    mark, role = rule_mark(frame.glyphs, focused=frame.focused)
    head = rule_head(
        frame.number,
        model.program.name,
        frame.glyphs,
        focused=frame.focused,
        divided=frame.divided,
        below=frame.below,
        joined=frame.joined,
    )
    if frame.tabs:
        head[-1:] = tab_spans(frame.tabs, frame.tab_cells, frame.glyphs, focused=frame.focused)
    shown = [one for one in model.subjects() if one.view is not None]
    if len(shown) > 1 and subject in shown:
        head.append(Span(f"{visible_name(subject.label)} {shown.index(subject) + 1}/{len(shown)} ", "dim"))
    if choice.needle:
        head += [Span(f"/{visible(choice.needle)}", "match"), Span(" ", "rule")]
    if drawing.above:
        head += [Span(f"{drawing.above} above", "match"), Span(" ", "rule")]
    if model.host_views is not None:
        from bttop.ui.board.frame.host_rows_text import rows_text  # only for several hosts

        head.append(Span(f"{rows_text(model, subject)} ", "dim"))
    if choice.group or choice.inside is not None:
        from bttop.ui.board.groups.group_text import group_text  # needed once rows are grouped

        head.append(Span(group_text(choice, model.data(subject.map).plan, frame.decoders), "match"))
    late = _late(model, subject, frame, now_ns)
    notes = _notes(model, subject, frame, drawing, late)
    if line_width((*head, *rule_tail(notes, mark, role))) >= frame.width:
        notes = _notes(model, subject, frame, drawing, late, brief=True)
    return joined_rule(head, notes, mark, role, frame.width)


def _late(model: PaneModel, subject: Subject, frame: FrameState, now_ns: int) -> list[Span]:
    """The age of the flush with the subject, if the next one should have come."""
    age, period = model.age(now_ns, subject.map), model.period(subject.map)
    is_late = age is not None and age > max(frame.late_after, period * 1.5)
    return [Span(f"{numbers.duration(round(age))} old", "warn")] if is_late and age is not None else []


def _notes(
    model: PaneModel, subject: Subject, frame: FrameState, drawing: Drawing, late: list[Span], *, brief: bool = False
) -> list[Span]:
    """The notes at the right of the rule, the most important first: the state, then which numbers are missing or
    wrong. `brief` leaves out the details of the latter, which the state page (`B`) shows."""
    status = model.status
    wrong, right = _caveats(model)
    notes = [*_state_notes(model, frame), *_coverage(model, brief=brief)]
    if model.span_moment is not None:
        from bttop.ui.board.frame.span_text import span_notes  # needed once a span is chosen

        notes += span_notes(model, subject.map)
    if drawing.grouped or drawing.folded:
        from bttop.ui.board.groups.group_text import groups_text

        notes.append(Span(groups_text(drawing, brief=brief), "match"))
    notes += [Span(text.partition(": ")[0] if brief else text, "badge") for text in wrong]
    notes += _notes_of_choices(model, frame, brief=brief)
    if not status.running:
        notes += late  # the rate that follows is not current
    if model.flush is not None and drawing.summary:
        notes.append(Span(drawing.summary, "rate" if status.running else "dim"))
    if (spent := cost_note(model)) is not None:
        notes.append(spent)
    if drawing.hidden or drawing.above:
        notes.append(Span(_rows_on_show(drawing), "dim"))
    if drawing.note:
        notes.append(Span(drawing.note, "badge"))
    if status.running:
        notes += late
    return [*notes, *(Span(text, "badge") for text in right)]


def _rows_on_show(drawing: Drawing) -> str:
    """Which of all rows are on show, such as `5 of 98`, or `7-11 of 98` below the first row."""
    total = len(drawing.order)
    first = f"{drawing.above + 1}-" if drawing.above else ""
    return f"{first}{total - drawing.hidden} of {numbers.short(total)}"


def _notes_of_choices(model: PaneModel, frame: FrameState, *, brief: bool) -> list[Span]:
    """What the user has chosen for the pane: that it is held, its pin, and a baseline that it does not have."""
    notes = [Span("held", "warn")] if frame.held else []
    if frame.ended:
        ended = visible(frame.ended)
        notes.append(Span(ended.partition(": ")[0] if brief else ended, "warn"))
    elif model.page.pin is not None:
        notes.append(Span(pin_text(model.page.pin), "match"))
    if model.no_baseline:
        notes.append(Span("no baseline" if brief else f"no baseline: {model.no_baseline}", "badge"))
    return notes


def _state_notes(model: PaneModel, frame: FrameState) -> list[Span]:
    """The state, unless it is live; in a pane that is only a rule also the reason."""
    status = model.status
    word = STATE_WORDS.get(status.state)
    if word is None or (status.state is ProgramState.ATTACHED and model.flush is not None):
        return [Span("nothing happens", "dim")] if frame.height == 1 and model.is_quiet else []
    why = status.complaint.title if status.complaint is not None else status.reason
    return [Span(*word), *([Span(visible(why), word[1])] if frame.height == 1 and why else [])]


def _coverage(model: PaneModel, *, brief: bool) -> list[Span]:
    """How many hosts the flush on show covers, if one is missing; `brief` leaves out which."""
    covered = "" if model.flush is None else model.flush.coverage
    return [Span(visible(covered.partition(": ")[0] if brief else covered), "warn")] if covered else []


def _caveats(model: PaneModel) -> tuple[list[str], list[str]]:
    """The badges that mean that a number is missing or wrong, and the other badges."""
    caveats = [(badge, caveat in MISSING_OR_WRONG) for caveat, badge in model.caveats()]
    has_numbers = model.status.state not in (ProgramState.FAILED, ProgramState.UNAVAILABLE)
    badges = [(visible(one.text), one.says_wrong) for one in model.status.badges if has_numbers]
    found = [*badges, *caveats]
    # A thinned program has the same badge for its script and for its flush.
    unique = dict(found)
    return [text for text, is_wrong in unique.items() if is_wrong], [text for text, bad in unique.items() if not bad]
