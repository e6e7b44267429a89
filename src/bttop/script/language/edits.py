"""Edits of a script's text, and the conversion from a place in the edited text to the user's own text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from bttop.script.language.lexer import Token
from bttop.script.language.reader import position

PREFIX: Final = "__bt_"
"""The names of all maps and variables that bttop adds start with this, after `@` or `$`."""


class Edit(NamedTuple):
    """Replace `removed` characters at `offset` by `text`. Only the last edit of a script may add a newline."""

    offset: int
    text: str
    removed: int = 0
    origin: int = -1
    """Offset of the original code that `text` replaces; -1 if that is `offset`."""


class Edited(NamedTuple):
    """A text with its edits applied."""

    original: str
    edits: tuple[Edit, ...] = ()
    """In the order of their offsets; they do not overlap."""
    before: Edited | None = None
    """The edits whose result is `original`; None if that is the user's own text."""

    @property
    def source(self) -> str:
        """The user's own text, before all edits."""
        return self.original if self.before is None else self.before.source

    def then(self, edits: Iterable[Edit]) -> Edited:
        """Apply more edits to the edited text."""
        more = edited(self.text, edits)
        return more._replace(before=self) if more.edits else self

    @property
    def text(self) -> str:
        pieces: list[str] = []
        at = 0
        for edit in self.edits:
            pieces += (self.original[at : edit.offset], edit.text)
            at = edit.offset + edit.removed
        return "".join((*pieces, self.original[at:]))

    def original_position(self, line: int, column: int) -> tuple[int, int]:
        """The line and byte column (from 1) in the user's own text for those of the edited text; for inserted text, the
        place of its edit or origin."""
        if self.edits:
            line, column = position(self.original, self._original_offset(_offset(self.text, line, column)))
        return (line, column) if self.before is None else self.before.original_position(line, column)

    def _original_offset(self, offset: int) -> int:
        grown = 0
        for edit in self.edits:
            begin = edit.offset + grown
            if offset < begin:
                break
            if offset < begin + len(edit.text):
                return edit.offset if edit.origin < 0 else edit.origin
            grown += len(edit.text) - edit.removed
        return min(max(offset - grown, 0), len(self.original))


def edited(original: str, edits: Iterable[Edit]) -> Edited:
    """Apply edits; several at one offset keep their order."""
    return Edited(original, tuple(sorted(edits, key=lambda edit: edit.offset)))


class Wrapping(Struct, frozen=True):
    """Text to put around an expression."""

    opening: Edit
    closing: Edit


def wrap(first: Token, last: Token, before: str, after: str) -> Wrapping:
    """Put texts before the first and after the last token of an expression."""
    return Wrapping(Edit(first.start, before), Edit(last.end, after))


def nested(edits: Iterable[Edit], wrappings: Sequence[Wrapping]) -> tuple[Edit, ...]:
    """All edits, ordered so that wrappings are inside the text that the other edits put around the same expression."""
    return (*(one.closing for one in wrappings), *edits, *(one.opening for one in wrappings))


def unless_replaced(edits: Iterable[Edit], others: Iterable[Edit]) -> Iterator[Edit]:
    """The edits of those tokens that the other edits keep."""
    replaced = {edit.offset for edit in others if edit.removed}
    return (edit for edit in edits if edit.offset not in replaced)


def replace(token: Token, text: str) -> Edit:
    """Replace a token by `text`."""
    return Edit(token.start, text, len(token.text))


def _offset(text: str, line: int, column: int) -> int:
    """Character offset of a line and byte column, limited to the end of the line and of the text."""
    begin = 0
    for _ in range(line - 1):
        found = text.find("\n", begin)
        if found < 0:
            return len(text)
        begin = found + 1
    end = text.find("\n", begin)
    content = text[begin : len(text) if end < 0 else end]
    return begin + len(content.encode()[: max(column - 1, 0)].decode(errors="ignore"))
