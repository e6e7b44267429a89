"""A pane with nothing to show shrinks to a line after a while, and grows back at once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from bttop.ui.board import pane as pane_module
from bttop.ui.board.pane import QUIET_NS, Pane
from bttop.ui.board.pane_frame import FrameState, draw_pane
from bttop.ui.render.spans import UNICODE, plain
from bttop.ui.themes import load_themes
from bttop.ui.views.base import ViewChoice
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine, calls

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]
CALLS = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }"
ROWS = {"842,dd": 100, "9,x": 3}
FRAME = FrameState(1, 80, 12, focused=False, divided=False, below=False, glyphs=UNICODE)


class Watched:
    """A pane whose clock the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000
        monkeypatch.setattr(pane_module, "boot_ns", lambda: self.now)
        self.fake = FakeEngine()
        self.program = self.fake.add("calls", CALLS)
        self.pane = Pane(self.program, FRAME, NIGHT)
        self.pane.advance()

    def flush(self, rows: Mapping[str, int], later_ns: int = 0) -> bool:
        """One more flush after this time; return whether the pane is quiet."""
        self.now += later_ns
        self.fake.flush(self.program, calls(self.program, rows))
        self.pane.advance()
        self.pane.repaint()
        return self.pane.is_quiet


def test_a_pane_is_quiet_once_nothing_happened_for_a_while_and_not_quiet_with_the_first_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched = Watched(monkeypatch)
    watched.fake.attach(watched.program)
    assert not watched.flush(ROWS)
    assert not watched.flush({}, QUIET_NS)
    assert not watched.flush({}, QUIET_NS - 1)
    assert watched.flush({}, 1)
    assert not watched.flush(ROWS)
    assert not watched.flush({}, QUIET_NS)


def test_a_thinned_pane_without_rows_says_what_is_taken_and_stays_large(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch)
    watched.fake.attach(watched.program)
    assembler = watched.program.generations()[-1]._reader._assembler
    origin = assembler._origin
    assembler._origin = replace(origin, plan=replace(origin.plan, one_in=256))
    assert not watched.flush({}, 1)
    assert not watched.flush({}, 2 * QUIET_NS)
    pane, frame = watched.pane, replace(FRAME, width=39)
    drawn = draw_pane(pane.model, pane.subject, ViewChoice(), frame, watched.fake.now)
    text = "\n".join(plain(line) for line in drawn.lines)
    assert " nothing was counted: 1 in 256 is taken" in text
    assert "nothing happened" not in text


def test_a_pane_of_an_earlier_moment_and_one_with_a_row_that_the_user_chose_are_not_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched = Watched(monkeypatch)
    watched.fake.attach(watched.program)
    watched.flush({})
    assert watched.flush({}, QUIET_NS)
    watched.pane.advance(watched.fake.now)
    assert not watched.pane.is_quiet
    watched.flush(ROWS)
    watched.pane.move(1)
    watched.flush({})
    assert not watched.flush({}, 2 * QUIET_NS)


def test_a_pane_that_is_starting_is_not_quiet_and_one_that_failed_is_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched = Watched(monkeypatch)
    watched.now += 2 * QUIET_NS
    watched.pane.advance()
    assert not watched.pane.is_quiet
    watched.fake.complain(watched.program, "ERROR: this cannot run")
    for _ in range(2):  # the edited text, then the text itself
        watched.fake.end(watched.program, 1)
    watched.pane.advance()
    assert not watched.pane.is_quiet
    watched.now += QUIET_NS
    watched.pane.advance()
    assert watched.pane.is_quiet


def test_the_one_line_says_what_is_the_matter() -> None:
    fake = FakeEngine()
    quiet, failed = fake.add("quiet", CALLS), fake.add("failed", CALLS)
    fake.attach(quiet)
    fake.flush(quiet, calls(quiet, {}))
    for _ in range(2):
        fake.end(failed, 3)
    for program, words in ((quiet, "nothing happens"), (failed, "failed · failed: ")):
        pane = Pane(program, FRAME, NIGHT)
        pane.advance()
        frame = FrameState(2, 100, 1, focused=False, divided=True, below=True, glyphs=UNICODE, joined=False)
        (line,) = draw_pane(pane.model, pane.subject, ViewChoice(), frame, fake.now).lines
        assert plain(line).startswith(f"├─2 {program.name} ")
        assert words in plain(line)
