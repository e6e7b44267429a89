"""The catalogue as a command: look something up, then ask a first question of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bttop.engine.errands import Asker
from bttop.engine.kernelprobes import KernelProbes
from bttop.engine.questions import from_text
from bttop.model.text import visible
from bttop.paths import cache_home
from bttop.script.library import ProbeFile
from bttop.script.reader import Script
from bttop.script.starters import starters
from bttop.ui.catalogue import Catalogue, Entry
from bttop.ui.menu import Choice, Chosen, Menu
from bttop.ui.spans import Line, Span

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp


class Finder:
    """Owns the list of the kernel's probes, which is loaded when it is first needed."""

    def __init__(self, app: BttopApp) -> None:
        self._app = app
        self._asker: Asker | None = None
        self._kernel: KernelProbes | None = None

    @property
    def kernel(self) -> KernelProbes:
        """The kernel's probes; loading begins with the first look and goes on behind."""
        if self._kernel is None:
            engine = self._app.engine
            self._asker = Asker(engine.errands)
            self._kernel = KernelProbes(
                engine.bpftrace,
                cache_home(),
                lambda: self._app.from_thread(self._news),
                ask=self._asker.ask,
            )
            self._kernel.start()
        return self._kernel

    def close(self) -> None:
        """End what runs in the background."""
        if self._asker is not None:
            self._asker.close()
        if self._kernel is not None:
            self._kernel.close()

    def _news(self) -> None:
        if isinstance(self._app.screen, Catalogue):
            self._app.screen.news()

    def open(self) -> None:
        """Show the catalogue."""
        library = self._app.shelf.library
        self._app.push_screen(Catalogue(library, self._why_not, self.kernel, self._app.wardrobe.theme), self._on_entry)

    def _why_not(self, probe: ProbeFile) -> str:
        if not isinstance(probe.script, Script):
            return ""
        return self._app.engine.host.why_unavailable([(one.provider, one.rest) for one in probe.script.points])

    def _on_entry(self, entry: Entry | None) -> None:
        if entry is None:
            return
        if entry.file is not None:
            self._app.tracing.open(self._app.shelf.question_from_library(entry.name), self._app.tracing.settings)
            return
        self._first_questions(entry.name)

    def _first_questions(self, probe: str) -> None:
        """What to ask of a probe of the kernel: count by comm, or one of its arguments."""
        found = starters(probe, self.kernel.arguments(probe) or ())
        hint = self.kernel.hint(probe)
        head: list[Line] = [(Span(f" {visible(probe)}", "name"),)]
        if hint:
            head.append((Span(f" {hint} tells the same and stays from kernel to kernel", "badge"),))
        choices = [Choice(one.title, "", tuple(one.text.rstrip().split("\n"))) for one in found]

        def chosen(answer: Chosen | None) -> None:
            if answer is None:
                return
            text = found[answer.index].text
            if answer.edit:
                self._app.prompt.open(text)
                return
            name = self._app.tracing.unique_name(probe.rpartition(":")[2])
            self._app.tracing.open(from_text(name, text), self._app.tracing.settings)
            self._app.tell(f"{name} is asked; w saves it, X closes it")

        self._app.push_screen(Menu(probe, lambda _width: head, choices, self._app.wardrobe.theme), chosen)
