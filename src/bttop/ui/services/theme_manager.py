"""The themes of the dashboard: all of them, the one in use, and reloads when a file changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from bttop.model.format.text import visible
from bttop.trust import Trust
from bttop.ui.terminal.last_background import remember_background
from bttop.ui.themes import BadTheme, Theme, load_theme

if TYPE_CHECKING:
    from bttop.ui.dialogs.palette import PaletteEntry

BY_BACKGROUND: Final[Mapping[bool, str]] = {True: "night", False: "day"}
"""The theme for a dark and for a light background."""


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

    def __init__(
        self, painter: Painter, themes: Mapping[str, Theme], used: str, trust: Trust, *, follows_background: bool
    ) -> None:
        self._painter = painter
        self._themes = dict(themes)
        self._used = used
        self._trust = trust
        self.follows_background = follows_background
        """Whether the terminal's background decides: until the user chooses a theme."""
        for theme in themes.values():
            painter.register_colours(theme)

    @property
    def theme(self) -> Theme:
        """The theme in use."""
        return self._themes[self._used]

    def use(self, name: str) -> None:
        """Use a theme by name: the user has chosen it."""
        self.follows_background = False
        self._paint(name)

    def match_background(self, *, dark: bool) -> None:
        """Use the theme for the terminal's background, unless the user has chosen one. The next run begins with it."""
        remember_background(dark=dark)
        name = BY_BACKGROUND[dark]
        if self.follows_background and name != self._used and name in self._themes:
            self._paint(name)

    def _paint(self, name: str) -> None:
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
            self._paint(theme.name)
        self._painter.tell(f"theme {theme.title} reloaded")

    def palette_entries(self) -> Iterator[PaletteEntry]:
        """One entry of the palette per theme."""
        from bttop.ui.dialogs.palette import PaletteEntry

        for name, theme in self._themes.items():
            yield PaletteEntry(f"Theme: {visible(theme.title)}", "Screen", partial(self.use, name))
