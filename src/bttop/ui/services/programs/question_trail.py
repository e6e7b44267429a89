"""The trail of follow-up questions: each is asked from a row of a pane and leads back to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from bttop.engine.generation.source import Settings
from bttop.engine.request.questions import ProgramRequest
from bttop.engine.session import AnyEngine, AnyProgram
from bttop.script.language.reader import Script
from bttop.script.library.probe_files import ProbeFile
from bttop.ui.board.board import Board
from bttop.ui.services.programs.probe_library import ProbeLibrary
from bttop.ui.services.programs.running_programs import RunningPrograms
from bttop.ui.services.screen_access import ScreenAccess

if TYPE_CHECKING:
    from bttop.script.library.follow_ups import FollowUp


class TrailStep(Struct, frozen=True):
    """One follow-up question."""

    came_from: AnyProgram
    name: str
    """Name of the program that answers it."""
    group: str
    """Steps of one group are closed together: a ladder is one group."""


class QuestionTrail:
    """Asks follow-up questions and remembers from which pane each was asked."""

    def __init__(
        self, engine: AnyEngine, programs: RunningPrograms, probes: ProbeLibrary, board: Board, screen: ScreenAccess
    ) -> None:
        self._engine = engine
        self._probes = probes
        self._programs = programs
        self._board = board
        self._screen = screen
        self._steps: list[TrailStep] = []

    def library_file(self, asked: FollowUp) -> ProbeFile | None:
        """The probe file of the library that answers a question; None if there is none or it cannot be read."""
        found = self._probes.library.find(asked.library) if asked.library else None
        return found if isinstance(found, ProbeFile) and isinstance(found.script, Script) else None

    def text(self, asked: FollowUp) -> str:
        """The program that would run."""
        found = self.library_file(asked)
        return asked.text if found is None else found.text

    def ask(self, came_from: AnyProgram, asked: FollowUp) -> None:
        """Run the program that answers a question, on the page of the pane that it was asked from. If its pane is there
        already, focus that."""
        question, settings = self._question(asked), self.settings(came_from, asked)
        same = self._running(question, settings)
        if same is not None:
            self._board.focus_program(same)
            self._screen.tell(f"{same.name} answers this already")
            return
        self._board.put_on_page(question.name, self._board.page)
        self._steps.append(TrailStep(came_from, question.name, question.name))
        self._programs.open(question, settings)
        self._programs.say_started(question.name, "starts and counts from now; Backspace closes it, w saves it")

    def _running(self, question: ProgramRequest, settings: Settings) -> AnyProgram | None:
        """The program that runs the same scripts for the same processes; None if there is none."""
        scripts = [(one.texts, one.given) for one in question.sources]
        return next(
            (
                program
                for program in self._engine.programs
                if program.settings.pin == settings.pin
                and [(one.texts, one.given) for one in program.sources] == scripts
            ),
            None,
        )

    def settings(self, came_from: AnyProgram, asked: FollowUp) -> Settings:
        """The settings of a question: those of the pane that it is asked from. Its pin is that of the row, else that
        of the pane."""
        settings = self._programs.running(came_from).settings
        return settings if asked.pin is None else replace(settings, pin=asked.pin)

    def ask_ladder(self, came_from: AnyProgram, pid: int, host: str = "") -> None:
        """Open a page with syscalls, retransmits, switches, reads, writes and stacks of one process."""
        from bttop.script.library.follow_ups import ladder

        process = f"{host}:{pid}" if host else str(pid)
        page = f"pid {process}"
        self._board.toggle_zoom(False)
        for step in ladder(pid, host):
            question = self._question(step)
            name = self._programs.unique_name(f"{step.name} {process}")
            self._board.put_on_page(name, page)
            self._steps.append(TrailStep(came_from, name, page))
            self._programs.open(replace(question, name=name), self.settings(came_from, step))
        self._screen.tell(f"panes about pid {process}, on a page: 0 changes pages, Backspace closes it")

    def go_back(self) -> None:
        """Close the question (or the ladder) asked last and focus the pane that it was asked from."""
        while self._steps:
            last = self._steps[-1]
            names = {step.name for step in self._steps if step.group == last.group}
            self._steps = [step for step in self._steps if step.group != last.group]
            asked = [program for program in self._engine.programs if program.name in names]
            for program in asked:
                self._engine.remove(program)
            if asked:
                self._board.focus_program(last.came_from)
                return
        self._screen.tell("nothing to go back to")

    def _question(self, asked: FollowUp) -> ProgramRequest:
        if asked.library:
            return self._programs.question_from_library(asked.library)
        return self._programs.question_from_text(asked.name, asked.text)
