"""Maps that are odd in one way each, in a whole pane: every view, with each choice of the user, live, earlier and as a
span, in panes of any size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from msgspec import Struct

from bttop.engine.program.program import Program
from bttop.model.history.span import ChosenSpan, TimeSpan
from bttop.model.stacks.form import FlameForm
from bttop.store.compare.period import ProgramPeriod
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_frame import FrameState, draw_pane
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs, line_width
from bttop.ui.views.base import HistogramChoice, TrendLine, ViewChoice
from bttop.ui.views.flame_choice import FlameChoice
from bttop.ui.views.plot import CellChoice
from tests.model.stacks.kit import stack
from tests.ui.hostile import HOSTILE, raw_in
from tests.ui.scenes import SECOND, START, FakeEngine, printed_name

STACKS = "profile:hz:99 { @s[pid, comm, ustack] = count(); }"
STORED = "profile:hz:99 { @s[pid, comm] = ustack; }"
SUMS = "kprobe:f { @s[pid, comm] = sum(arg0); }"
SIZES = "kprobe:f { @s[comm] = hist(arg0); }"
LINEAR = "kprobe:f { @s = lhist(arg0, 0, 1000, 100); }"
LARGE = 1 << 63


class Case(Struct, frozen=True):
    """A script, and what its map `@s` prints in each flush; the last one is on show."""

    text: str
    prints: Sequence[Any]
    kind: str = "map"


def deep(count: int, *more: str) -> str:
    return f"7,java,{stack(*[f'f{number}' for number in range(count)], *more)}"


CASES: Mapping[str, Case] = {
    "empty stacks": Case(STACKS, [{f"7,java,{stack()}": 3, "8,java,": 1}]),
    "500 frames": Case(STACKS, [{deep(500): 2, deep(1): 1}]),
    "one key": Case(STACKS, [{deep(1): 1}]),
    "no key": Case(STACKS, [{}]),
    "a map that becomes empty": Case(STACKS, [{deep(3): 1}, {}]),
    "counts of 2^63": Case(STACKS, [{deep(count): LARGE for count in range(1, 4)}] * 2),
    "odd names": Case(STACKS, [{f"7,{name},{stack('std::map<int, a b>; [x]', name, '漢字')}": 1 for name in HOSTILE}]),
    "stored stacks": Case(STORED, [{"7,java": stack("main", "f"), "8,": "", "9,x": 0}]),
    "negative sums": Case(SUMS, [{"7,a": -5, "8,b": -LARGE}, {"7,a": 3}]),
    "sums of 2^63": Case(SUMS, [{f"{pid},a": LARGE for pid in range(1, 30)}] * 2),
    "2,000 keys": Case(SUMS, [{f"{pid},java": pid for pid in range(2000)}] * 2),
    "negative buckets": Case(SIZES, [{"a": [{"max": -1, "count": 4}, {"min": 0, "max": 0, "count": 1}]}] * 2, "hist"),
    "only the overflow bucket": Case(LINEAR, [[{"min": 1000, "count": LARGE}]] * 2, "hist"),
    "no bucket": Case(LINEAR, [[]], "hist"),
    "buckets that change": Case(
        LINEAR, [[{"min": 0, "max": 99, "count": 1}], [{"min": 50, "max": 149, "count": 1}]], "hist"
    ),
}
SHAPES = ((1, 1), (2, 2), (10, 1), (10, 6), (10, 40), (37, 9), (120, 30), (300, 60))
CHOICES = (
    ViewChoice(),
    ViewChoice(group="comm"),
    ViewChoice(group="frame", selected="", moved=True),
    ViewChoice(inside="nothing"),
    ViewChoice(trend=(TrendLine("7,a", "rate"), TrendLine("", "p99"))),
    ViewChoice(needle="nothing has this", all_rows=True),
    ViewChoice(histogram=HistogramChoice(form="cumulative", second="a"), cell=CellChoice(START, 1 << 70, 0, -5, 7)),
    ViewChoice(flame=FlameChoice(FlameForm(split="process", names="module", inverted=True), "flame", zoom=9)),
    ViewChoice(top=1 << 40, at=1 << 40, moved=True, selected="gone", opened=frozenset({"gone"})),
)


@pytest.mark.parametrize("name", CASES)
def test_an_odd_map_fills_its_pane(name: str) -> None:
    fake = FakeEngine()
    program = run(fake, CASES[name])
    for model in moments(fake, program):
        for width, height in SHAPES:
            for glyphs in (UNICODE, ASCII):
                check(model, fake.now, width, height, glyphs)


@pytest.mark.parametrize("name", CASES)
def test_a_baseline_of_any_other_script_is_drawn_or_left_out(name: str) -> None:
    fake = FakeEngine()
    model = PaneModel(run(fake, CASES[name]))
    model.advance()
    for other in CASES.values():
        model.baseline = period_of(run(FakeEngine(), other))
        for width, height in ((10, 6), (100, 20)):
            check(model, fake.now, width, height, UNICODE, CHOICES[:2])


def run(fake: FakeEngine, case: Case) -> Program:
    """A program that has printed the flushes of a case."""
    program = fake.add("odd", case.text)
    fake.attach(program)
    for printed in case.prints:
        fake.flush(program, {"type": case.kind, "data": {printed_name(program, "@s"): printed}})
    return program


def period_of(program: Program) -> ProgramPeriod:
    """All flushes of a program as a baseline."""
    period = ProgramPeriod(program.name)
    for flush in program.history.window(len(program.history)):
        period.totals.add(flush)
    return period


def moments(fake: FakeEngine, program: Program) -> Iterator[PaneModel]:
    """The pane live, at the first flush, as a span of all flushes and of none."""
    model = PaneModel(program)
    everything, nothing = TimeSpan(START, fake.now), TimeSpan(START - 9 * SECOND, START - SECOND)
    for at, span in ((None, None), (START + SECOND, None), (fake.now, everything), (nothing.end_ns, nothing)):
        chosen = None if span is None else ChosenSpan(span)
        model.advance(at, chosen)
        while model.unfinished:
            model.advance(at, chosen)
        yield model


def check(
    model: PaneModel,
    now_ns: int,
    width: int,
    height: int,
    glyphs: Glyphs,
    choices: Sequence[ViewChoice] = CHOICES,
) -> None:
    """Every view of every map, with each choice, fills the place exactly and shows no raw character."""
    frame = FrameState(1, width, height, focused=True, divided=False, below=False, glyphs=glyphs, shades=15)
    for subject in model.subjects():
        for choice in choices:
            lines = draw_pane(model, subject, choice, frame, now_ns).lines
            assert len(lines) == height, (subject.label, choice)
            assert {line_width(line) for line in lines} == {width}, (subject.label, choice)
            assert raw_in(lines) == [], (subject.label, choice)
