"""The styles in a theme file. Separate from the rest of a theme: the first picture needs them before Textual is
imported."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.color import ColorParseError, ColorSystem
from rich.errors import StyleSyntaxError
from rich.style import Style

from bttop.trust import Trust

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


OPTIONAL_ROLES = {
    "cursor-dim": "underline",
    "line-1": "cyan",
    "line-2": "yellow",
    "line-3": "magenta",
    "line-4": "green",
    "line-5": "blue",
    "line-6": "red",
    "flame-user": "reverse",
    "flame-kernel": "reverse dim",
    "flame-jit": "reverse italic",
    "flame-unknown": "dim",
    "flame-label": "bold",
    "flame-match": "bold reverse underline",
    "flame-more": "bold reverse",
    "flame-less": "dim",
    "flame-same": "reverse dim",
}
"""Roles that a theme file may leave out, with the style that is added to that of `text` then."""
BAD_FILE = (OSError, UnicodeDecodeError, TypeError, ValueError, StyleSyntaxError, ColorParseError)
"""What is raised for a file that cannot be used; Untrusted is an OSError, TOMLDecodeError a ValueError."""


def read_theme_file(path: Path, trust: Trust) -> dict[str, Any]:
    """The content of a theme file. Raises OSError (Untrusted), UnicodeDecodeError or TOMLDecodeError."""
    return tomllib.loads(trust.read(path).decode())


def styles_of(content: Mapping[str, Any]) -> Mapping[str, Style]:
    """The style of every role. Raises TypeError, ValueError or StyleSyntaxError."""
    roles = texts(content, "roles", ROLES | OPTIONAL_ROLES.keys(), "role")
    missing = ROLES - set(roles)
    if missing:
        raise ValueError(f"no style for the role {min(missing)}")
    if not isinstance(content.get("background", ""), str):
        raise TypeError("background is not a string")
    base = Style(bgcolor=content["background"]) if "background" in content else Style()
    roles = {**{role: f"{roles['text']} {style}" for role, style in OPTIONAL_ROLES.items()}, **roles}
    return {role: base + Style.parse(text) for role, text in roles.items()}


def texts(content: Mapping[str, Any], field: str, known: frozenset[str], what: str) -> Mapping[str, str]:
    """A table of the file: known names, each with a string. Raises TypeError or ValueError."""
    table = content.get(field, {})
    if not isinstance(table, dict):
        raise TypeError(f"{field} is not a table")
    only(table, known, what)
    wrong = [name for name, text in table.items() if not isinstance(text, str)]
    if wrong:
        raise TypeError(f"the {what} {min(wrong)} is not a string")
    return table


def only(table: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    """Raise ValueError if a table has an unknown name."""
    unknown = set(table) - known
    if unknown:
        raise ValueError(f"unknown {what} {min(unknown)}")


def colour_system() -> ColorSystem:
    """How many colours the terminal has, by the rules of rich 15 (`Console._detect_color_system`), with which Textual
    paints."""
    if os.environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return ColorSystem.TRUECOLOR
    ending = os.environ.get("TERM", "").strip().lower().rpartition("-")[2]
    return ColorSystem.EIGHT_BIT if ending in ("kitty", "256color") else ColorSystem.STANDARD
