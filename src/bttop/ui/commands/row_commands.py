"""Commands for a row: the row in full, the identity of its process, and follow-up questions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bttop.model.format import numbers
from bttop.model.format.names import syscall_name
from bttop.model.format.text import visible
from bttop.model.history.span import ChosenSpan
from bttop.ui.board.pane import Pane
from bttop.ui.commands.command import Command, CommandGroup, Hint, TracingGroup
from bttop.ui.render.spans import Line, Span
from bttop.ui.services.collaborators import Collaborators
from bttop.ui.views.base import Extra

if TYPE_CHECKING:
    from bttop.engine.host.process.processes import Process
    from bttop.script.library.follow_ups import FollowUp, RowFacts
    from bttop.ui.dialogs.menu import Chosen, MenuChoice
    from bttop.ui.services.tracing import Tracing


class RowCommands:
    """The commands for a row and for the extra column."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around
        self._column = 0

    def next_column(self) -> None:
        """Show a column with the unit of each row's process, then with its container, then no column."""
        from bttop.engine.host.process.processes import PROCESS_COLUMNS, column_text

        if self._around.pane.model.host_views is not None:
            self._around.screen.tell("the column of units and containers is for one host: bttop -H HOST", "warn")
            return
        processes = self._around.processes
        columns = (
            None,
            *(Extra(title, partial(column_text, processes.get, of)) for title, of in PROCESS_COLUMNS.items()),
        )
        self._column = (self._column + 1) % len(columns)
        extra = columns[self._column]
        self._around.board.set_extra(extra)
        self._around.screen.tell(f"column {extra.title}" if extra is not None else "no extra column")

    def open_row(self) -> None:
        """Show the span of the rectangle; open the group; or show the row in full, with the follow-up questions about
        it."""
        if self._show_rectangle():
            return
        from bttop.ui.board.frame.script_text import script_lines
        from bttop.ui.board.groups.row_groups import open_group
        from bttop.ui.dialogs.menu import Menu
        from bttop.ui.dialogs.sheet import Sheet

        pane, screen = self._around.pane, self._around.screen
        if open_group(pane):
            return
        key = pane.cursor if pane.cursor is not None else "" if "" in pane.model.data(pane.subject.map).rows else None
        if key is None:
            screen.tell(f"{visible(pane.program.name)} has no row on screen")
            return
        title = f"{visible(pane.program.name)}: {pane.subject.label}"

        def head(width: int) -> Sequence[Line]:
            script = script_lines(pane.model, width) if pane.model.looks_back else []
            return (*pane.detail(width, key), *self._about_now(pane, key), *self._identity(pane, key), *script)

        def full() -> None:
            screen.show(Sheet(title, head, self._around.themes.theme))

        tracing = self._around.tracing
        asked = () if tracing is None else self._questions(pane, key, tracing)
        if tracing is None or not asked:
            full()
            return

        def chosen(answer: Chosen | None) -> None:
            if answer is None:
                return
            if answer.edit:
                question = asked[answer.index]
                tracing.prompt.open(
                    tracing.trail.text(question), settings=tracing.trail.settings(pane.program, question)
                )
            else:
                self._around.time.go_live()  # the answer begins now
                tracing.trail.ask(pane.program, asked[answer.index])

        choices = [_choice(one, tracing) for one in asked]
        screen.show(Menu(title, head, choices, self._around.themes.theme, full, shows_program=False), chosen)

    def _show_rectangle(self) -> bool:
        """Show the rectangle of a plot as a span in all panes. Return whether there is one."""
        pane = self._around.pane
        if pane.drawing.plot is None:
            return False
        from bttop.ui.board.plot_cells import clear, rectangle  # needed once there is a plot

        chosen = rectangle(pane)
        if chosen is None:
            return False
        span, buckets = chosen
        clear(pane)
        shown = ChosenSpan(span)
        if buckets is not None:
            shown = ChosenSpan(span, pane.program, pane.subject.map, buckets)
        self._around.time.show_span(shown)
        return True

    def go_back(self) -> None:
        """Close the open group, else the question asked last."""
        from bttop.ui.board.groups.row_groups import close_group

        if close_group(self._around.pane):
            return
        if self._around.tracing is None:
            self._around.screen.tell("nothing to go back to: no group is open")
        else:
            self._around.tracing.trail.go_back()

    def _questions(self, pane: Pane, key: str, tracing: Tracing) -> Sequence[FollowUp]:
        from bttop.script.library.follow_ups import follow_ups
        from bttop.ui.board.row_facts import facts_of

        machine = self._around.session.host.machine
        facts = facts_of(pane, key, self._around.processes, lambda number: syscall_name(int(number), machine))
        return follow_ups(_with_arguments(facts, tracing))

    def _about_now(self, pane: Pane, key: str) -> list[Line]:
        """The open file of a row with a file descriptor; at an earlier moment, that questions are about now."""
        from bttop.ui.board.row_facts import open_file

        if pane.model.looks_back:
            asks = self._around.tracing is not None
            return [_fact("questions", "count from now; the screen returns to live")] if asks else []
        file = open_file(pane, key, self._around.processes)
        return [_fact("open now", file)] if file else []

    def _identity(self, pane: Pane, key: str) -> list[Line]:
        from bttop.ui.board.row_facts import row_host, row_pid

        pid = row_pid(pane, key, self._around.processes)
        processes = self._around.processes.on(row_host(pane, key))
        process = processes.look(pid) if pid is not None else None
        if process is not None:
            return identity_lines(process, pane.now_ns)
        return [_fact("process", f"unknown: {processes.why_unknown}")] if processes.why_unknown else []


