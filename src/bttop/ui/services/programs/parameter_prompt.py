"""The question for the parameters of a script, in one line as a shell splits it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from bttop.engine.generation.source import Source
from bttop.engine.request.questions import ProgramRequest, like
from bttop.engine.session import AnyEngine, RunningProgram
from bttop.model.format.text import visible
from bttop.script.front_matter.parameter import ParameterFault
from bttop.script.library.parameters import fill, parameters_of, split_name
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.render.spans import Line, Span
from bttop.ui.services.programs.running_programs import RunningPrograms
from bttop.ui.services.screen_access import ScreenAccess


class ParameterPrompt:
    """Asks for parameters and runs the program with them."""

    def __init__(self, engine: AnyEngine, programs: RunningPrograms, screen: ScreenAccess) -> None:
        self._engine = engine
        self._programs = programs
        self._screen = screen
        self._replaced: set[RunningProgram] = set()
        """Programs that others have replaced. The engine may still list them: its thread removes them."""

    def open_from_library(self, name: str) -> None:
        """Run a probe of the library; ask first if it needs a parameter."""
        self.open(self._programs.question_from_library(name))

    def open(self, question: ProgramRequest) -> None:
        """Run a program; ask first if it needs a parameter."""
        if not question.missing:
            self._programs.open(question)
            self._screen.tell(_started(question))
            return
        self._ask(question.sources[0], lambda given: self._programs.open(self._again(question.sources[0], given)))

    def ask_missing(self) -> None:
        """Ask for the first program that lacks a parameter; after its answer for the next one."""
        for program in self._engine.programs:
            if program.sources and program not in self._replaced and self._missing(program):
                self.change(program)
                return

    def change(self, program: RunningProgram) -> None:
        """Ask for the parameters of a program, and run it with them in its place."""

        def run(given: tuple[str, ...]) -> None:
            self._replaced.add(program)
            self._programs.replace(program, self._again(program.sources[0], given))
            self.ask_missing()

        if not program.sources:
            self._screen.tell("this pane has no script", "warn")
            return
        self._ask(program.sources[0], run)

    def _missing(self, program: RunningProgram) -> bool:
        source = program.sources[0]
        return bool(fill(source.script, source.front, source.given, pinned=program.settings.has_pids).missing)

    def _again(self, source: Source, given: Sequence[str]) -> ProgramRequest:
        if source.path is not None:
            question = self._programs.question_from_file(str(source.path), given)
        else:
            question = self._programs.question_from_text(source.name, source.text, given)
        return replace(question, sources=like(question.sources, source))

    def _ask(
        self, source: Source, run: Callable[[tuple[str, ...]], None], text: str | None = None, fault: str = ""
    ) -> None:
        """Ask until the answer can be used or Esc is pressed."""

        def answered(answer: str | None) -> None:
            if answer is None:
                return
            words = split_name(answer) if answer.strip() else ()
            if isinstance(words, ParameterFault):
                self._ask(source, run, answer, words.reason)
            elif why := fill(source.script, source.front, words).why_not:
                self._ask(source, run, answer, why)
            else:
                run(words)

        names = ", ".join(one.name for one in parameters_of(source.script, source.front)) or "$1, $2 …"
        question = InputQuestion(f"parameters of {source.name} ({names}): ", answered, proposes=text is None)
        before = shlex.join(source.given or _defaults(source)) if text is None else text
        self._screen.ask(question, before, tuple(_notes(source, fault)))


def _started(question: ProgramRequest) -> str:
    """The notice that a program runs, with the parameters that nobody was asked for."""
    if not question.sources:
        return f"{question.name}: {question.failure}"
    source = question.sources[0]
    values = [f"{one.name} {one.default}" for one in parameters_of(source.script, source.front) if one.default]
    with_values = f" with {', '.join(values)} ($ changes it)" if values and not source.given else ""
    return f"{question.name} starts{with_values}; X closes it"


def _defaults(source: Source) -> Iterator[str]:
    """The defaults of the first parameters, up to the first that has none."""
    for one in parameters_of(source.script, source.front):
        if not one.default:
            return
        yield one.default


def _notes(source: Source, fault: str) -> Iterator[Line]:
    if fault:
        yield (Span(f" {visible(fault)}", "error"),)
    for number, one in enumerate(parameters_of(source.script, source.front), start=1):
        yield (Span(f" ${number} ", "key"), Span(visible(one.about), "text"))
