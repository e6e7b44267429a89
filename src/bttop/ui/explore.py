"""From a row to the next question: the row in full, who the process is, and the questions that fit; the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from bttop.engine.process import Process
from bttop.engine.questions import Question, from_text
from bttop.engine.session import AnyProgram, People
from bttop.model import numbers
from bttop.model.names import syscall_name
from bttop.model.text import visible
from bttop.script.followups import FollowUp, RowFacts, follow_ups, ladder
from bttop.script.library import ProbeFile
from bttop.script.reader import Script
from bttop.ui.facts import facts_of, row_key, row_pid
from bttop.ui.menu import Choice, Chosen, Menu
from bttop.ui.pane import Pane
from bttop.ui.scripttext import script_lines
from bttop.ui.sheet import Sheet
from bttop.ui.spans import Line, Span
from bttop.ui.views.base import Extra

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp


class Step(NamedTuple):
    """One question that was asked on the way."""

    came_from: AnyProgram
    name: str
    """Of the program that answers it."""
    group: str
    """What is closed together: a ladder is one step back."""


class Explorer:
    """The next question, the ladder, and the way back."""

    def __init__(self, app: BttopApp, identities: People) -> None:
        self._app = app
        self.identities = identities
        self._trail: list[Step] = []
        self._column = 0

    def close(self) -> None:
        """End what runs in the background."""
        self.identities.close()

    def next_column(self) -> None:
        """Show the unit, then the container of each row's process, then neither."""
        columns = (
            None,
            Extra("unit", lambda pid: _unit(self.identities.get(pid))),
            Extra("container", lambda pid: _container(self.identities.get(pid))),
        )
        self._column = (self._column + 1) % len(columns)
        extra = columns[self._column]
        self._app.board.set_extra(extra)
        self._app.tell(f"column {extra.title}" if extra is not None else "no extra column")

    def note(self) -> None:
        """Look at the processes on screen while they live: they may be gone when somebody asks."""
        pids: list[int] = []
        for pane in self._app.board.panes:
            pids += pane.visible_pids()
        self.identities.note(pids)

    def open_row(self) -> None:
        """The row in full, with everything that can be asked about it."""
        pane = self._app.pane
        if not pane.detail(80):
            return
        if not pane.feed.data(pane.subject.map).rows:
            self._app.tell(f"{visible(pane.program.name)} has no row here")
            return
        # The page stays with its row while the table below it is sorted anew.
        pane.select(row_key(pane))
        title = f"{visible(pane.program.name)}: {pane.subject.label}"

        def head(width: int) -> Sequence[Line]:
            script = script_lines(pane.feed, width) if pane.feed.looks_back else []
            return (*pane.detail(width), *self._identity(pane), *script)

        def full() -> None:
            self._app.push_screen(Sheet(title, head, self._app.wardrobe.theme))

        if self._app.session.end is not None:
            full()
            return
        facts = facts_of(pane, lambda number: syscall_name(int(number), self._app.session.host.machine))
        asked = follow_ups(self._with_arguments(facts)) if facts is not None else ()

        def chosen(answer: Chosen | None) -> None:
            if answer is not None:
                self._ask(pane, asked[answer.index], edit=answer.edit)

        choices = [self._choice(one) for one in asked]
        self._app.push_screen(Menu(title, head, choices, self._app.wardrobe.theme, full), chosen)

    def _with_arguments(self, facts: RowFacts) -> RowFacts:
        """With the arguments of the row's system call, where bpftrace has told them by now."""
        if not facts.syscall:
            return facts
        known = self._app.finder.kernel.arguments(f"tracepoint:syscalls:sys_enter_{facts.syscall}")
        return replace(facts, arguments=known or ())

    def _identity(self, pane: Pane) -> list[Line]:
        pid = row_pid(pane)
        process = self.identities.look(pid) if pid is not None else None
        return [] if process is None else identity_lines(process, pane.now_ns)

    def _choice(self, asked: FollowUp) -> Choice:
        """How a question stands in the menu; one that this kernel cannot answer says why."""
        text = self._text(asked)
        why_not = self._app.engine.host.why_unavailable(asked.wants)
        if asked.library:
            why_not = "" if self._library(asked) is not None else "not in the library"
        return Choice(asked.title, why_not or asked.why, tuple(text.rstrip().split("\n")), usable=not why_not)

    def _text(self, asked: FollowUp) -> str:
        found = self._library(asked)
        return asked.text if found is None else found.text

    def _library(self, asked: FollowUp) -> ProbeFile | None:
        found = self._app.shelf.library.find(asked.library) if asked.library else None
        return found if isinstance(found, ProbeFile) and isinstance(found.script, Script) else None

    def _ask(self, pane: Pane, asked: FollowUp, *, edit: bool) -> None:
        if edit:
            self._app.prompt.open(self._text(asked))
            return
        question = self._question(asked)
        self._app.board.put_on_page(question.name, self._app.board.page)
        self._trail.append(Step(pane.program, question.name, question.name))
        self._app.tracing.open(question, replace(self._app.tracing.settings, pin=asked.pin))
        self._app.tell(f"{question.name} is asked; Backspace returns, w saves it")

    def _question(self, asked: FollowUp) -> Question:
        if asked.library:
            return self._app.shelf.question_from_library(asked.library)
        return from_text(self._app.tracing.unique_name(asked.name), asked.text)

    def back(self) -> None:
        """Close the question (or the ladder) asked last and return to where it came from."""
        while self._trail:
            last = self._trail[-1]
            steps = [step for step in self._trail if step.group == last.group]
            self._trail = [step for step in self._trail if step.group != last.group]
            names = {step.name for step in steps}
            asked = [program for program in self._app.engine.programs if program.name in names]
            for program in asked:
                self._app.engine.remove(program)
            if asked:
                self._app.board.focus_program(last.came_from)
                return
        self._app.tell("nothing to go back to")

    def open_ladder(self) -> None:
        """Syscalls, retransmits, switches, reads, writes and stacks, all pinned to the row's process."""
        pid = row_pid(self._app.pane)
        if pid is None:
            self._app.tell("this row has no process; p asks for one", "warn")
            return
        page = f"ladder {pid}"
        came_from = self._app.pane.program
        for step in ladder(pid):
            question = self._question(step)
            name = self._app.tracing.unique_name(f"{step.name} {pid}")
            self._app.board.put_on_page(name, page)
            self._trail.append(Step(came_from, name, page))
            self._app.tracing.open(replace(question, name=name), replace(self._app.tracing.settings, pin=step.pin))
        self._app.tell(f"the ladder for pid {pid}, on a page of its own: 0 changes pages, Backspace closes it")


def _unit(process: Process | None) -> str:
    return "" if process is None else process.unit


def _container(process: Process | None) -> str:
    if process is None or process.container is None:
        return ""
    return f"{process.container.runtime} {process.container.id}"


def identity_lines(process: Process, now_ns: int) -> list[Line]:
    """Who a process is, as far as /proc tells."""
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