def _with_arguments(facts: RowFacts, tracing: Tracing) -> RowFacts:
    """Add the arguments of the row's system call, if bpftrace has listed them by now."""
    if not facts.syscall:
        return facts
    known = tracing.programs.kernel.arguments(f"tracepoint:syscalls:sys_enter_{facts.syscall}")
    return replace(facts, arguments=known or ())


def _choice(asked: FollowUp, tracing: Tracing) -> MenuChoice:
    """A question as a menu choice; one that cannot be answered on this host says why."""
    from bttop.script.front_matter.front_matter import without_front_matter
    from bttop.ui.dialogs.menu import MenuChoice

    text = tracing.trail.text(asked)
    why_not = tracing.engine.host.why_unavailable(asked.wants)
    if asked.library:
        why_not = "" if tracing.trail.library_file(asked) is not None else "not in the library"
    program = tuple(without_front_matter(text).rstrip().split("\n"))
    return MenuChoice(asked.title, why_not or asked.why, program, usable=not why_not, letter=asked.letter)


def identity_lines(process: Process, now_ns: int) -> list[Line]:
    """What /proc says about a process."""
    from bttop.engine.host.process.processes import PROCESS_COLUMNS

    parents = " < ".join(f"{one.comm} {one.pid}" for one in process.parents)
    pairs = (
        ("command", process.command or f"[{process.comm}]"),
        ("user", process.user),
        ("unit", process.unit),
        ("container", PROCESS_COLUMNS["container"](process)),
        ("cgroup", process.cgroup),
        ("parents", parents),
        ("threads", f"{process.threads}; the process is {numbers.duration(process.age(now_ns))} old"),
    )
    return [_fact(name, text) for name, text in pairs if text]


def _fact(name: str, text: str) -> Line:
    return (Span(f"{name:>12}  ", "heading"), Span(visible(text), "name"))


class QuestionCommands:
    """The commands for the trail of questions."""

    def __init__(self, around: Collaborators, tracing: Tracing) -> None:
        self._around = around
        self._trail = tracing.trail

    def open_ladder(self) -> None:
        """Open six programs, pinned to the row's process, on a page of their own."""
        from bttop.ui.board.groups.row_groups import group_reason
        from bttop.ui.board.row_facts import row_pid

        pane = self._around.pane
        pid = row_pid(pane, pane.cursor, self._around.processes)
        if pid is None:
            why = group_reason(pane) or "this row has no process; p asks for one"
            self._around.screen.tell(why, "warn")
        elif self._around.row_processes.has_ended(pid):
            self._around.screen.tell(f"pid {pid} has ended: panes about it would show nothing", "warn")
        else:
            self._trail.ask_ladder(pane.program, pid, self._around.host)


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
            Command(
                "return",
                ("backspace",),
                "Close the open group, else the question asked last",
                "Rows",
                2,
                RowCommands.go_back,
            ),
        ),
    ),
    TracingGroup(
        QuestionCommands,
        (
            Command(
                "ladder",
                ("L",),
                "Six panes about the row's process, on a page",
                "Rows",
                3,
                QuestionCommands.open_ladder,
            ),
        ),
    ),
)
