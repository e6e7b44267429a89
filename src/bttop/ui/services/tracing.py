"""The services that need running programs; a recording has none of them."""

from __future__ import annotations

from dataclasses import dataclass

from bttop.engine.engine import Engine
from bttop.ui.services.probe_library import ProbeLibrary
from bttop.ui.services.program_prompt import ProgramPrompt
from bttop.ui.services.question_trail import QuestionTrail
from bttop.ui.services.reloads import Reloads
from bttop.ui.services.running_programs import RunningPrograms


@dataclass(frozen=True, slots=True)
class Tracing:
    """The engine and the services that use it."""

    engine: Engine
    programs: RunningPrograms
    prompt: ProgramPrompt
    trail: QuestionTrail
    probes: ProbeLibrary
    reloads: Reloads

    def begin(self) -> None:
        """After the first frame: watch the folders, then read the library, in this order, so that no save is missed."""
        self.reloads.follow()
        self.probes.read_behind()

    def close(self) -> None:
        """End what runs in the background."""
        self.reloads.stop()
        self.programs.close()
