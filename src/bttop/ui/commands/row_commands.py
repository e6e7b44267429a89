"""Commands for a row: the row in full, the identity of its process, and follow-up questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bttop.engine.host.processes import Process
from bttop.model.format import numbers
from bttop.model.format.names import syscall_name
from bttop.model.format.text import visible
from bttop.script.library.follow_ups import FollowUp, RowFacts, follow_ups
from bttop.ui.board.pane import Pane
from bttop.ui.board.row_facts import facts_of, row_key, row_pid
from bttop.ui.board.script_text import script_lines
from bttop.ui.commands.command import Command, CommandGroup, Hint, TracingGroup
from bttop.ui.dialogs.menu import Chosen, Menu, MenuChoice
from bttop.ui.dialogs.sheet import Sheet
from bttop.ui.render.spans import Line, Span
from bttop.ui.services.collaborators import Collaborators
from bttop.ui.services.tracing import Tracing
from bttop.ui.views.base import Extra


class RowCommands:
    """The commands for a row and for the extra column."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around
        self._column = 0

    def next_column(self) -> None:
        """Show a column with the unit of each row's process, then with its container, then no column."""
        processes = self._around.processes
        columns = (
            None,
            Extra("unit", lambda pid: _unit(processes.get(pid))),
            Extra("container", lambda pid: _container(processes.get(pid))),
        )
        self._column = (self._column + 1) % len(columns)
        extra = columns[self._column]
        self._around.board.set_extra(extra)
        self._around.screen.tell(f"column {extra.title}" if extra is not None else "no extra column")

    def open_row(self) -> None:
        """Show the row in full, with the follow-up questions about it."""
        pane, screen = self._around.pane, self._around.screen
        if not pane.detail(80):
            return
        if not pane.model.data(pane.subject.map).rows:
            screen.tell(f"{visible(pane.program.name)} has no row here")
            return
        # Select the row, so that the page keeps it when the table is sorted again.
        pane.select(row_key(pane))
        title = f"{visible(pane.program.name)}: {pane.subject.label}"

        def head(width: int) -> Sequence[Line]:
            script = script_lines(pane.model, width) if pane.model.looks_back else []
            return (*pane.detail(width), *self._identity(pane), *script)

        def full() -> None:
            screen.show(Sheet(title, head, self._around.themes.theme))

        tracing = self._around.tracing
        if tracing is None:
            full()
            return
        asked = self._questions(pane, tracing)

        def chosen(answer: Chosen | None) -> None:
            if answer is None:
                return
            if answer.edit:
                tracing.prompt.open(tracing.trail.text(asked[answer.index]))
            else:
                tracing.trail.ask(pane.program, asked[answer.index])

        choices = [_choice(one, tracing) for one in asked]
        screen.show(Menu(title, head, choices, self._around.themes.theme, full), chosen)

    def _questions(self, pane: Pane, tracing: Tracing) -> Sequence[FollowUp]:
        machine = self._around.session.host.machine
        facts = facts_of(pane, lambda number: syscall_name(int(number), machine))
        return () if facts is None else follow_ups(_with_arguments(facts, tracing))

    def _identity(self, pane: Pane) -> list[Line]:
        pid = row_pid(pane)
        process = self._around.processes.look(pid) if pid is not None else None
        return [] if process is None else identity_lines(process, pane.now_ns)


def _with_arguments(facts: RowFacts, tracing: Tracing) -> RowFacts:
    """Add the arguments of the row's system call, if bpftrace has listed them by now."""
    if not facts.syscall:
        return facts
    known = tracing.programs.kernel.arguments(f"tracepoint:syscalls:sys_enter_{facts.syscall}")
    return replace(facts, arguments=known or ())


def _choice(asked: FollowUp, tracing: Tracing) -> MenuChoice:
    """A question as a menu choice; one that cannot be answered on this host says why."""
    text = tracing.trail.text(asked)
    why_not = tracing.engine.host.why_unavailable(asked.wants)
    if asked.library:
        why_not = "" if tracing.trail.library_file(asked) is not None else "not in the library"
    return MenuChoice(asked.title, why_not or asked.why, tuple(text.rstrip().split("\n")), usable=not why_not)


def _unit(process: Process | None) -> str:
    return "" if process is None else process.unit


def _container(process: Process | None) -> str:
    if process is None or process.container is None:
        return ""
    return f"{process.container.runtime} {process.container.id}"


def identity_lines(process: Process, now_ns: int) -> list[Line]:
    """What /proc says about a process."""
    parents = " < ".join(f"{one.comm} {one.pid}" for one in process.parents)
    pairs = (
        ("command", process.command or f"[{process.comm}]"),
        ("user", process.user),
        ("unit", process.unit),
        ("container", _container(process)),
        ("cgroup", process.cgroup),
        ("parents", parents),
        ("threads", f"{process.threads}, {numbers.duration(process.age(now_ns))} old"),
    )
    return [(Span(f"{name:>12}  ", "heading"), Span(visible(text), "name")) for name, text in pairs if text]


class QuestionCommands:
    """The commands for the trail of questions."""

    def __init__(self, around: Collaborators, tracing: Tracing) -> None:
        self._around = around
        self._trail = tracing.trail

    def go_back(self) -> None:
        """Close the question asked last."""
        self._trail.go_back()

    def open_ladder(self) -> None:
        """Open all programs of the ladder, pinned to the row's process."""
        pane = self._around.pane
        pid = row_pid(pane)
        if pid is None:
            self._around.screen.tell("this row has no process; p asks for one", "warn")
        else:
            self._trail.ask_ladder(pane.program, pid)


GROUPS = (
    CommandGroup(
        RowCommands,
        (
            Command("column", ("c",), "Extra column: unit, container or none", "Panes", 3, RowCommands.next_column),
            Command(
                "detail",
                ("enter",),
                "The row in full, and what to ask next",
                "Rows",
                1,
                RowCommands.open_row,
                hint=Hint("row", live=1, past=7),
            ),
        ),
    ),
    TracingGroup(
        QuestionCommands,
        (
            Command("return", ("backspace",), "Close the question asked last", "Rows", 2, QuestionCommands.go_back),
            Command("ladder", ("L",), "The ladder for the row's process", "Rows", 3, QuestionCommands.open_ladder),
        ),
    ),
)
