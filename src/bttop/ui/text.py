"""Text in the cells of a terminal: widths, padding, and cutting that says that it cut."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size

ELLIPSIS = "…"


def width(text: str) -> int:
    """Terminal cells that the text takes."""
    return len(text) if text.isascii() else cell_len(text)


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
    """The text in exactly `cells` cells with its middle left out: both ends of a path or symbol tell most."""
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
    """The text cut into pieces of at most `cells` cells (at least 2, for a wide character); nothing is left out."""
    return chop_cells(text, max(2, cells)) or [""]


def folded(text: str, cells: int) -> list[str]:
    """The text as lines of at most `cells` cells, broken at blanks where it has any; all but the first begin with
    two blanks. Only blanks at the breaks are left out, unless there is less than 10 cells of room."""
    if cells < 10:
        return [left(text, cells)]
    lines, at, indent = [], 0, ""
    while len(text) - at > cells - len(indent) or width(text[at:]) > cells - len(indent):
        room = cells - len(indent)
        head = pieces(text[at : at + room], room)[0]
        blank = -1 if text.startswith(" ", at + len(head)) else head.rfind(" ", 8)
        cut = at + (blank if blank > 0 else len(head))
        lines.append(indent + text[at:cut])
        at, indent = cut + len(text[cut:]) - len(text[cut:].lstrip(" ")), "  "
    return [*lines, indent + text[at:]] if text[at:] or not lines else lines
