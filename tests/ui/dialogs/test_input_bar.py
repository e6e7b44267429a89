"""The line that asks: what it shows of a long answer, of a pasted program, of complaints and of completions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.ui.dialogs.input_bar import InputBar, InputCompletions, InputQuestion
from bttop.ui.dialogs.line_edit import LineEdit
from bttop.ui.render.spans import UNICODE, Line, Span, line_width, plain
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]


def nothing(_answer: str | None) -> None:
    """The answer is not looked at."""


def asking(text: str, cursor: int | None = None, notes: tuple[Line, ...] = ()) -> InputBar:
    """A bar that asks for a program; `text` is there already."""
    bar = InputBar(NIGHT, UNICODE, lambda: None)
    bar._question = InputQuestion(":", nothing)
    bar._edit = replace(LineEdit.begin(text), cursor=len(text) if cursor is None else cursor)
    bar._notes = notes
    return bar


def answer(bar: InputBar, cells: int = 80) -> Line:
    return bar.lines(cells)[-1]


def before_and_under(line: Line) -> tuple[str, str]:
    at = next(index for index, span in enumerate(line) if span.role == "cursor")
    return plain(line[:at]), line[at].text


@given(st.text(max_size=120) | st.text("名\n\x1ba", min_size=40, max_size=120), st.integers(40, 120), st.data())
def test_the_cursor_is_in_sight_whatever_is_typed(text: str, cells: int, data: st.DataObject) -> None:
    cursor = data.draw(st.integers(0, len(text)))
    line = answer(asking(text, cursor), cells)
    before, under = before_and_under(line)
    assert line_width((Span(before), Span(under))) <= cells
    assert under


def test_the_cursor_stands_on_the_character_that_the_next_key_would_push_on() -> None:
    assert before_and_under(answer(asking("kprobe:f { }", 7))) == (" :kprobe:", "f")
    assert before_and_under(answer(asking("kprobe:f"))) == (" :kprobe:f", " ")


def test_line_ends_and_control_characters_are_visible() -> None:
    assert plain(answer(asking("a\nb\x1bc"))).strip() == r":a↵b\x1bc"


def test_the_end_of_a_pasted_program_of_many_lines_is_shown() -> None:
    line = plain(answer(asking("// a comment\n" * 40 + "profile:hz:99 { @ = count(); }")))
    assert line.rstrip().endswith("profile:hz:99 { @ = count(); }")


def test_a_complaint_stands_above_the_answer() -> None:
    notes = ((Span(" no such probe", "error"),), (Span("   ^^^", "warn"),))
    assert [plain(line).rstrip() for line in asking("kprobe:f", notes=notes).lines(80)] == [
        " no such probe",
        "   ^^^",
        " :kprobe:f",
    ]


def test_nothing_is_shown_when_nothing_is_asked() -> None:
    assert InputBar(NIGHT, UNICODE, lambda: None).lines(80) == []


class Tabbed(InputBar):
    """A bar without an application around it."""

    def _settle(self) -> None:
        pass


def offering(typed: str, *words: str) -> InputBar:
    bar = Tabbed(NIGHT, UNICODE, lambda: None)
    bar._question = InputQuestion(":", nothing, complete=lambda _text, _cursor: InputCompletions(0, words))
    bar._edit = LineEdit.begin(typed)
    return bar


def texts_after(bar: InputBar, *steps: int) -> list[str]:
    found = []
    for step in steps:
        bar._complete(step)
        found.append(bar._edit.text)
    return found


def test_tab_puts_in_the_only_word() -> None:
    assert texts_after(offering("kpr", "kprobe:"), 1) == ["kprobe:"]


def test_tab_puts_in_what_all_words_share_then_goes_round_them() -> None:
    bar = offering("vf", "vfs_read", "vfs_readv", "vfs_rename")
    assert texts_after(bar, 1, 1, 1, 1, 1) == ["vfs_re", "vfs_read", "vfs_readv", "vfs_rename", "vfs_read"]
    assert "vfs_rename" in plain(bar.lines(80)[0])


def test_shift_tab_goes_round_the_words_from_the_last() -> None:
    assert texts_after(offering("vf", "vfs_read", "vfs_readv", "vfs_rename"), 1, -1, -1) == [
        "vfs_re",
        "vfs_rename",
        "vfs_readv",
    ]


def test_tab_without_words_changes_nothing() -> None:
    bar = offering("xyz")
    assert texts_after(bar, 1, 1) == ["xyz", "xyz"]
    assert len(bar.lines(80)) == 1


def test_words_that_only_contain_what_is_typed_do_not_take_it_away() -> None:
    assert texts_after(offering("read", "kprobe:vfs_read", "tracepoint:x:read"), 1) == ["read"]
