"""The timeline: the moment, the marks and the last note, in any width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.board.screen_bars.timeline_bar import TimelinePosition, timeline_lines
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs, line_width, plain

NOTE = "the batch begins to read"


def position(moment: int, marks: tuple[int, ...] = (), note: str = "", newest: int = 100) -> TimelinePosition:
    return TimelinePosition(0, newest, moment, "03:11:00", "03:12:40", marks, note)


def text(shown: TimelinePosition, cells: int, glyphs: Glyphs = UNICODE) -> list[str]:
    return [plain(line) for line in timeline_lines(shown, cells, glyphs, 4)]


def test_the_moment_stands_between_both_ends() -> None:
    assert text(position(0), 31) == [" 03:11:00 ●────────── 03:12:40 "]
    assert text(position(50), 31) == [" 03:11:00 ━━━━━●───── 03:12:40 "]
    assert text(position(100), 31) == [" 03:11:00 ━━━━━━━━━━● 03:12:40 "]


def test_marks_are_on_the_line_and_the_moment_covers_them() -> None:
    assert text(position(50, (0, 20, 50, 90)), 31) == [" 03:11:00 ⚑━⚑━━●───⚑─ 03:12:40 "]
    assert text(position(50, (20, 90)), 31, ASCII) == [" 03:11:00 ==!==*---!- 03:12:40 "]


def test_a_note_is_beside_the_track_if_both_fit_and_above_it_if_not() -> None:
    (wide,) = text(position(50, (20,), NOTE), 100)
    assert wide.startswith(f" ⚑ {NOTE}  03:11:00 ━")
    above, track = text(position(50, (20,), NOTE), 60)
    assert above == f" ⚑ {NOTE} "
    assert track.startswith(" 03:11:00 ━")


def test_a_long_note_is_shown_in_full() -> None:
    note = " ".join(f"word{number}" for number in range(30))
    *above, _ = text(position(50, (20,), note), 60)
    assert " ".join(" ".join(above).split()) == f"⚑ {note}"


def test_a_note_that_would_cover_the_panes_is_cut_and_ends_in_an_ellipsis() -> None:
    *above, track = text(position(50, (20,), "漢字 " * 300_000), 60)
    assert len(above) == 4
    assert above[-1].rstrip().endswith("…")
    assert track.startswith(" 03:11:00 ━")


def test_what_a_note_contains_does_not_reach_the_terminal() -> None:
    assert "\x1b" not in "".join(text(position(50, (20,), "\x1b[2J"), 80))


@pytest.mark.parametrize("newest", [0, 100])
@given(st.integers(-50, 200), st.lists(st.integers(-50, 200), max_size=5), st.integers(30, 240))
def test_the_track_has_its_width_wherever_the_moment_and_the_marks_are(
    newest: int, moment: int, marks: list[int], cells: int
) -> None:
    (line,) = timeline_lines(position(moment, tuple(marks), newest=newest), cells, UNICODE, 4)
    assert line_width(line) == cells
    assert plain(line).count("●") == 1


def test_a_span_is_the_heavy_part_between_its_ends() -> None:
    position = TimelinePosition(0, 100, 60, "03:00:00", "03:01:40", begin=20)
    (line,) = timeline_lines(position, 61, UNICODE, 4)
    assert plain(line).split()[1] == "────────●━━━━━━━━━━━━━━━●────────────────"
