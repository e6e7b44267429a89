"""What a script prints by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.flush.contents import empty_map
from bttop.model.record.records import Printed, Stamp, Value
from bttop.ui.render.spans import line_width, plain
from bttop.ui.views.log import KEPT, LONGEST, Log, draw_log
from tests.ui.scenes import flush_of, map_plan

STAMP = Stamp(1, 1)


def log_of(*printed: tuple[str, Value]) -> Log:
    log = Log()
    flush = flush_of(empty_map(map_plan()))
    log.extend([replace(flush, printed=tuple(Printed(STAMP, kind, data) for kind, data in printed))])
    return log


def test_pieces_of_a_line_are_joined_until_its_newline() -> None:
    assert log_of(("printf", "open "), ("printf", "/etc/passwd\nclo"), ("printf", "se\n")).lines == [
        "open /etc/passwd",
        "close",
    ]


def test_other_records_are_lines_by_themselves() -> None:
    assert log_of(("value", 5), ("cat", "a\nb"), ("syscall", "x")).lines == ["5", "a", "b", "x"]


def test_lines_are_made_visible() -> None:
    assert log_of(("printf", "\x1b[2Jx\n")).lines == ["\\x1b[2Jx"]


def test_a_log_is_bounded_and_keeps_the_newest() -> None:
    log = log_of(*[("printf", f"{n}\n") for n in range(KEPT + 50)])
    assert len(log.lines) == KEPT
    assert log.lines[-1] == str(KEPT + 49)


def test_a_script_that_never_ends_its_line_is_bounded_too() -> None:
    log = log_of(*[("printf", "x" * 999) for _ in range(50)])
    assert sum(map(len, log.lines)) >= 49_950 - LONGEST
    assert max(map(len, log.lines)) <= LONGEST


def test_an_unfinished_line_makes_a_log() -> None:
    assert log_of(("printf", "no newline"))
    assert not log_of()


LINES = [f"line {n}" for n in range(100)]


def drawn(rows: int, back: int = 0, needle: str = "") -> tuple[list[str], int]:
    lines, really = draw_log(LINES, 20, rows, back, needle)
    return [plain(line).rstrip() for line in lines], really


def test_the_newest_line_is_at_the_bottom() -> None:
    assert drawn(3) == (["line 97", "line 98", "line 99"], 0)


def test_scrolling_back_stops_at_the_oldest() -> None:
    assert drawn(3, back=10) == (["line 87", "line 88", "line 89"], 10)
    assert drawn(3, back=1000) == (["line 0", "line 1", "line 2"], 97)


def test_the_filter_shows_matching_lines_alone() -> None:
    assert drawn(30, needle="LINE 9") == (["line 9", *[f"line {n}" for n in range(90, 100)]], 0)


@given(
    st.lists(st.text(st.sampled_from("ab漢"), max_size=60), max_size=30),
    st.integers(37, 80),
    st.integers(1, 20),
    st.integers(0, 50),
)
def test_every_line_has_exactly_the_width(lines: list[str], width: int, rows: int, back: int) -> None:
    shown, _ = draw_log(lines, width, rows, back, "")
    assert len(shown) == min(rows, len(lines))
    assert all(line_width(line) == width for line in shown)
