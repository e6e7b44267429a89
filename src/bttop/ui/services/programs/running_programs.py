"""The running programs as the screen uses them: open one more, change the interval of all, find probe files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from bttop.engine.generation.source import Settings
from bttop.engine.request.questions import ProgramRequest, from_pasted, from_text, question_from_path
from bttop.engine.session import AnyEngine, AnyProgram, RunningProgram
from bttop.engine.tracer.bpftrace_queries import Asker
from bttop.model.format.unique import unique_name
from bttop.paths import cache_home
from bttop.script.front_matter.parameter import ParameterFault
from bttop.script.library.parameters import split_name
from bttop.ui.services.programs.probe_library import ProbeLibrary
from bttop.ui.services.programs.reloads import Reloads
from bttop.ui.services.screen_access import ScreenAccess

if TYPE_CHECKING:
    from bttop.engine.host.kernel.kernel_probes import KernelProbes
    from bttop.script.pasted.one_liner import OneLinerRefused

INTERVALS_MS = (100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000)
"""The intervals that can be chosen, in ms."""


SETTLED: Final = 0.5
"""Seconds after the last key that changes the interval until the programs get it."""


class RunningPrograms:
    """Tells the engine which programs to run and with which settings."""

    def __init__(
        self, engine: AnyEngine, settings: Settings, probes: ProbeLibrary, reloads: Reloads, screen: ScreenAccess
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
        from bttop.engine.host.kernel.kernel_probes import KernelProbes

        if self._kernel is None:
            self._asker = Asker(self._engine.engine_of().queries)
            self._kernel = KernelProbes(
                self._engine.engine_of().bpftrace,
                cache_home(),
                lambda: self._screen.from_thread(self._show_news),
                ask=self._asker.ask,
                host=self._engine.host,
            )
            self._kernel.start()
        return self._kernel

    def _show_news(self) -> None:
        from bttop.ui.dialogs.catalogue import Catalogue

        if isinstance(self._screen.dialog, Catalogue):
            self._screen.dialog.news()

    def close(self) -> None:
        """End what runs in the background."""
        if self._asker is not None:
            self._asker.close()
        if self._kernel is not None:
            self._kernel.close()

    def running(self, program: AnyProgram) -> RunningProgram:
        """Cast a program of the session to a running one."""
        assert isinstance(program, RunningProgram), "an engine has no other programs"
        return program

    def unique_name(self, wanted: str) -> str:
        """`wanted`, with a number added if a program has that name already."""
        return unique_name(wanted, {program.name for program in self._engine.programs})

    def question_from_file(self, name: str, args: Sequence[str] = ()) -> ProgramRequest:
        """The program of a probe file, under a name that no pane has yet."""
        return self._question(Path(name).expanduser(), args)

    def question_from_library(self, name: str, args: Sequence[str] = ()) -> ProgramRequest:
        """The program of a library probe, under a name that no pane has yet."""
        return self._question(name, args)

    def question_from_text(self, name: str, text: str, args: Sequence[str] = ()) -> ProgramRequest:
        """A program given as text, under a name that no pane has yet."""
        return self._named(from_text(name, text, args, pinned=self.settings.has_pids))

    def _question(self, probe: Path | str, args: Sequence[str]) -> ProgramRequest:
        return self._named(question_from_path(self._probes.library, probe, args, pinned=self.settings.has_pids))

    def _named(self, question: ProgramRequest) -> ProgramRequest:
        return replace(question, name=self.unique_name(question.name))

    def question_from_line(self, text: str, *, unsafe: bool) -> ProgramRequest | OneLinerRefused:
        """The program of a pasted text, under a name that no pane has yet, or why it cannot run."""
        from bttop.engine.request.pasted import read_pasted
        from bttop.script.pasted.one_liner import OneLinerRefused

        found = read_pasted(text, unsafe=unsafe)
        if isinstance(found, OneLinerRefused):
            return self._question_from_name(text) or self._with_suggestion(text, found)
        return self._named(from_pasted(self._probes.library, found, pinned=self.settings.has_pids))

    def _with_suggestion(self, text: str, refused: OneLinerRefused) -> OneLinerRefused:
        """The refusal; for a misspelt name of a probe with the right one."""
        from bttop.model.format.near import nearest

        word = text.split()[0]
        near = nearest(word, [probe.path.stem for probe in self._probes.library.probes])
        return replace(refused, reason=f"there is no probe {word!r}; did you mean {near}?") if near else refused

    def _question_from_name(self, text: str) -> ProgramRequest | None:
        """The program of a library probe, whose name and parameters are given as on bttop's command line; None if there
        is none of that name."""
        words = split_name(text)
        names = {probe.path.stem for probe in self._probes.library.probes}
        if isinstance(words, ParameterFault) or words[0] not in names:
            return None
        return self.question_from_library(words[0], words[1:])

    def open(self, question: ProgramRequest, settings: Settings | None = None) -> None:
        """Run one more program, by default with the dashboard's settings. Its pane appears with the next repaint."""
        self._engine.open(question, settings or self.settings)
        self._reloads.follow()

    def say_started(self, name: str, then: str) -> None:
        """Say that a program starts, and what keys do `then`, as long as it has not failed."""
        from bttop.ui.services.programs.complaints import starts_or_runs  # needed once a program is opened

        self._screen.tell(f"{name} {then}", still_so=starts_or_runs(lambda: self._engine.programs, name))

    def replace(self, program: RunningProgram, question: ProgramRequest) -> None:
        """Run a program with the same settings in the place of another one."""
        self._engine.remove(program)
        self.open(question, program.settings)

    def step_interval(self, step: int) -> None:
        """Change the interval of all programs by `step` steps; a negative step makes it shorter."""
        now = self.settings.interval_ms
        at = min(range(len(INTERVALS_MS)), key=lambda i: abs(INTERVALS_MS[i] - now))
        wanted = INTERVALS_MS[max(0, min(len(INTERVALS_MS) - 1, at + step))]
        if wanted == now:
            self._screen.tell(f"the interval is at its limit ({wanted / 1000:g} s)", "warn")
            return
        self.settings = replace(self.settings, interval_ms=wanted)
        self._screen.in_background(self._apply_interval(), only_one="interval")
        self._screen.restart_ticker()
        self._screen.tell(f"interval {wanted / 1000:g} s: each pane switches at its first new flush")

    async def _apply_interval(self) -> None:
        """Give the programs the interval once no key changes it any more: each change is a new bpftrace."""
        await asyncio.sleep(SETTLED)
        self._engine.set_interval(self.settings.interval_ms)
