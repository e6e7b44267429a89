"""Text in terminal cells: width, padding, and cutting with an ellipsis."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len, chop_cells, set_cell_size

ELLIPSIS = "…"


def width(text: str) -> int:
    """Width of the text in terminal cells."""
    return len(text) if text.isascii() else cell_len(text)


def is_narrow(text: str, cells: int) -> bool:
    """Whether the text has `cells` characters, each of which takes one cell."""
    return len(text) == cells and (text.isascii() or all(map(_takes_one_cell, set(text))))


@lru_cache(maxsize=4096)
def _takes_one_cell(character: str) -> bool:
    return cell_len(character) == 1


def left(text: str, cells: int) -> str:
    """The text in exactly `cells` cells, padded on the right; a cut ends in an ellipsis."""
    if cells <= 0:
        return ""
    used = width(text)
    if used <= cells:
        return text + " " * (cells - used)
    return set_cell_size(text, cells - 1) + ELLIPSIS


def right(text: str, cells: int) -> str:
    """The text in exactly `cells` cells, padded on the left; a cut ends in an ellipsis."""
    used = width(text)
    if used <= cells:
        return " " * (cells - used) + text
    return left(text, cells)


def middle(text: str, cells: int) -> str:
    """The text in exactly `cells` cells; a cut is in the middle, because both ends of a path or symbol matter most."""
    used = width(text)
    if used <= cells or cells < 5:
        return left(text, cells)
    head = (cells - 1) // 2
    tail = cells - 1 - head
    end = text[-tail:]
    while width(end) > tail:
        end = end[1:]
    return set_cell_size(text, cells - 1 - width(end)) + ELLIPSIS + end


def pieces(text: str, cells: int) -> list[str]:
    """The whole text in pieces of at most `cells` cells (at least 2, for a wide character)."""
    return chop_cells(text, max(2, cells)) or [""]


def folded(text: str, cells: int, indent: str = "  ") -> list[str]:
    """The text as lines of at most `cells` cells, broken at blanks if possible; all lines but the first begin with
    `indent`. Only blanks at the breaks are removed. Below 10 cells the result is one line, which is cut."""
    if cells < 10:
        return [left(text, cells)]
    lines: list[str] = []
    at, before = 0, ""
    while len(text) - at > cells - len(before) or width(text[at:]) > cells - len(before):
        room = cells - len(before)
        head = pieces(text[at : at + room], room)[0]
        blank = -1 if text.startswith(" ", at + len(head)) else head.rfind(" ", 8)
        cut = at + (blank if blank > 0 else len(head))
        lines.append(before + text[at:cut])
        at, before = cut + len(text[cut:]) - len(text[cut:].lstrip(" ")), indent
    return [*lines, before + text[at:]] if text[at:] or not lines else lines
