"""The input bar: a question above the footer with an editable answer, completions and error messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bttop.model.format.text import visible
from bttop.ui.board.painted_lines import paint
from bttop.ui.board.screen_bars.bars import KeyHint
from bttop.ui.dialogs.line_edit import LineEdit, visible_part
from bttop.ui.render.spans import Glyphs, Line, Span, first_lines, fit, wrapped
from bttop.ui.themes import Theme

MOST_NOTES = 8
"""Maximum number of note lines above the answer."""


class InputCompletions(Struct, frozen=True):
    """Words that could replace the text between `start` and the cursor."""

    start: int
    words: Sequence[str]


def _no_words(_text: str, _cursor: int) -> InputCompletions:
    return InputCompletions(0, ())


def _no_change(_text: str) -> None:
    """The default: ignore what is typed."""


class InputQuestion(Struct, frozen=True):
    """A question and what to do with its answer."""

    prompt: str
    done: Callable[[str | None], None]
    """Called with the answer at Enter, with None at Esc or Ctrl-C."""
    changed: Callable[[str], None] = _no_change
    """Called with the text after every key that changed it."""
    history: tuple[str, ...] = ()
    complete: Callable[[str, int], InputCompletions] = _no_words
    """Called with the text and the cursor at Tab; returns the completions."""
    keys: tuple[KeyHint, ...] = ()
    """Keys for the footer besides Enter and Esc."""
    accepts: str = "accept"
    """What Enter does, as a word for the footer."""
    proposes: bool = False
    """Whether the initial answer is a proposal, which the first typed character replaces."""


class InputBar(Widget, can_focus=True):
    """Visible only while it asks; it gets all keys until Enter, Esc or Ctrl-C."""

    DEFAULT_CSS = "InputBar { height: 1; width: 1fr; display: none; }"

    def __init__(self, theme: Theme, glyphs: Glyphs, changed: Callable[[], None]) -> None:
        """`changed` is called when it begins or ends to ask."""
        super().__init__()
        self._changed = changed
        self.bttop_theme = theme
        self._glyphs = glyphs
        self._question: InputQuestion | None = None
        self._edit = LineEdit()
        self._notes: tuple[Line, ...] = ()
        self._offered: Sequence[str] = ()
        self._start = 0
        self._choice = -1

    @property
    def asking(self) -> bool:
        return self._question is not None

    @property
    def keys(self) -> Sequence[KeyHint]:
        """The keys for the footer while it asks."""
        question = self._question
        if question is None:
            return ()
        return (KeyHint("Enter", question.accepts, ""), *question.keys, KeyHint("Esc", "cancel", ""))

    def ask(self, question: InputQuestion, text: str = "", notes: Sequence[Line] = ()) -> None:
        """Ask a question; `text` is the initial answer, `notes` are shown above it, such as errors of the last one."""
        self._question = question
        self._edit = LineEdit.begin(text, question.history, proposed=question.proposes)
        self._notes, self._offered, self._choice = tuple(notes), (), -1
        self.display = True
        self.screen.set_focus(self)  # now: the first letter of the answer may have been read already
        self._settle()
        self._changed()

    def _settle(self) -> None:
        notes = len(self._note_lines(self.screen.size.width))
        self.styles.height = notes + (1 if self._offered else 0) + 1
        self.refresh(layout=True)

    def _note_lines(self, cells: int) -> list[Line]:
        """The notes, each over as many lines as it needs, but at most MOST_NOTES."""
        return first_lines([line for note in self._notes for line in wrapped(note, cells)], MOST_NOTES, cells)

    def lines(self, cells: int) -> list[Line]:
        """The notes, the completions, and the answer with its cursor."""
        if self._question is None:
            return []
        lines = self._note_lines(cells)
        if self._offered:
            lines.append(self._completion_line(cells))
        prompt = f" {self._question.prompt}"
        return [*lines, (Span(prompt, "key"), *self._answer(max(10, cells - len(prompt) - 1)))]

    def _answer(self, cells: int) -> Line:
        """The part of the answer that fits, always with the character under the cursor."""
        # One character for each line end, so that the cursor stays where it is.
        text, cursor = self._edit.text.replace("\n", self._glyphs.line_end), self._edit.cursor
        role = "match" if self._edit.proposed else "text"
        before = visible(text[max(0, cursor - cells) : cursor])
        under = visible(text[cursor : cursor + 1])
        part, at = visible_part(before + under + visible(text[cursor + 1 : cursor + cells]), len(before), cells)
        behind = at + max(1, len(under))
        return (Span(part[:at], role), Span(part[at:behind] or " ", "cursor"), Span(part[behind:], role))

    def _completion_line(self, cells: int) -> Line:
        spans = [Span(" ")]
        for index, word in enumerate(self._offered):
            spans.append(Span(f"{visible(word)}  ", "match" if index == self._choice else "hint"))
            if sum(len(span.text) for span in spans) > cells:
                break
        return tuple(spans)

    def render_lines(self, crop: Region) -> list[Strip]:
        width = self.size.width
        lines = self.lines(width)
        lines += [()] * (self.size.height - len(lines))
        strips = [paint(fit(line, width), self.bttop_theme, width) for line in lines]
        return [strip.crop(crop.x, crop.right) for strip in strips[crop.y : crop.bottom]]

    def on_key(self, event: events.Key) -> None:
        """Edit the answer with every key. Keys that arrive after the answer are passed to the widget that has the
        focus."""
        if self._question is None:
            if self.screen.focused is not self:
                event.stop()
                self.app.post_message(events.Key(event.key, event.character))
            return
        event.stop()
        event.prevent_default()
        if event.key in ("enter", "escape", "ctrl+c"):
            self._finish(self._edit.text if event.key == "enter" else None)
        elif event.key in ("tab", "shift+tab"):
            self._complete(1 if event.key == "tab" else -1)
        else:
            edited = self._edit.press(event.key)
            if edited is None and event.character is not None and event.is_printable:
                edited = self._edit.insert(event.character)
            if edited is not None:
                self._set(edited)

    def _finish(self, answer: str | None) -> None:
        question = self._question
        assert question is not None
        self._question = None
        self.display = False
        self.screen.set_focus(None)
        self._changed()
        question.done(answer)

    def _set(self, edited: LineEdit) -> None:
        changed = edited.text != self._edit.text
        self._edit = edited
        self._offered, self._choice = (), -1
        if changed:
            self._notes = ()
            assert self._question is not None
            self._question.changed(edited.text)
        self._settle()

    def _complete(self, step: int) -> None:
        """The first Tab shows the completions; further Tabs choose one of them."""
        assert self._question is not None
        found = self._question.complete(self._edit.text, self._edit.cursor)
        if self._offered and self._choice >= -1:
            before = 0 if self._choice < 0 and step < 0 else self._choice  # the first step back chooses the last word
            self._choice = (before + step) % len(self._offered)
            self._edit = self._edit.replace_from(self._start, self._offered[self._choice])
        elif len(found.words) == 1:
            self._edit = self._edit.replace_from(found.start, found.words[0])
        elif found.words:
            self._offered, self._start, self._choice = found.words, found.start, -1
            shared = _shared_start(found.words)
            if len(shared) > self._edit.cursor - found.start:
                self._edit = self._edit.replace_from(found.start, shared)
        self._settle()

    def on_paste(self, event: events.Paste) -> None:
        """Insert pasted text with its line ends: a program may have several lines."""
        if self._question is not None:
            event.stop()
            self._set(self._edit.insert(event.text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")))

    def set_theme(self, theme: Theme) -> None:
        """Use a theme."""
        self.bttop_theme = theme
        self.refresh()


def _shared_start(words: Sequence[str]) -> str:
    first, last = min(words), max(words)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]
