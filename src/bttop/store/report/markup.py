"""Safe HTML: all text is escaped when it is inserted, and only this module writes tags."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from bttop.model.format.text import visible, visible_name

_VOID = frozenset({"meta", "br"})


class Markup(str):
    """Text that is already HTML."""

    __slots__ = ()


Child: TypeAlias = "str | Markup | Iterable[Child]"


def tag(name: str, /, *children: Child, **attributes: object) -> Markup:
    """Return an element. Text in the children is made visible and escaped. Attributes that are None are left out; in
    their names, a trailing underscore is dropped (`class_`) and other underscores become dashes."""
    opening = f"<{name}{_attributes(attributes)}>"
    return Markup(opening if name in _VOID else f"{opening}{joined(children)}</{name}>")


def joined(children: Child) -> Markup:
    """Return the children, concatenated."""
    if isinstance(children, Markup):
        return children
    if isinstance(children, str):
        return text(children)
    return Markup("".join([joined(child) for child in children]))


def text(plain: str) -> Markup:
    """Return text of one line as HTML; control, invisible and combining characters are written as escapes."""
    return Markup(html.escape(visible(plain)))


def name(plain: str) -> Markup:
    """Return a name as HTML, like `text`, with spaces at its ends written as escapes. The style sheet keeps the spaces
    within it, which a browser would otherwise collapse."""
    return Markup(html.escape(visible_name(plain)))


def lines(plain: str) -> Markup:
    """Return text of several lines as HTML for `pre`; tabs become spaces."""
    return Markup("\n".join([text(line) for line in plain.expandtabs(4).split("\n")]))


def _attributes(attributes: Mapping[str, object]) -> str:
    found = [(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None]
    return "".join([f' {name}="{text(str(value))}"' for name, value in found])
