"""An editable line: text, cursor and history. Pure functions; the keys are those of a shell."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from bttop.ui.render.text import width

_WORD_BREAKS = " \t\n:/(){}[],;"


class LineEdit(Struct, frozen=True):
    """The state of the line; every key returns a new one."""

    text: str = ""
    cursor: int = 0
    history: tuple[str, ...] = ()
    """Oldest first."""
    at: int = -1
    """The line of the history on show, counted from the newest (0); -1 is the typed line."""
    typed: str = ""
    """The typed line while a line of the history is on show."""
    proposed: bool = False
    """Whether the text is only a proposal: what is typed first replaces it, and any other key accepts it."""

    @classmethod
    def begin(cls, text: str = "", history: Sequence[str] = (), *, proposed: bool = False) -> LineEdit:
        """A line with the cursor at its end."""
        return cls(text, len(text), tuple(history), proposed=proposed and bool(text))

    def insert(self, piece: str) -> LineEdit:
        """Insert text at the cursor, or in the place of a proposal."""
        if self.proposed:
            return LineEdit.begin(piece, self.history)
        text = self.text[: self.cursor] + piece + self.text[self.cursor :]
        return replace(self, text=text, cursor=self.cursor + len(piece), at=-1)

    def replace_from(self, start: int, piece: str) -> LineEdit:
        """Replace the text between `start` and the cursor."""
        text = self.text[:start] + piece + self.text[self.cursor :]
        return replace(self, text=text, cursor=start + len(piece), at=-1, proposed=False)

    def press(self, key: str) -> LineEdit | None:
        """The line after an editing key (Textual's name); None if the key is not an editing key."""
        if self.proposed and key in ("backspace", "ctrl+h"):
            return LineEdit.begin("", self.history)
        edited = self._pressed(key)
        return None if edited is None else replace(edited, proposed=False)

    def _pressed(self, key: str) -> LineEdit | None:
        match key:
            case "backspace" | "ctrl+h":
                return self._delete(self.cursor - 1, self.cursor)
            case "delete" | "ctrl+d":
                return self._delete(self.cursor, self.cursor + 1)
            case "ctrl+u":
                return self._delete(0, self.cursor)
            case "ctrl+k":
                return self._delete(self.cursor, len(self.text))
            case "ctrl+w":
                return self._delete(self._word_left(), self.cursor)
            case "up" | "ctrl+p":
                return self._recall(self.at + 1)
            case "down" | "ctrl+n":
                return self._recall(self.at - 1)
        return self._moved(key)

    def _moved(self, key: str) -> LineEdit | None:
        places = {
            "left": self.cursor - 1,
            "right": self.cursor + 1,
            "home": 0,
            "ctrl+a": 0,
            "end": len(self.text),
            "ctrl+e": len(self.text),
            "ctrl+left": self._word_left(),
            "ctrl+right": self._word_right(),
        }
        if key not in places:
            return None
        return replace(self, cursor=max(0, min(len(self.text), places[key])))

    def _delete(self, start: int, end: int) -> LineEdit:
        start = max(0, start)
        return replace(self, text=self.text[:start] + self.text[end:], cursor=start, at=-1)

    def _word_left(self) -> int:
        at = self.cursor
        while at > 0 and self.text[at - 1] in _WORD_BREAKS:
            at -= 1
        while at > 0 and self.text[at - 1] not in _WORD_BREAKS:
            at -= 1
        return at

    def _word_right(self) -> int:
        at = self.cursor
        while at < len(self.text) and self.text[at] in _WORD_BREAKS:
            at += 1
        while at < len(self.text) and self.text[at] not in _WORD_BREAKS:
            at += 1
        return at

    def _recall(self, at: int) -> LineEdit:
        """Show line `at` of the history, or the typed line for -1."""
        if at >= len(self.history) or at < -1:
            return self
        typed = self.text if self.at < 0 else self.typed
        text = typed if at < 0 else self.history[-1 - at]
        return replace(self, text=text, cursor=len(text), at=at, typed=typed)


def visible_part(text: str, cursor: int, cells: int) -> tuple[str, int]:
    """The part of a long line around the cursor, and the cursor's index in it. At least one cell stays free for a
    cursor after the end."""
    start = _back(text, cursor, (cells - 1) * 2 // 3)
    end = _ahead(text, start, cells - 1)
    if end == len(text):
        start = _back(text, end, cells - 1)
    return text[start:end], cursor - start


def _back(text: str, end: int, cells: int) -> int:
    """The smallest start for which the text up to `end` fits into `cells` cells."""
    start, used = end, 0
    while start > 0 and (used := used + width(text[start - 1])) <= cells:
        start -= 1
    return start


def _ahead(text: str, start: int, cells: int) -> int:
    """The largest end for which the text from `start` fits into `cells` cells."""
    end, used = start, 0
    while end < len(text) and (used := used + width(text[end])) <= cells:
        end += 1
    return end
