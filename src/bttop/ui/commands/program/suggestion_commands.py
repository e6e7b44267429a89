"""Suggestions for a better script: shown, and used only if the user chooses one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bttop.ui.commands.command import Command, TracingGroup
from bttop.ui.render.spans import Line, Span
from bttop.ui.services.collaborators import Collaborators

if TYPE_CHECKING:
    from bttop.ui.dialogs.menu import Chosen
    from bttop.ui.services.tracing import Tracing


class SuggestionCommands:
    """The command that shows suggestions for the pane's script."""

    def __init__(self, around: Collaborators, tracing: Tracing) -> None:
        self._around = around
        self._tracing = tracing

    def open(self) -> None:
        """Show the suggestions for the pane's script; the chosen text takes over at its first flush."""
        from bttop.script.language.reader import read
        from bttop.ui.dialogs.menu import Menu, MenuChoice

        tracing, screen = self._tracing, self._around.screen
        program = tracing.programs.running(self._around.pane.program)
        suggestions = program.suggestions
        if not suggestions:
            screen.tell(f"{program.name}: no suggestions for this script")
            return
        head: list[Line] = [(Span(" The file is not changed; w saves the new text, e edits it first.", "text"),)]
        choices = [
            MenuChoice(one.text, one.explanation, tuple(one.rewritten.rstrip().split("\n"))) for one in suggestions
        ]

        def chosen(answer: Chosen | None) -> None:
            if answer is None:
                return
            text = suggestions[answer.index].rewritten
            if answer.edit:
                tracing.prompt.open(text)
                return
            first = program.sources[0]
            new = replace(first, text=text, script=read(text), path=None)
            tracing.engine.reload(program, (new, *program.sources[1:]))
            screen.tell(f"{program.name}: {suggestions[answer.index].text}")

        theme = self._around.themes.theme
        screen.show(Menu(f"{program.name}: suggestions", lambda _width: head, choices, theme), chosen)


GROUPS = (
    TracingGroup(
        SuggestionCommands,
        (Command("offers", ("O",), "Suggestions for a better script", "Programs", 13, SuggestionCommands.open),),
    ),
)
