"""The facts in a row's key: process, thread, system call, address, function or file."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from bttop.engine.session import ProcessSource
from bttop.model.plan import Column
from bttop.model.record.stacks import names
from bttop.script.library.follow_ups import RowFacts
from bttop.ui.board.groups.row_groups import rows_behind
from bttop.ui.board.pane import Pane
from bttop.ui.views.base import parts

MOST_ROWS = 512
"""Rows of a group whose process is looked for; a larger group counts as several processes."""
_FILES = frozenset({"path", "file", "filename"})
_FUNCTIONS = frozenset({"func", "function", "probe", "ksym", "usym"})


def facts_of(pane: Pane, key: str, processes: ProcessSource, decode_syscall: Callable[[int | str], str]) -> RowFacts:
    """The facts in the raw key of one of the pane's rows."""
    plan = pane.model.data(pane.subject.map).plan
    found = dict(zip(plan.columns, parts(key, plan.columns), strict=False))
    number = next((value for column, value in found.items() if column.decoder == "syscall"), None)
    tid = next((value for column, value in found.items() if column.title == (plan.tid or "tid")), None)
    return RowFacts(
        pid=row_pid(pane, key, processes),
        host=row_host(pane, key),
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


def row_pid(pane: Pane, key: str | None, processes: ProcessSource) -> int | None:
    """The process id of one of the pane's rows. A thread id is resolved to its process. A row that has neither is of
    the process that the pane is pinned to, if it is one. None without a row, if the thread has ended, or if the row is
    a group of several processes."""
    if key is None:
        return None
    found: set[tuple[str, int]] = set()
    rows = rows_behind(pane, key)
    if len(rows) > MOST_ROWS:
        return None
    for one in rows:
        host = pane.host_of(one)
        if (pid := _pid_of_key(pane, one, processes.on(host))) is None or len(found | {(host, pid)}) > 1:
            return None
        found.add((host, pid))
    return found.pop()[1] if found else None


def row_host(pane: Pane, key: str | None) -> str:
    """The host of one of the pane's rows; empty without a row, if there is only one host, and for a row or a group of
    several."""
    if key is None or pane.model.host_views is None:
        return ""
    found = {pane.host_of(one) for one in rows_behind(pane, key)}
    return found.pop() if len(found) == 1 else ""


def _pid_of_key(pane: Pane, key: str, processes: ProcessSource) -> int | None:
    plan = pane.model.data(pane.subject.map).plan
    titles = [column.title for column in plan.columns]
    found = parts(key, plan.columns)
    for title in (plan.pid or "pid", plan.tid or "tid"):
        if title in titles and titles.index(title) < len(found):
            value = found[titles.index(title)]
            if isinstance(value, int) and value > 0:
                return value if title != (plan.tid or "tid") else _process_of(value, processes)
    pin = pane.model.page.pin
    is_about_others = plan.pid or plan.tid or {"pid", "tid"} & set(titles)
    return pin.pids[0] if pin is not None and len(pin.pids) == 1 and not is_about_others else None


def open_file(pane: Pane, key: str, processes: ProcessSource) -> str:
    """What is open now under the file descriptor of a row with a column `fd`; empty without one, or if unknown."""
    plan = pane.model.data(pane.subject.map).plan
    titles = [column.title for column in plan.columns]
    found = dict(zip(titles, parts(key, plan.columns), strict=False))
    pid, descriptor = row_pid(pane, key, processes), found.get("fd")
    processes = processes.on(row_host(pane, key))
    return processes.open_file(pid, descriptor) if pid is not None and isinstance(descriptor, int) else ""


def _process_of(tid: int, processes: ProcessSource) -> int | None:
    """The process of a thread; None if the thread has ended."""
    found = processes.look(tid)
    return None if found is None else found.pid
