"""The columns by which the rows of a map can be grouped, and the group of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from bttop.model.format.names import Decoder
from bttop.model.grouping.innermost import innermost, innermost_of, telling_kernel_frame
from bttop.model.grouping.key_parts import part_reader, stack_reader
from bttop.model.plan import Column, MapPlan

FRAME: Final = "frame"
"""Title of the column with the innermost telling frame of both stacks of a row."""


class GroupColumn(Struct, frozen=True):
    """A column by which rows can be grouped."""

    column: Column
    """The only key column of the grouped map."""
    of: Callable[[str], str]
    """Returns the group of a raw key."""

    @property
    def title(self) -> str:
        return self.column.title


class ProcessColumn(NamedTuple):
    """A column about the process of a row, which is not part of its key."""

    title: str
    of: Callable[[int], str]
    """Returns the text for a process id; empty if it is not known."""


def group_columns(
    plan: MapPlan, decoders: Mapping[str, Decoder], process: ProcessColumn | None = None, *, least: int = 2
) -> tuple[GroupColumn, ...]:
    """The columns by which the rows of a map can be grouped, the likeliest first: names, then stacks, then numbers.
    Columns of a key with fewer than `least` parts are left out unless they are stacks: each row is a group already."""
    found = [*_key_columns(plan, decoders, least), *_frame_column(plan), *_process_column(plan, process)]
    return tuple(sorted(found, key=lambda one: _place(one, process)))


def group_column(columns: Sequence[GroupColumn], title: str) -> GroupColumn | None:
    """The column with this title; None if there is none."""
    return next((one for one in columns if one.title == title), None)


def _place(one: GroupColumn, process: ProcessColumn | None) -> int:
    if one.title == "comm":
        return 0
    if process is not None and one.title == process.title:
        return 1
    if one.title == FRAME:
        return 3
    return 5 if one.column.kind == "int" else 4 if one.title.endswith("stack") else 2


def _key_columns(plan: MapPlan, decoders: Mapping[str, Decoder], least: int) -> Iterator[GroupColumn]:
    for index, column in enumerate(plan.columns):
        if column.kind == "stack":
            stack = stack_reader(plan.columns, index)
            yield GroupColumn(Column(column.title, "text"), _by_frame(stack, is_kernel=column.title.startswith("k")))
            continue
        read = part_reader(plan.columns, index)
        if len(plan.columns) >= least and column.decoder in decoders:
            yield GroupColumn(Column(column.title, "text"), _by_name(read, decoders[column.decoder]))
        elif len(plan.columns) >= least:
            yield GroupColumn(column, read)


def _by_frame(read: Callable[[str], str], *, is_kernel: bool) -> Callable[[str], str]:
    return lambda key: innermost(read(key), is_kernel=is_kernel)


def _by_name(read: Callable[[str], str], decode: Decoder) -> Callable[[str], str]:
    """The decoded part: two numbers of one name are one group."""
    known: dict[str, str] = {}

    def name(key: str) -> str:
        text = read(key)
        found = known.get(text)
        if found is None:
            found = known[text] = str(decode(int(text) if _is_number(text) else text))
        return found

    return name


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 40


def _frame_column(plan: MapPlan) -> Iterator[GroupColumn]:
    """The innermost frame of both stacks, if there are two and no column of this title."""
    stacks = [index for index, column in enumerate(plan.columns) if column.kind == "stack"]
    if len(stacks) == 2 and all(column.title != FRAME for column in plan.columns):
        kernel, user = sorted(stacks, key=lambda index: not plan.columns[index].title.startswith("k"))
        read = stack_reader(plan.columns, kernel), stack_reader(plan.columns, user)
        yield GroupColumn(Column(FRAME, "text"), _by_both(*read))


def _by_both(kernel: Callable[[str], str], user: Callable[[str], str]) -> Callable[[str], str]:
    """See `innermost_of`. The stack of the program is looked for only if that of the kernel says nothing."""

    def frame(key: str) -> str:
        stack = kernel(key)
        return telling_kernel_frame(stack) or innermost_of(stack, user(key))

    return frame


def _process_column(plan: MapPlan, process: ProcessColumn | None) -> Iterator[GroupColumn]:
    titles = [column.title for column in plan.columns]
    if process is None or process.title in titles or (plan.pid or "pid") not in titles:
        return
    read, of, nothing = (
        part_reader(plan.columns, titles.index(plan.pid or "pid")),
        process.of,
        f"[no {process.title} known]",
    )

    def name(key: str) -> str:
        pid = read(key)
        return (of(int(pid)) if _is_number(pid) else "") or nothing

    yield GroupColumn(Column(process.title, "text"), name)
