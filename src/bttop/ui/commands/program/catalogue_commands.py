"""The catalogue: choose a probe file or a kernel probe and run a program for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bttop.model.format.text import visible
from bttop.ui.commands.command import Command, TracingGroup
from bttop.ui.render.spans import Line, Span
from bttop.ui.services.collaborators import Collaborators

if TYPE_CHECKING:
    from bttop.script.library.probe_files import ProbeFile
    from bttop.ui.dialogs.catalogue import Entry
    from bttop.ui.dialogs.menu import Chosen
    from bttop.ui.services.tracing import Tracing


class CatalogueCommands:
    """The catalogue of the library and of this kernel's probes."""

    def __init__(self, around: Collaborators, tracing: Tracing) -> None:
        self._around = around
        self._tracing = tracing

    def open(self) -> None:
        """Show the catalogue."""
        from bttop.ui.dialogs.catalogue import Catalogue

        library = self._tracing.probes.library
        self._around.screen.show(
            Catalogue(library, self._why_not, self._tracing.programs.kernel, self._around.themes.theme), self._on_entry
        )

    def _why_not(self, probe: ProbeFile) -> str:
        from bttop.script.language.reader import Script

        if not isinstance(probe.script, Script):
            return ""
        return self._tracing.engine.host.why_unavailable([(one.provider, one.rest) for one in probe.script.points])

    def _on_entry(self, entry: Entry | None) -> None:
        if entry is None:
            return
        if entry.file is not None:
            self._tracing.parameters.open_from_library(entry.name)
            return
        self._first_questions(entry.name)

    def _first_questions(self, probe: str) -> None:
        """Offer first programs for a kernel probe, such as a count by comm or by one of its arguments."""
        from bttop.script.front_matter.front_matter import without_front_matter
        from bttop.script.library.starters import starters
        from bttop.ui.dialogs.menu import Menu, MenuChoice

        found = starters(probe, self._tracing.programs.kernel.arguments(probe) or ())
        hint = self._tracing.programs.kernel.hint(probe)
        head: list[Line] = [(Span(f" {visible(probe)}", "name"),)]
        if hint:
            head.append((Span(f" {visible(hint)}", "badge"),))
        choices = [
            MenuChoice(one.title, "", tuple(without_front_matter(one.text).rstrip().split("\n"))) for one in found
        ]

        def chosen(answer: Chosen | None) -> None:
            if answer is None:
                return
            text = found[answer.index].text
            if answer.edit:
                self._tracing.prompt.open(text)
                return
            question = self._tracing.programs.question_from_text(probe.rpartition(":")[2], text)
            self._tracing.programs.open(question)
            self._tracing.programs.say_started(question.name, "starts; w saves it, X closes it")

        self._around.screen.show(Menu(probe, lambda _width: head, choices, self._around.themes.theme), chosen)


GROUPS = (
    TracingGroup(
        CatalogueCommands,
        (
            Command(
                "catalogue",
                ("a",),
                "The catalogue: library and kernel",
                "Screen",
                2,
                CatalogueCommands.open,
                needs_no_pane=True,
            ),
        ),
    ),
)
