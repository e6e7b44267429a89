"""Theme files: TOML that gives every role a style. Loading returns the themes and the files that failed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.color import ColorParseError as RichColorParseError
from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES
from textual.theme import Theme as DialogTheme

from bttop.trust import EVERYBODY, Trust, Untrusted

ROLES = frozenset(
    [
        "text",
        "name",
        "number",
        "dim",
        "rule",
        "focus",
        "title",
        "focus-title",
        "rate",
        "heading",
        "sorted",
        "bar",
        "trend",
        "frame",
        "cursor",
        "badge",
        "error",
        "warn",
        "good",
        "header",
        "header-strong",
        "key",
        "hint",
        "match",
    ]
)
_DIALOG_COLOURS = frozenset({"primary", "secondary", "background", "surface", "panel", "foreground", "accent"})
_FIELDS = frozenset({"title", "dark", "ansi", "background", "dialogs", "roles"})


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme: one style per role, and Textual's theme for dialogs and the palette."""

    name: str
    title: str
    styles: Mapping[str, Style]
    dialogs: DialogTheme

    def style(self, role: str) -> Style:
        """The style of a role; an unknown role gets the style of `text`."""
        return self.styles.get(role, self.styles["text"])


@dataclass(frozen=True, slots=True)
class BadTheme:
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
        content = tomllib.loads(trust.read(path).decode())
        return _theme(path.stem, content)
    except Untrusted as caveat:
        return BadTheme(path, caveat.reason)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return BadTheme(path, str(error))
    except (TypeError, ValueError, StyleSyntaxError, ColorParseError, RichColorParseError) as error:
        return BadTheme(path, str(error))


def _theme(name: str, content: dict[str, Any]) -> Theme:
    _only(content, _FIELDS, "field")
    roles = _texts(content, "roles", ROLES, "role")
    dialogs = _texts(content, "dialogs", _DIALOG_COLOURS, "dialog colour")
    dark, ansi = _flag(content, "dark", default=True), _flag(content, "ansi", default=False)
    missing = ROLES - set(roles)
    if missing:
        raise ValueError(f"no style for the role {min(missing)}")
    if not isinstance(content.get("background", ""), str):
        raise TypeError("background is not a string")
    base = Style(bgcolor=content["background"]) if "background" in content else Style()
    styles = {role: base + Style.parse(text) for role, text in roles.items()}
    theme = _dialog_theme(f"bttop-{name}", dialogs, dark=dark, ansi=ansi)
    return Theme(name, str(content.get("title", name)), styles, theme)


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


def _texts(content: Mapping[str, Any], field: str, known: frozenset[str], what: str) -> Mapping[str, str]:
    """A table of the file: known names, each with a string. Raises TypeError or ValueError."""
    table = content.get(field, {})
    if not isinstance(table, dict):
        raise TypeError(f"{field} is not a table")
    _only(table, known, what)
    wrong = [name for name, text in table.items() if not isinstance(text, str)]
    if wrong:
        raise TypeError(f"the {what} {min(wrong)} is not a string")
    return table


def _flag(content: Mapping[str, Any], field: str, *, default: bool) -> bool:
    value = content.get(field, default)
    if not isinstance(value, bool):
        raise TypeError(f"{field} is not true or false")
    return value


def _only(table: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    unknown = set(table) - known
    if unknown:
        raise ValueError(f"unknown {what} {min(unknown)}")
