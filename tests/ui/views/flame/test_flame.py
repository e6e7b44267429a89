"""The flame graph: cells, keys and texts."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.flush.by_function import function_key
from bttop.model.plan import Column
from bttop.model.record.records import Value
from bttop.ui.render.spans import ASCII, line_width, plain
from bttop.ui.views.base import Drawing, Scene, ViewChoice, has_room
from bttop.ui.views.flame import VIEW
from bttop.ui.views.flame_choice import FlameChoice
from tests.model.stacks.kit import KEY, data, key, stack
from tests.ui.scenes import map_plan, scene, texts

PLAN = map_plan("count", KEY, pid="pid")
READ = key("main", "serve", "read_all", kernel=("do_syscall_64", "vfs_read"))
BUSY = key("main", "serve", "add_up")
ROWS: dict[str, Value] = {READ: 30, BUSY: 70}


FRAMES = ["a", "漢字", "e\u0301", "x;y z", "0x1f", ""]


def drawn(
    rows: Mapping[str, Value] = ROWS, choice: ViewChoice | None = None, *, width: int = 60, height: int = 12
) -> tuple[Scene, Drawing]:
    one = scene(rows, PLAN, choice, width=width, height=height)
    return one, VIEW.draw(one)


def press(rows: Mapping[str, Value], *names: str, width: int = 60) -> tuple[Scene, Drawing]:
    one, drawing = drawn(rows, width=width)
    for name in names:
        after = drawing.acts[name]()
        assert after is not None, name
        one, drawing = drawn(rows, after, width=width)
    return one, drawing


def roles(drawing: Drawing, line: int) -> list[str]:
    return [span.role for span in drawing.lines[line]]


def test_each_frame_is_as_wide_as_its_share_below_its_caller() -> None:
    _, drawing = drawn()
    lines = texts(drawing)
    assert lines[1].rstrip() == "▏all"
    assert lines[4].startswith("▏add_up")
    assert lines[4].index("▏read_all") == 42
    assert lines[5][:42].isspace()
    assert lines[6][42:].startswith("▏vfs_read·")
    assert lines[-1].rstrip() == " all  own 0 %  total 100 %  100/s"
    assert drawing.summary == "100/s"


def test_kinds_differ_in_their_roles_and_in_ascii() -> None:
    _, drawing = drawn()
    assert roles(drawing, 4) == ["flame-user"]
    assert roles(drawing, 6) == ["text", "flame-kernel"]
    ascii_lines = texts(VIEW.draw(replace(drawn()[0], glyphs=ASCII)))
    assert ascii_lines[6][42:].startswith("|vfs_read.")


def test_arrows_move_and_enter_zooms_and_backspace_returns() -> None:
    _, drawing = press(ROWS, "down", "down", "down", "unfold")
    assert texts(drawing)[-1].startswith(" read_all  own 0 %  total 30 %")
    _, drawing = press(ROWS, "down", "down", "down", "unfold", "detail")
    assert texts(drawing)[1].startswith("▏read_all")
    assert texts(drawing)[2].startswith("▏do_syscall_64")
    assert drawing.acts["detail"]() is None, "the frame has the whole width: Enter asks about its row"
    assert drawing.choice.selected == function_key(READ, PLAN)
    after = drawing.acts["return"]()
    assert after is not None
    _, drawing = drawn(ROWS, after)
    assert texts(drawing)[1].startswith("▏all")
    assert texts(drawing)[-1].startswith(" read_all"), "the cursor stays on the frame"
    assert drawing.acts["return"]() is None


def test_escape_removes_the_zoom_once_the_search_is_gone() -> None:
    one, drawing = press(ROWS, "down", "detail")
    assert drawing.acts["back"]() is not None
    searching = VIEW.draw(replace(one, choice=replace(one.choice, needle="x")))
    assert searching.acts["back"]() is None


def test_the_search_marks_frames_and_says_the_share_that_matches() -> None:
    _, drawing = drawn(ROWS, ViewChoice(needle="READ"))
    assert texts(drawing)[0].startswith(" 30 % matched")
    assert roles(drawing, 4) == ["flame-user", "flame-match"]


def test_the_root_can_be_at_the_bottom_and_the_tree_inverted() -> None:
    _, drawing = press(ROWS, "flame-form")
    lines = texts(drawing)
    assert lines[-2].startswith("▏all") and lines[-3].startswith("▏main")
    after = drawing.acts["up"]()
    assert after is not None and [frame.name for frame in after.flame.at] == ["main"]
    _, drawing = press(ROWS, "flame-form", "flame-form")
    assert texts(drawing)[2].startswith("▏add_up") and "▏vfs_read" in texts(drawing)[2]
    assert press(ROWS, "flame-form", "flame-form", "flame-form")[0].choice.flame == FlameChoice()


def test_each_process_can_have_a_tree_and_files_can_be_merged() -> None:
    rows: dict[str, Value] = {key("main", "f"): 3, key("main", "f", pid=8, comm="dd"): 1}
    _, drawing = press(rows, "flame-split")
    assert texts(drawing)[2].startswith("▏java 7") and "▏dd 8" in texts(drawing)[2]
    _, drawing = press(rows, "flame-names", "flame-names")
    assert texts(drawing)[2].startswith("▏[file unknown]")


def test_a_click_selects_and_a_click_on_the_selected_frame_zooms() -> None:
    _, drawing = drawn()
    assert drawing.click is not None
    after = drawing.click(4, 50)
    assert after is not None
    _, drawing = drawn(ROWS, after)
    assert texts(drawing)[-1].startswith(" read_all")
    assert drawing.click is not None
    zoomed = drawing.click(4, 50)
    assert zoomed is not None and zoomed.flame.zoom == 3
    assert drawing.click(0, 3) is None and drawing.click(6, 3) is None


def test_narrow_frames_are_counted() -> None:
    rows: dict[str, Value] = {key("main", f"g{n}", pid=n + 9): 2 for n in range(50)}
    rows[key("main", "f")] = 900
    _, drawing = drawn(rows)
    assert "+50" in texts(drawing)[3]
    assert drawing.note == "+50 narrower"


def test_levels_that_do_not_fit_are_counted_and_can_be_reached() -> None:
    rows: dict[str, Value] = {key("main", *[f"f{n}" for n in range(99)]): 1}
    _, drawing = drawn(rows)
    assert "levels 1-9 of 101" in texts(drawing)[0]
    _, drawing = press(rows, "last")
    assert texts(drawing)[-1].startswith(" f98 ")
    assert any("▏f98" in line for line in texts(drawing)[1:-1])


def test_a_frame_that_is_not_in_this_flush_stays_chosen() -> None:
    one, _ = press(ROWS, "down", "down", "down", "unfold", "detail")
    _, drawing = drawn({BUSY: 70}, one.choice)
    assert "1 frame of the zoom not in this flush" in texts(drawing)[0]
    assert drawing.choice.flame == one.choice.flame


def test_the_selected_frame_is_in_full_however_long_it_is() -> None:
    name = "std::map<int, std::string>::operator[] const; " * 2 + "end"
    rows: dict[str, Value] = {key("main", name): 1}
    _, drawing = press(rows, "down", "down")
    assert "own 100 %" in texts(drawing)[-1]
    wide = press(rows, "down", "down", width=200)[1]
    assert f" {name}  own 100 %" in texts(wide)[-1]
    assert "characters" in texts(drawing)[-2]


def test_a_recursion_counts_once_where_the_frame_is_everywhere() -> None:
    _, drawing = press({key("main", "f", "f", "f"): 5, key("main"): 5}, "down", "down")
    assert texts(drawing)[-1].rstrip() == " f  own 0 %  total 50 %  5/s  in 3 places"
    wide = press({key("main", "f", "f", "f"): 5, key("main"): 5}, "down", "down", width=120)[1]
    assert "everywhere own 50 % total 50 % in 3 places" in texts(wide)[-1]


def test_a_baseline_shows_what_is_more_and_what_is_less() -> None:
    before = data({READ: 60.4, BUSY: 34.6}).rows
    one = replace(drawn()[0], baseline=replace(drawn()[0].data, rows=before))
    drawing = VIEW.draw(one)
    assert texts(drawing)[4].startswith("+add_up") and "-read_all" in texts(drawing)[4]
    assert roles(drawing, 4) == ["flame-more", "flame-less"]
    assert "before 95/s" in texts(drawing)[-1]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(FRAMES), max_size=9),
            st.integers(0, 1 << 64),
        ),
        max_size=12,
    ),
    st.integers(1, 130),
    st.integers(1, 14),
    st.sampled_from([(), ("flame-form",), ("flame-form", "flame-form"), ("last", "detail"), ("flame-split", "down")]),
)
def test_any_stacks_are_drawn_in_exactly_the_place_there_is(
    found: list[tuple[list[str], int]], width: int, height: int, names: tuple[str, ...]
) -> None:
    rows: dict[str, Value] = {key(*frames, pid=at + 1): weight for at, (frames, weight) in enumerate(found)}
    one, drawing = drawn(rows, width=width, height=height)
    for name in names:
        choice = drawing.acts[name]()
        one, drawing = drawn(rows, choice or one.choice, width=width, height=height)
    assert len(drawing.lines) <= height and len(drawing.keys) == len(drawing.lines)
    assert all(line_width(line) == width for line in drawing.lines)
    assert not any("\u0301" in plain(line) for line in drawing.lines)


@pytest.mark.parametrize(
    ("aggregation", "rank"), [("count", 9), ("sum", 9), ("stats", 9), ("hist", 4), ("max", 0), ("value", 0)]
)
def test_only_what_can_be_added_up_is_a_flame_graph(aggregation: str, rank: int) -> None:
    plan = map_plan(aggregation, [Column("kstack", "stack")])  # type: ignore[arg-type]
    assert VIEW.rank(plan, has_keys=True) == rank
    assert VIEW.rank(map_plan("count"), has_keys=True) == 0


def test_it_is_shown_first_only_where_there_is_room() -> None:
    assert has_room(VIEW, 60, 11)
    assert not has_room(VIEW, 59, 11) and not has_room(VIEW, 60, 10)


def test_stacks_of_one_key_part_are_drawn() -> None:
    one = scene({stack("start_kernel", "idle"): 1}, map_plan("count", [Column("kstack", "stack")]), width=60)
    assert texts(VIEW.draw(one))[2].startswith("▏start_kernel·")
