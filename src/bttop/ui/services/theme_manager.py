"""The themes of the dashboard: all of them, the one in use, and reloads when a file changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from textual.app import SystemCommand

from bttop.model.format.text import visible
from bttop.trust import Trust
from bttop.ui.themes import BadTheme, Theme, load_theme


class Painter(Protocol):
    """Something that uses the colours of a theme."""

    def register_colours(self, theme: Theme) -> None:
        """Register the theme's dialog colours under its name."""

    def set_theme(self, theme: Theme) -> None:
        """Use a theme everywhere."""

    def tell(self, text: str, role: str = "hint") -> None:
        """Show a notice in the footer."""


class ThemeManager:
    """All themes by name, and which of them is in use."""

    def __init__(self, painter: Painter, themes: Mapping[str, Theme], used: str, trust: Trust) -> None:
        self._painter = painter
        self._themes = dict(themes)
        self._used = used
        self._trust = trust
        for theme in themes.values():
            painter.register_colours(theme)

    @property
    def theme(self) -> Theme:
        """The theme in use."""
        return self._themes[self._used]

    def use(self, name: str) -> None:
        """Use a theme by name."""
        self._used = name
        self._painter.set_theme(self.theme)

    def use_next(self) -> None:
        """Use the next theme; the first follows the last."""
        names = list(self._themes)
        self.use(names[(names.index(self._used) + 1) % len(names)])
        self._painter.tell(f"theme {self.theme.title}")

    def read_again(self, path: Path) -> None:
        """Load a changed theme file; the theme in use is repainted at once. A faulty file leaves the old theme."""
        theme = load_theme(path, self._trust)
        if isinstance(theme, BadTheme):
            self._painter.tell(f"{path.name}: {theme.reason}; the old theme stays", "error")
            return
        self._themes[theme.name] = theme
        self._painter.register_colours(theme)
        if theme.name == self._used:
            self.use(theme.name)
        self._painter.tell(f"theme {theme.title} reloaded")

    def commands(self) -> Iterator[SystemCommand]:
        """One palette command per theme."""
        for name, theme in self._themes.items():
            # The palette reads titles as markup; textual's own escape doubles a backslash at the end.
            title = f"Theme: {visible(theme.title)}".replace("[", "\\[")
            yield SystemCommand(title, "Screen", lambda n=name: self.use(n))
