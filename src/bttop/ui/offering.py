"""Better ways to ask what a script asks, shown and taken only when the user says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bttop.script.reader import read
from bttop.ui.menu import Choice, Chosen, Menu
from bttop.ui.spans import Line, Span

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp


def open_offers(app: BttopApp) -> None:
    """What could be asked better in the pane's script; the chosen text takes over at its first flush."""
    program = app.running
    offers = program.offers
    if not offers:
        app.tell(f"{program.name}: nothing to be said better")
        return
    head: list[Line] = [(Span(" The file stays as it is; w saves the new text, e edits it first.", "text"),)]
    choices = [Choice(one.text, one.explanation, tuple(one.rewritten.rstrip().split("\n"))) for one in offers]

    def chosen(answer: Chosen | None) -> None:
        if answer is None:
            return
        text = offers[answer.index].rewritten
        if answer.edit:
            app.prompt.open(text)
            return
        first = program.sources[0]
        app.engine.reload(program, (replace(first, text=text, script=read(text), path=None), *program.sources[1:]))
        app.tell(f"{program.name}: {offers[answer.index].text}")

    app.push_screen(Menu(f"{program.name}: said better", lambda _width: head, choices, app.wardrobe.theme), chosen)
