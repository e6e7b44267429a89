"""The cursor of a pane: always on a row that is on screen, and on its key, whatever the rows do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from msgspec.structs import replace

from bttop.engine.program.program import Program
from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_frame import FrameState
from bttop.ui.render.spans import UNICODE, plain
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine, calls

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]
CALLS = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }"
LARGEST = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = max(args.id); }"
ROWS = {f"{n},worker{n}": 1000 - n for n in range(1, 41)}
HEIGHT = 12
"""Ten rows fit."""


class Shown:
    """A pane over a program whose bpftrace the test speaks for."""

    def __init__(self, rows: Mapping[str, int] = ROWS, text: str = CALLS, *, focused: bool = True) -> None:
        self.fake = FakeEngine()
        self.program: Program = self.fake.add("calls", text)
        self.fake.attach(self.program)
        frame = FrameState(1, 80, HEIGHT, focused=focused, divided=False, below=False, glyphs=UNICODE)
        self.pane = Pane(self.program, frame, NIGHT)
        self.flush(rows)

    def flush(self, rows: Mapping[str, int]) -> None:
        self.fake.flush(self.program, calls(self.program, rows))
        self.pane.advance()
        self.pane.repaint()

    @property
    def marked(self) -> list[str]:
        """The texts of the lines under the cursor."""
        assert self.pane._face is not None
        lines = self.pane._face.lines
        return [plain(line) for line in lines if any(span.role.startswith("cursor") for span in line)]


def moved(rows: int) -> Callable[[Pane], None]:
    return lambda pane: pane.move(rows)


def in_turn(*actions: Callable[[Pane], None]) -> Callable[[Pane], None]:
    def all_of_them(pane: Pane) -> None:
        for action in actions:
            action(pane)

    return all_of_them


ACTIONS: Mapping[str, Callable[[Pane], None]] = {
    "nothing": lambda _pane: None,
    "down": moved(1),
    "up": moved(-1),
    "a page down": lambda pane: pane.page(1),
    "last": lambda pane: pane.jump(to_end=True),
    "first": lambda pane: pane.jump(to_end=False),
    "wheel": lambda pane: pane.scroll(3),
    "far wheel": lambda pane: pane.scroll(3000),
    "wheel and back": in_turn(lambda pane: pane.scroll(20), lambda pane: pane.scroll(-3)),
    "filter": lambda pane: pane.filter("worker3"),
    "filter hides the row": in_turn(lambda pane: pane.move(5), lambda pane: pane.filter("worker3")),
    "filter hides all": lambda pane: pane.filter("nothing like this"),
    "filter taken back": in_turn(lambda pane: pane.filter("worker3"), lambda pane: pane.filter("")),
    "sort": lambda pane: pane.sort_by(1),
    "reverse": lambda pane: pane.reverse(),
    "reverse below": in_turn(lambda pane: pane.jump(to_end=True), lambda pane: pane.reverse()),
    "unfold": lambda pane: pane.fold(open_=True),
    "narrow": lambda pane: pane.set_frame(replace(pane.frame, width=30)),
    "flat": lambda pane: pane.set_frame(replace(pane.frame, height=4)),
}
FLUSHES: Mapping[str, Mapping[str, int]] = {
    "the same": ROWS,
    "turned": {key: 1000 - value for key, value in ROWS.items()},
    "others": {f"{n},other{n}": n for n in range(100, 130)},
    "one": {"7,worker7": 3},
    "none": {},
}


@pytest.mark.parametrize("later", FLUSHES)
@pytest.mark.parametrize("action", ACTIONS)
def test_the_cursor_is_on_the_one_row_that_keys_act_on_whatever_happens(action: str, later: str) -> None:
    shown = Shown()
    ACTIONS[action](shown.pane)
    for rows in (ROWS, FLUSHES[later], FLUSHES[later]):
        shown.flush(rows)
        key = shown.pane.cursor
        on_screen = [one for one in shown.pane.drawing.keys if one is not None]
        assert (key is None) == (not on_screen)
        assert len(shown.marked) == len(on_screen[:1])
        if key is not None:
            assert key.partition(",")[2] in shown.marked[0]


def test_a_key_acts_on_a_row_on_screen_after_the_wheel_has_moved_the_first_rows_away() -> None:
    shown = Shown()
    shown.pane.scroll(25)
    assert shown.pane.cursor == "26,worker26"


def test_the_cursor_stays_on_its_row_while_the_order_changes_below_it() -> None:
    shown = Shown()
    shown.flush({**ROWS, "5,worker5": 5000})
    assert shown.pane.cursor == "1,worker1"
    assert "worker1 " in shown.marked[0]


def test_a_cursor_that_nobody_moved_does_not_take_the_view_away_from_the_first_rows() -> None:
    shown = Shown()
    shown.flush({**ROWS, "1,worker1": 1})
    assert shown.pane.cursor == "2,worker2"
    assert shown.pane.choice.top == 0


def test_a_row_that_the_user_chose_is_followed_and_shown_with_zero_while_nothing_happens_to_it() -> None:
    shown = Shown()
    shown.pane.move(2)
    shown.flush({**ROWS, "3,worker3": 1})
    assert (shown.pane.cursor, shown.pane.choice.at) == ("3,worker3", 39)
    shown.flush({key: value for key, value in ROWS.items() if key != "3,worker3"})
    assert shown.pane.cursor == "3,worker3"
    assert shown.marked[0].split()[:3] == ["0", "3", "worker3"]
    shown.flush(ROWS)
    assert (shown.pane.cursor, shown.pane.choice.at) == ("3,worker3", 2)


def test_a_value_that_is_not_a_count_is_unknown_and_not_zero_in_an_interval_without_the_row() -> None:
    shown = Shown(text=LARGEST)
    shown.pane.move(2)
    shown.flush({"9,worker9": 5})
    assert shown.marked[0].split()[:3] == ["-", "3", "worker3"]


def test_the_cursor_is_bright_in_the_focused_pane_and_dim_in_others_and_keeps_the_bar() -> None:
    for focused, role in ((True, "cursor"), (False, "cursor-dim")):
        pane = Shown(focused=focused).pane
        assert pane._face is not None
        roles = {span.role for span in pane._face.lines[2]}
        assert roles == {role, "bar", "trend"}


def test_back_returns_to_the_first_rows_once() -> None:
    shown = Shown()
    shown.pane.move(20)
    assert shown.pane.to_top()
    assert shown.pane.cursor == "1,worker1"
    assert not shown.pane.to_top()


def test_the_ends_of_a_log_are_its_oldest_and_its_newest_line() -> None:
    fake = FakeEngine()
    program = fake.add("log", 'tracepoint:raw_syscalls:sys_enter { printf("%s\\n", comm); }')
    fake.attach(program)
    fake.flush(program, *[{"type": "printf", "data": f"line {number}\n"} for number in range(100)])
    frame = FrameState(1, 80, HEIGHT, focused=True, divided=False, below=False, glyphs=UNICODE)
    pane = Pane(program, frame, NIGHT)
    pane.advance()
    pane.repaint()
    for to_end, line in ((False, "line 0 "), (True, "line 99 ")):
        pane.jump(to_end=to_end)
        assert pane._face is not None
        assert line in "".join(plain(one) for one in pane._face.lines)
