"""Theme files: TOML that gives every role a style. Loading returns the themes and the files that failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import Struct
from rich.color import ColorSystem
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES
from textual.theme import Theme as DialogTheme

from bttop.trust import EVERYBODY, Trust, Untrusted
from bttop.ui.theme_ramp import RAMP_ROLE, ramp_of, ramp_style
from bttop.ui.theme_styles import BAD_FILE, colour_system, only, read_theme_file, styles_of, texts

_DIALOG_COLOURS = frozenset({"primary", "secondary", "background", "surface", "panel", "foreground", "accent"})
_FIELDS = frozenset({"title", "dark", "ansi", "background", "dialogs", "ramp", "roles"})


class Theme(Struct, frozen=True):
    """A theme: one style per role, and Textual's theme for dialogs and the palette."""

    name: str
    title: str
    styles: Mapping[str, Style]
    dialogs: DialogTheme
    ramp: tuple[str, ...] = ()
    """Colours of a heat map, from few events to many; empty if the theme has too few colours."""

    def style(self, role: str) -> Style:
        """The style of a role; an unknown role gets the style of `text`."""
        found = self.styles.get(role)
        if found is not None:
            return found
        text = self.styles["text"]
        return text + ramp_style(self.ramp, role) if self.ramp and role.startswith(RAMP_ROLE) else text

    @property
    def shades(self) -> int:
        """Steps of the ramp that the terminal can show: none with 16 colours."""
        return len(self.ramp) if colour_system() is not ColorSystem.STANDARD else 0


class BadTheme(Struct, frozen=True):
    """A theme file or folder that cannot be used, and why."""

    path: Path
    reason: str


def load_themes(directories: Iterable[Path], trust: Trust = EVERYBODY) -> tuple[dict[str, Theme], tuple[BadTheme, ...]]:
    """All themes by name, and the files and directories that failed. The first directory with a name wins."""
    good: dict[str, Theme] = {}
    bad: list[BadTheme] = []
    for directory in directories:
        try:
            trust.check_folder(directory)
        except Untrusted as caveat:
            bad.append(BadTheme(directory, caveat.reason))
            continue
        for path in sorted(directory.glob("*.toml")):
            if path.stem in good:
                continue
            found = load_theme(path, trust)
            if isinstance(found, Theme):
                good[found.name] = found
            else:
                bad.append(found)
    return good, tuple(bad)


def load_theme(path: Path, trust: Trust = EVERYBODY) -> Theme | BadTheme:
    """Read and check one theme file; a BadTheme if it cannot be used."""
    try:
        content = read_theme_file(path, trust)
        return _theme(path.stem, content)
    except Untrusted as caveat:
        return BadTheme(path, caveat.reason)
    except (*BAD_FILE, ColorParseError) as error:
        return BadTheme(path, str(error))


def _theme(name: str, content: dict[str, Any]) -> Theme:
    only(content, _FIELDS, "field")
    dialogs = texts(content, "dialogs", _DIALOG_COLOURS, "dialog colour")
    dark, ansi = _flag(content, "dark", default=True), _flag(content, "ansi", default=False)
    styles = styles_of(content)
    theme = _dialog_theme(f"bttop-{name}", dialogs, dark=dark, ansi=ansi)
    return Theme(name, str(content.get("title", name)), styles, theme, ramp_of(content))


def _dialog_theme(name: str, colours: Mapping[str, str], *, dark: bool, ansi: bool) -> DialogTheme:
    """Textual's theme. Its colours are checked here because Textual checks them only when it uses them. The terminal's
    own colours (`ansi`) need variables that only Textual's ANSI themes define, so these themes are used unchanged."""
    if ansi:
        if colours:
            raise ValueError("a theme with ansi = true uses the terminal's own colours and cannot have [dialogs]")
        return replace(BUILTIN_THEMES["ansi-dark" if dark else "ansi-light"], name=name)
    if "primary" not in colours:
        raise ValueError("[dialogs] has no primary colour")
    for text in colours.values():
        Color.parse(text)
    theme = DialogTheme(name=name, dark=dark, **colours)  # type: ignore[arg-type]  # only colours pass `_only`
    theme.to_color_system().generate()
    return theme


def _flag(content: Mapping[str, Any], field: str, *, default: bool) -> bool:
    value = content.get(field, default)
    if not isinstance(value, bool):
        raise TypeError(f"{field} is not true or false")
    return value
