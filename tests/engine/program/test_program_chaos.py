"""Whatever happens to a program, in whatever order."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from bttop.engine.generation.source import Settings
from bttop.engine.program.status import ProgramState
from tests.engine.stage import (
    BANKS,
    COUNTS,
    PRINTS_ONLY,
    SECOND,
    TALKS,
    UNREADABLE,
    Stage,
    source,
    state,
)


class Chaos:
    """Does anything to a program, at any time, to any of its generations."""

    TEXTS = (COUNTS, TALKS, UNREADABLE, PRINTS_ONLY)
    CODES = (0, 1, 2, 127, 255, -1, -2, -6, -9, -11, -13, -15)
    LINES = (
        b"",
        b"{",
        b"\xff",
        b"ERROR: no",
        b"stdin:1:1-2: ERROR: no",
        b'{"type": "map", "data": {"@n": {"1": 2}}}',
        b'{"type": "map", "data": {"@__bt_a1": 5}}',
        b'{"type": "value", "data": [0,[0,9,0]]}',
    )
    ACTIONS = (
        "start",
        "stop",
        "change",
        "reload",
        "lose",
        "tick",
        "ready",
        "beat",
        "late",
        "exit",
        "fail",
        "count",
        "drop",
        "line",
    )

    def __init__(self) -> None:
        self.stage = Stage(source(), source(TALKS, "other.bt")).start()
        self.ended: set[int] = set()
        """Numbers of the generations whose process is gone."""

    @property
    def numbers(self) -> set[int]:
        return {one.number for one in self.stage.launched}

    def act(self, action: str, which: int, how: int) -> None:
        stage, program = self.stage, self.stage.program
        generation = stage.launched[which % len(stage.launched)]
        bank = {BANKS[how % 2]: {"1": 2}}
        match action:
            case "start" | "stop":
                getattr(program, action)(stage.now)
            case "change":
                program.change(Settings(interval_ms=100 * (1 + how % 9)), stage.now)
            case "reload":
                program.reload((source(self.TEXTS[how % len(self.TEXTS)]),), stage.now)
            case "lose":
                self.ended |= self.numbers
                program.on_tracer_lost(stage.now, "gone")
            case "tick":
                stage.tick((0.1, 1, 9, 40)[how % 4])
            case "ready":
                stage.ready(generation)
            case "beat" | "late":
                stage.beat(generation, bank, late_ns=90 * SECOND if action == "late" else 0)
            case "exit":
                self.ended.add(generation.number)
                stage.exit(generation, self.CODES[how % len(self.CODES)])
            case "fail":
                self.ended.add(generation.number)
                program.on_failed(generation, "no", stage.now)
            case "count":
                program.on_descriptors(generation, {"bpf-map": how}, stage.now)
            case "drop":
                program.on_dropped(generation, how)
            case _:
                stage.line(generation, self.LINES[how % len(self.LINES)])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Chaos.ACTIONS), st.integers(0, 9), st.integers(0, 23)), max_size=40))
def test_no_sequence_of_events_raises_or_forgets_a_process(events: list[tuple[str, int, int]]) -> None:
    chaos = Chaos()
    for action, which, how in events:
        chaos.act(action, which, how)
        stage, held = chaos.stage, set(chaos.stage.living)
        assert len(held) <= 2
        assert chaos.numbers - held - chaos.ended <= set(stage.stopped), "what is not held was told to stop"
        assert held or state(stage) not in (
            ProgramState.STARTING,
            ProgramState.ATTACHED,
            ProgramState.LIVE,
            ProgramState.SILENT,
            ProgramState.DAMAGED,
        )
        late = {two.generation for one, two in itertools.pairwise(stage.shown) if one.generation > two.generation}
        assert late <= set(stage.stopped), "only what was told to stop is shown after its successor"
        assert stage.program.tally.dropped >= 0
