"""The services that need running programs; a recording has none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from bttop.engine.generation.source import Settings
from bttop.engine.session import AnyEngine
from bttop.model.format.text import visible
from bttop.ui.app_config import AppConfig
from bttop.ui.board.board import Board
from bttop.ui.services.programs.parameter_prompt import ParameterPrompt
from bttop.ui.services.programs.probe_library import ProbeLibrary
from bttop.ui.services.programs.program_prompt import ProgramPrompt
from bttop.ui.services.programs.question_trail import QuestionTrail
from bttop.ui.services.programs.reloads import Reloads
from bttop.ui.services.programs.running_programs import RunningPrograms
from bttop.ui.services.screen_access import ScreenAccess
from bttop.ui.services.theme_manager import ThemeManager

if TYPE_CHECKING:
    from bttop.ui.dialogs.palette import PaletteEntry


class Tracing(Struct, frozen=True):
    """The engine and the services that use it."""

    engine: AnyEngine
    programs: RunningPrograms
    prompt: ProgramPrompt
    trail: QuestionTrail
    probes: ProbeLibrary
    reloads: Reloads
    parameters: ParameterPrompt

    def begin(self) -> None:
        """After the first frame: watch the folders, then read the library, in this order, so that no save is missed;
        ask for the parameters without which a script cannot run."""
        self.reloads.follow()
        self.probes.read_behind()
        self.parameters.ask_missing()

    def palette_entries(self) -> Iterator[PaletteEntry]:
        """One entry of the palette per probe of the library, without those that are only fallbacks of others."""
        from bttop.ui.dialogs.palette import PaletteEntry

        probes = self.probes.library.probes
        fallbacks = {probe.front.fallback for probe in probes if probe.front is not None}
        for probe in probes:
            if probe.name not in fallbacks:
                title = f"Run {visible(probe.path.stem)}: {visible(probe.title)}"
                run = partial(self.parameters.open_from_library, probe.path.stem)
                yield PaletteEntry(title, "Probe of the library", run, probe.words, is_listed=False)

    def is_over_after(self, seconds: float) -> Callable[[], bool]:
        """Begin to measure the run; return whether the programs have run this long by now."""
        from bttop.engine.headless.run_length import RunLength  # only with --for

        length = RunLength(seconds, self.engine.seconds_run)
        return lambda: length.is_over(self.engine.run.programs)

    def close(self) -> None:
        """End what runs in the background."""
        self.reloads.stop()
        self.programs.close()


def make_tracing(
    engine: AnyEngine, settings: Settings, around: AppConfig, board: Board, themes: ThemeManager, screen: ScreenAccess
) -> Tracing:
    """The services of an engine."""
    probes = ProbeLibrary(screen, around.probe_folders, around.trust)
    folders = (*around.probe_folders, *around.theme_folders)
    reloads = Reloads(engine, probes, themes, screen, folders, around.trust)
    programs = RunningPrograms(engine, settings, probes, reloads, screen)
    trail = QuestionTrail(engine, programs, probes, board, screen)
    prompt, parameters = ProgramPrompt(engine, programs, screen), ParameterPrompt(engine, programs, screen)
    return Tracing(engine, programs, prompt, trail, probes, reloads, parameters)
