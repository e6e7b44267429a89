"""The line that is being typed: every key, the history, and the part of a long line that is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.dialogs.line_edit import LineEdit, visible_part
from bttop.ui.render.text import width

KEYS = (
    "backspace", "ctrl+h", "delete", "ctrl+d", "ctrl+u", "ctrl+k", "ctrl+w", "up", "ctrl+p", "down", "ctrl+n", "left",
    "right", "home", "ctrl+a", "end", "ctrl+e", "ctrl+left", "ctrl+right",
)  # fmt: skip


def typed(marked: str, history: tuple[str, ...] = ()) -> LineEdit:
    """A line whose cursor stands where the `|` is."""
    before, _, after = marked.partition("|")
    return LineEdit(before + after, len(before), history)


def marked(edit: LineEdit | None) -> str:
    """The line with a `|` where the cursor stands."""
    assert edit is not None
    return f"{edit.text[: edit.cursor]}|{edit.text[edit.cursor :]}"


def pressed(edit: LineEdit, *keys: str) -> LineEdit:
    for key in keys:
        after = edit.press(key)
        assert after is not None
        edit = after
    return edit


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("left", "ab|c", "a|bc"),
        ("left", "|abc", "|abc"),
        ("right", "ab|c", "abc|"),
        ("right", "abc|", "abc|"),
        ("home", "ab|c", "|abc"),
        ("ctrl+a", "ab|c", "|abc"),
        ("end", "a|bc", "abc|"),
        ("ctrl+e", "a|bc", "abc|"),
        ("backspace", "ab|c", "a|c"),
        ("backspace", "|abc", "|abc"),
        ("ctrl+h", "ab|c", "a|c"),
        ("delete", "a|bc", "a|c"),
        ("delete", "abc|", "abc|"),
        ("ctrl+d", "a|bc", "a|c"),
        ("ctrl+u", "ab|c", "|c"),
        ("ctrl+k", "ab|c", "ab|"),
        ("ctrl+w", "kprobe:vfs_read|", "kprobe:|"),
        ("ctrl+w", "kprobe:|vfs_read", "|vfs_read"),
        ("ctrl+w", "{ @[comm]  |", "{ @[|"),
        ("ctrl+left", "kprobe:vfs_read { |", "kprobe:|vfs_read { "),
        ("ctrl+left", "|a b", "|a b"),
        ("ctrl+right", "kprobe|:vfs_read { }", "kprobe:vfs_read| { }"),
        ("ctrl+right", "a b|", "a b|"),
    ],
)
def test_a_key_edits_or_moves(key: str, before: str, after: str) -> None:
    assert marked(typed(before).press(key)) == after


@pytest.mark.parametrize("key", ["tab", "enter", "escape", "f5", "a", "pageup", "ctrl+x"])
def test_a_key_that_edits_nothing_is_left_to_others(key: str) -> None:
    assert typed("a|b").press(key) is None


def test_what_is_typed_stands_before_the_cursor() -> None:
    assert marked(typed("a|c").insert("bb")) == "abb|c"


def test_a_completion_takes_the_place_of_the_word_before_the_cursor() -> None:
    assert marked(typed("kprobe:vfs_|{ }").replace_from(0, "kprobe:vfs_read")) == "kprobe:vfs_read|{ }"


def test_a_line_begins_with_the_cursor_at_its_end() -> None:
    assert marked(LineEdit.begin("abc", ["one"])) == "abc|"


def test_the_history_is_walked_from_the_newest_and_stops_at_the_oldest() -> None:
    edit = LineEdit.begin("", ["first", "second", "third"])
    shown = [edit := pressed(edit, "up") for _ in range(4)]
    assert [one.text for one in shown] == ["third", "second", "first", "first"]
    assert marked(shown[-1]) == "first|"


@pytest.mark.parametrize(("older", "newer"), [("up", "down"), ("ctrl+p", "ctrl+n")])
def test_below_the_newest_line_comes_back_what_was_being_typed(older: str, newer: str) -> None:
    edit = LineEdit.begin("half a li", ["first", "second"])
    assert marked(pressed(edit, older, older, newer, newer)) == "half a li|"
    assert marked(pressed(edit, older, newer, newer)) == "half a li|"


def test_an_edited_line_of_the_history_is_what_is_being_typed_from_then_on() -> None:
    edit = pressed(LineEdit.begin("draft", ["first", "second"]), "up").insert("!")
    assert edit.text == "second!"
    assert pressed(edit, "up").text == "second"
    assert pressed(edit, "up", "down").text == "second!"


def test_editing_leaves_the_history_alone() -> None:
    edit = pressed(LineEdit.begin("", ["first"]), "up", "ctrl+u", "up")
    assert edit.text == "first"


# A key, what is typed, or how far a completion reaches back and what it puts there.
STEPS = st.lists(
    st.sampled_from(KEYS) | st.tuples(st.integers(0, 9), st.text()) | st.builds("typed {}".format, st.text())
)


@given(st.text(max_size=30), st.lists(st.text(max_size=12), max_size=4), STEPS)
def test_the_cursor_is_always_inside_the_line(
    text: str, history: list[str], steps: list[str | tuple[int, str]]
) -> None:
    edit = LineEdit.begin(text, history)
    for step in steps:
        if isinstance(step, tuple):
            edit = edit.replace_from(max(0, edit.cursor - step[0]), step[1])
        elif step in KEYS:
            edit = pressed(edit, step)
        else:
            edit = edit.insert(step.removeprefix("typed "))
        assert 0 <= edit.cursor <= len(edit.text)
        assert -1 <= edit.at < len(history)


@given(st.text(max_size=200) | st.text("名a", min_size=20), st.integers(10, 80), st.data())
def test_the_part_that_is_shown_holds_the_cursor_and_its_cell(text: str, cells: int, data: st.DataObject) -> None:
    cursor = data.draw(st.integers(0, len(text)))
    part, place = visible_part(text, cursor, cells)
    assert width(part) < cells
    assert part[place : place + 1] == text[cursor : cursor + 1]
    assert text[cursor - place : cursor - place + len(part)] == part


def test_a_line_that_fits_is_shown_whole() -> None:
    assert visible_part("kprobe:f", 3, 9) == ("kprobe:f", 3)


def test_the_end_of_a_long_line_is_shown_while_it_is_typed() -> None:
    part, place = visible_part("x" * 90 + "end", 93, 20)
    assert part.endswith("end")
    assert place == len(part)


@pytest.mark.parametrize(
    ("key", "then"),
    [("backspace", "|"), ("left", "call|s"), ("end", "calls|"), ("ctrl+u", "|"), ("delete", "calls|")],
)
def test_what_is_typed_replaces_a_proposal_and_any_other_key_accepts_it(key: str, then: str) -> None:
    proposal = LineEdit.begin("calls", proposed=True)
    assert marked(proposal.insert("m").insert("y")) == "my|"
    accepted = proposal.press(key)
    assert marked(accepted) == then
    assert accepted is not None
    assert marked(accepted.insert("x")) == then.replace("|", "x|")


def test_a_completion_accepts_a_proposal() -> None:
    assert marked(LineEdit.begin("sys", proposed=True).replace_from(0, "syscalls").insert("x")) == "syscallsx|"
