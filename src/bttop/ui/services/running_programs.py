"""The running programs as the screen uses them: open one more, change the interval of all, find probe files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bttop.engine.engine import Engine
from bttop.engine.generation.candidates import Settings
from bttop.engine.host.kernel_probes import KernelProbes
from bttop.engine.program.program import Program
from bttop.engine.request.questions import ProgramRequest, question_from_path
from bttop.engine.session import AnyProgram
from bttop.engine.tracer.bpftrace_queries import Asker
from bttop.paths import cache_home
from bttop.ui.dialogs.catalogue import Catalogue
from bttop.ui.services.probe_library import ProbeLibrary
from bttop.ui.services.reloads import Reloads
from bttop.ui.services.screen_access import ScreenAccess

INTERVALS_MS = (100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000)
"""The intervals that can be chosen, in ms."""


class RunningPrograms:
    """Tells the engine which programs to run and with which settings."""

    def __init__(
        self, engine: Engine, settings: Settings, probes: ProbeLibrary, reloads: Reloads, screen: ScreenAccess
    ) -> None:
        self._engine = engine
        self.settings = settings
        """The settings of a new program."""
        self._probes = probes
        self._reloads = reloads
        self._screen = screen
        self._asker: Asker | None = None
        self._kernel: KernelProbes | None = None

    @property
    def kernel(self) -> KernelProbes:
        """The kernel's probes. The first use starts to load them in the background."""
        if self._kernel is None:
            self._asker = Asker(self._engine.queries)
            self._kernel = KernelProbes(
                self._engine.bpftrace,
                cache_home(),
                lambda: self._screen.from_thread(self._show_news),
                ask=self._asker.ask,
            )
            self._kernel.start()
        return self._kernel

    def _show_news(self) -> None:
        if isinstance(self._screen.dialog, Catalogue):
            self._screen.dialog.news()

    def close(self) -> None:
        """End what runs in the background."""
        if self._asker is not None:
            self._asker.close()
        if self._kernel is not None:
            self._kernel.close()

    def running(self, program: AnyProgram) -> Program:
        """Cast a program of the session to a running one."""
        assert isinstance(program, Program), "an engine has no other programs"
        return program

    def unique_name(self, wanted: str) -> str:
        """`wanted`, with a number added if a program has that name already."""
        taken = {program.name for program in self._engine.programs}
        names = (wanted, *(f"{wanted} ({count})" for count in range(2, len(taken) + 3)))
        return next(name for name in names if name not in taken)

    def question_from_file(self, name: str) -> ProgramRequest:
        """The program of a probe file, under a name that no pane has yet."""
        return self._question(Path(name).expanduser())

    def question_from_library(self, name: str) -> ProgramRequest:
        """The program of a library probe, under a name that no pane has yet."""
        return self._question(name)

    def _question(self, probe: Path | str) -> ProgramRequest:
        question = question_from_path(self._probes.library, probe)
        return replace(question, name=self.unique_name(question.name))

    def open(self, question: ProgramRequest, settings: Settings | None = None) -> None:
        """Run one more program, by default with the dashboard's settings. Its pane appears with the next repaint."""
        self._engine.open(question, settings or self.settings)
        self._reloads.follow()

    def step_interval(self, step: int) -> None:
        """Change the interval of all programs by `step` steps; a negative step makes it shorter."""
        now = self.settings.interval_ms
        at = min(range(len(INTERVALS_MS)), key=lambda i: abs(INTERVALS_MS[i] - now))
        wanted = INTERVALS_MS[max(0, min(len(INTERVALS_MS) - 1, at + step))]
        if wanted == now:
            self._screen.tell(f"the interval is at its limit ({wanted / 1000:g} s)", "warn")
            return
        self.settings = replace(self.settings, interval_ms=wanted)
        self._engine.set_interval(wanted)
        self._screen.restart_ticker()
        self._screen.tell(f"interval {wanted / 1000:g} s: each pane switches at its first new flush")
