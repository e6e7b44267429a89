"""HTML that cannot be broken out of: text is escaped when it goes in, and only this module writes tags."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from bttop.model.text import visible, visible_name

_VOID = frozenset({"meta", "br"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "str | Markup | Iterable[Child]"


def tag(name: str, /, *children: Child, **attributes: object) -> Markup:
    """An element. Text among the children is made visible and escaped; of attributes, None is left out, a trailing
    underscore dropped (`class_`) and others become dashes."""
    opening = f"<{name}{_attributes(attributes)}>"
    return Markup(opening if name in _VOID else f"{opening}{joined(children)}</{name}>")


def joined(children: Child) -> Markup:
    """Children one after the other."""
    if isinstance(children, Markup):
        return children
    if isinstance(children, str):
        return text(children)
    return Markup("".join([joined(child) for child in children]))


def text(plain: str) -> Markup:
    """Text of one line; what would steer, hide or pile up is written as an escape."""
    return Markup(html.escape(visible(plain)))


def name(plain: str) -> Markup:
    """A name on its own: as text, and with the blanks at its ends written as escapes. The blanks within it need the
    style sheet, or a browser makes one of them."""
    return Markup(html.escape(visible_name(plain)))


def lines(plain: str) -> Markup:
    """Text of several lines, for `pre`; tabs become blanks."""
    return Markup("\n".join([text(line) for line in plain.expandtabs(4).split("\n")]))


def _attributes(attributes: Mapping[str, object]) -> str:
    found = [(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None]
    return "".join([f' {name}="{text(str(value))}"' for name, value in found])
