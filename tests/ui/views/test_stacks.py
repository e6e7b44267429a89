"""Stacks: rows, their innermost frames, and folding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.plan import Column
from bttop.model.record.records import Value
from bttop.ui.render.spans import line_width
from bttop.ui.views.base import ViewChoice, _kept_parts, parts
from bttop.ui.views.stacks import VIEW
from tests.ui.scenes import map_plan, scene, text_of, texts

PLAN = map_plan("count", [Column("comm", "text"), Column("kstack", "stack"), Column("ustack", "stack")])


def key(comm: str, *kernel: str, user: tuple[str, ...] = ("main+9",)) -> str:
    def stack(frames: tuple[str, ...]) -> str:
        return "\n" + "".join(f"\t{frame}\n" for frame in frames)

    return f"{comm},{stack(kernel)},{stack(user)}"


BUSY = key("java", "copy_page+16", "do_fault+3", "asm_exc_page_fault+30", user=("memcpy+1", "main+9"))
IDLE = key("nginx", "ep_poll+7", "do_syscall_64+61")
ROWS: dict[str, Value] = {BUSY: 75, IDLE: 25}


def test_a_stack_is_one_row_with_its_share_and_its_innermost_frames_first() -> None:
    heading, first, second = texts(VIEW.draw(scene(ROWS, PLAN, width=120)))
    assert heading.split() == ["/s▾", "%", "comm", "innermost", "frames"]
    assert first.split()[:2] == ["75", "75"]
    assert "java" in first
    assert "▸ copy_page < …2 < memcpy < main" in first
    assert second.split()[:2] == ["25", "25"]


def test_a_row_folds_out_into_all_its_frames() -> None:
    drawing = VIEW.draw(scene(ROWS, PLAN, ViewChoice(opened=frozenset([BUSY]))))
    lines = texts(drawing)
    assert "▾ copy_page" in lines[1]
    assert [line.split()[-1] for line in lines[2:7]] == [
        "copy_page",
        "do_fault",
        "asm_exc_page_fault",
        "memcpy",
        "main",
    ]
    assert lines[2].split()[0] == "kstack"
    assert lines[5].split()[0] == "ustack"
    assert drawing.keys[1:8] == (*[BUSY] * 6, IDLE)


@given(st.integers(0, 29), st.integers(2, 12), st.sets(st.integers(0, 29)), st.integers(0, 40))
def test_the_selected_row_stays_in_sight_beside_rows_that_are_folded_out(
    selected: int, height: int, opened: set[int], top: int
) -> None:
    keys = [key(f"p{n:02}", *[f"f{n}_{depth}+1" for depth in range(n % 7 + 1)]) for n in range(30)]
    rows: dict[str, Value] = {one: 100 - n for n, one in enumerate(keys)}
    choice = ViewChoice(selected=keys[selected], moved=True, opened=frozenset(keys[n] for n in opened), top=top)
    drawing = VIEW.draw(scene(rows, PLAN, choice, height=height))
    assert keys[selected] in drawing.keys
    assert len(drawing.lines) <= height
    assert drawing.hidden == len(rows) - drawing.choice.top - len(set(drawing.keys) - {None})


def test_the_last_row_can_be_scrolled_to_below_a_row_that_is_folded_out() -> None:
    opened = scene(ROWS, PLAN, ViewChoice(opened=frozenset([BUSY]), top=1), height=4)
    assert IDLE in VIEW.draw(opened).keys


@pytest.mark.parametrize(
    ("kernel", "user", "line"),
    [
        (
            ("__schedule", "schedule", "do_nanosleep", "x", "do_syscall_64"),
            ("sleep", "main"),
            "do_nanosleep < …4 < sleep < main",
        ),
        (("futex_wait", "do_syscall_64"), ("worker", "start_thread"), "futex_wait < …1 < worker < start_thread"),
        (("a", "b", "ret_from_fork"), (), "a < b < …1"),
        (("schedule", "do_syscall_64"), (), "schedule < do_syscall_64"),
        (("do_syscall_64", "entry_SYSCALL_64_after_hwframe"), ("getpid", "main"), "…2 < getpid < main"),
        ((), ("parse_json",) * 12 + ("main",), "parse_json x12 < main"),
        ((), ("read [libc.so.6]", "main [app]"), "read < main"),
        ((), ("memcpy",), "memcpy < (chain ends: no frame pointers)"),
        (("a",), ("f", "[unknown]"), "a < f < [unknown] < (chain ends: no frame pointers)"),
        ((), (), "[no frames]"),
    ],
)
def test_the_line_of_a_row_begins_with_the_frames_that_say_what_happens(
    kernel: tuple[str, ...], user: tuple[str, ...], line: str
) -> None:
    drawing = VIEW.draw(scene({key("x", *kernel, user=user): 5}, PLAN, width=120))
    assert f"▸ {line} " in f"{texts(drawing)[1]} "


def test_a_row_unfolds_into_every_frame_with_its_file() -> None:
    row = key("x", "__schedule", "read", "do_syscall_64", user=("read [libc.so.6]", "f", "f"))
    lines = texts(VIEW.draw(scene({row: 5}, PLAN, ViewChoice(opened=frozenset([row])))))[2:]
    assert [line[16:].strip() for line in lines] == [
        "__schedule",
        "read",
        "do_syscall_64",
        "read [libc.so.6]",
        "f x2",
        "chain ends: no frame pointers",
    ]


def test_a_script_that_asks_for_few_frames_has_no_broken_chain() -> None:
    plan = map_plan("count", [Column("ustack", "stack", depth=1)])
    assert "chain" not in text_of(VIEW.draw(scene({"\nmemcpy+1\n": 5}, plan)).lines)


def test_a_stack_without_frames_says_so() -> None:
    assert "[no frames]" in texts(VIEW.draw(scene({"java,,": 5}, PLAN)))[1]


@pytest.mark.parametrize("width", [37, 59, 60, 99, 100, 240])
def test_every_line_has_exactly_the_width(width: int) -> None:
    drawing = VIEW.draw(scene(ROWS, PLAN, ViewChoice(opened=frozenset([BUSY])), width=width))
    assert all(line_width(line) == width for line in drawing.lines)
    assert "copy_page" in texts(drawing)[1]


def test_ids_make_room_for_frames_where_it_is_narrow() -> None:
    plan = map_plan("count", [Column("pid", "int"), Column("comm", "text"), Column("kstack", "stack")], pid="pid")
    rows: dict[str, Value] = {"18421,java,\n\tcopy_page+1\n": 5}
    assert "18421" not in texts(VIEW.draw(scene(rows, plan, width=40)))[1]
    assert "18421" in texts(VIEW.draw(scene(rows, plan, width=80)))[1]


def test_hostile_symbols_are_made_visible() -> None:
    page = text_of(VIEW.draw(scene({key("x", "a\x1b[2Jb+1"): 5}, PLAN)).lines)
    assert "a\\x1b[2Jb" in page


def test_the_whole_stack_stands_in_the_detail() -> None:
    deep = key("java", *[f"frame_{n}+{n}" for n in range(100)])
    page = text_of(VIEW.detail(scene({deep: 5}, PLAN, height=5), deep))
    assert all(f"frame_{n}+{n}" in page for n in range(100))


@pytest.mark.parametrize(("cells", "titles"), [(39, []), (79, ["waker"]), (60, ["waker"])])
def test_frames_are_shown_before_what_else_there_is_to_say(cells: int, titles: list[str]) -> None:
    columns = [Column("pid", "int"), Column("comm"), Column("waker"), Column("wpid", "int"), Column("ustack", "stack")]
    plan = replace(map_plan("count", columns), pid="pid")
    heading, row = texts(VIEW.draw(scene({"7,java,nginx,8,\n\tread+1\n\tmain+9\n": 75}, plan, width=cells)))
    words = heading.split()
    assert words[words.index("frames") + 1 :][:1] == titles
    assert "▸ read < main" in row


def test_an_empty_stack_is_named_in_the_detail() -> None:
    only_user = key("java")
    assert "kstack  [no frames]" in text_of(VIEW.detail(scene({only_user: 5}, PLAN, height=5), only_user))


def test_only_counted_stacks_are_stacks() -> None:
    assert VIEW.rank(PLAN, has_keys=True) > 0
    assert VIEW.rank(map_plan("count"), has_keys=True) == 0
    assert VIEW.rank(map_plan("hist", PLAN.columns), has_keys=True) == 0


def test_the_parts_of_long_keys_are_not_remembered() -> None:
    columns = (Column("comm"),)
    parts("x" * 100, columns)
    before = _kept_parts.cache_info().currsize
    assert parts("y" * 5000, columns) == ("y" * 5000,)
    assert _kept_parts.cache_info().currsize == before


@pytest.mark.parametrize(("unit", "shown"), [("us", "2.5s"), ("bytes", "2.4M"), ("", "2,500,000")])
def test_a_sum_is_shown_in_its_unit_as_on_the_rule(unit: str, shown: str) -> None:
    drawing = VIEW.draw(scene({key("java", "f"): 2_500_000}, map_plan("sum", PLAN.columns, unit=unit)))
    assert texts(drawing)[1].split()[0] == shown
    assert drawing.summary == f"{shown if unit else '2.5M'}/s"
