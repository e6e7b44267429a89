"""The themes behind the screen: all there are, the one it wears, and what their files say when they change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App, SystemCommand

from bttop.model.text import visible
from bttop.trust import Trust
from bttop.ui.themes import BadTheme, Theme, load_theme

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp


class Wardrobe:
    """All themes by name; one of them is worn."""

    def __init__(self, app: BttopApp, themes: Mapping[str, Theme], worn: str, trust: Trust) -> None:
        self._app = app
        self._themes = dict(themes)
        self._worn = worn
        self._trust = trust
        for theme in themes.values():
            app.register_theme(theme.dialogs)
        app.theme = self.theme.dialogs.name

    @property
    def theme(self) -> Theme:
        """The theme in use."""
        return self._themes[self._worn]

    def wear(self, name: str) -> None:
        """Use a theme by name."""
        self._worn = name
        self._app.set_theme(self.theme)

    def wear_next(self) -> None:
        """Go round the themes."""
        names = list(self._themes)
        self.wear(names[(names.index(self._worn) + 1) % len(names)])
        self._app.tell(f"theme {self.theme.title}")

    def read_again(self, path: Path) -> None:
        """A theme's file has changed: seen at once where it is in use. One that is faulty leaves the old theme."""
        theme = load_theme(path, self._trust)
        if isinstance(theme, BadTheme):
            self._app.tell(f"{path.name}: {theme.reason}; the old theme stays", "error")
            return
        self._themes[theme.name] = theme
        self._app.register_theme(theme.dialogs)
        if theme.name == self._worn:
            self.wear(theme.name)
            self._app.mutate_reactive(App.theme)
        self._app.tell(f"theme {theme.title} read again")

    def commands(self) -> Iterator[SystemCommand]:
        """Every theme, for the palette."""
        for name, theme in self._themes.items():
            # The palette reads titles as markup; Textual's own escape doubles a backslash at the end.
            title = f"Theme: {visible(theme.title)}".replace("[", "\\[")
            yield SystemCommand(title, "Screen", lambda n=name: self.wear(n))
