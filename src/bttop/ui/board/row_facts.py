"""The facts in a row's key: process, thread, system call, address, function or file."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from bttop.engine.host.processes import look_up
from bttop.model.plan import Column
from bttop.model.record.stacks import names
from bttop.script.library.follow_ups import RowFacts
from bttop.ui.board.pane import Pane
from bttop.ui.views.base import parts

_FILES = frozenset({"path", "file", "filename"})
_FUNCTIONS = frozenset({"func", "function", "probe", "ksym", "usym"})


def facts_of(pane: Pane, decode_syscall: Callable[[int | str], str]) -> RowFacts | None:
    """The facts of the pane's selected row, else of its top row; None if there is no row."""
    key = row_key(pane)
    if key is None:
        return None
    plan = pane.model.data(pane.subject.map).plan
    found = dict(zip(plan.columns, parts(key, plan.columns), strict=False))
    number = next((value for column, value in found.items() if column.decoder == "syscall"), None)
    tid = next((value for column, value in found.items() if column.title == (plan.tid or "tid")), None)
    return RowFacts(
        pid=row_pid(pane),
        tid=tid if isinstance(tid, int) else None,
        comm=_text(found, "comm"),
        syscall=decode_syscall(number) if isinstance(number, int) else "",
        syscall_number=number if isinstance(number, int) else None,
        address=next((text for text in map(_address, found.values()) if text), ""),
        function=_function(found),
        file=next((str(value) for column, value in found.items() if column.title in _FILES), ""),
        program=pane.program.name,
    )


def _text(found: dict[Column, int | str], title: str) -> str:
    return next((str(value) for column, value in found.items() if column.title == title), "")


def _address(value: int | str) -> str:
    """The value if it is an IP address as text, else an empty string."""
    if not isinstance(value, str) or not any(mark in value for mark in ".:"):
        return ""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return ""


def _function(found: dict[Column, int | str]) -> str:
    """The function of the row: from a function column, else the innermost kernel frame with a name; empty if none."""
    for column, value in found.items():
        if column.title in _FUNCTIONS:
            return str(value).rpartition(":")[2]
    for column, value in found.items():
        if column.kind == "stack" and column.title.startswith("k"):
            return next((name for name in names(str(value)) if not name.startswith("0x")), "")
    return ""


def row_key(pane: Pane) -> str | None:
    """The raw key of the selected row, else of the top row; None if there are no rows."""
    order = pane.drawing.order
    return pane.choice.selected if pane.choice.selected is not None else (order[0] if order else None)


def row_pid(pane: Pane) -> int | None:
    """The process id of the selected row, else of the top row. A thread id is resolved to its process. None if the row
    has neither, or the thread has ended."""
    key = row_key(pane)
    if key is None:
        return None
    plan = pane.model.data(pane.subject.map).plan
    titles = [column.title for column in plan.columns]
    found = parts(key, plan.columns)
    for title in (plan.pid or "pid", plan.tid or "tid"):
        if title in titles and titles.index(title) < len(found):
            value = found[titles.index(title)]
            if isinstance(value, int) and value > 0:
                return value if title != (plan.tid or "tid") else _process_of(value)
    return None


def _process_of(tid: int) -> int | None:
    """The process of a thread; None if the thread has ended."""
    found = look_up(tid)
    return None if found is None else found.pid
