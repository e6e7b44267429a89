"""The catalogue: the library and all probes of this kernel, searched while the user types."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bttop.engine.host.kernel.kernel_probes import KernelProbes
from bttop.model.format.text import visible
from bttop.script.library.parameters import parameters_of
from bttop.script.library.probe_files import Library, ProbeFile
from bttop.script.library.word_search import rank
from bttop.ui.board.painted_lines import paint
from bttop.ui.dialogs.line_edit import LineEdit
from bttop.ui.dialogs.modal import Modal
from bttop.ui.render.spans import Line, Span, first_lines, fit, wrapped, wrapped_within
from bttop.ui.themes import Theme

SHOWN = 400
"""Maximum number of probes of the kernel that one search returns."""
ABOUT_LINES = 4
"""Maximum number of lines for the help of a probe file, for its parameters, or for the arguments of a probe."""
_KEYS = {"down": 1, "ctrl+n": 1, "up": -1, "ctrl+p": -1, "pagedown": 10, "pageup": -10}


class Entry(Struct, frozen=True):
    """One line of the catalogue: a probe file of the library, or a probe of the kernel."""

    name: str
    about: str = ""
    file: ProbeFile | None = None
    why_not: str = ""
    """Why it cannot run here; empty if no reason is known."""


def library_entries(library: Library, why_not: Callable[[ProbeFile], str], text: str) -> list[Entry]:
    """The probe files that every word of `text` fits: those with the word in their name first, then those with it in
    their title, then those with it in their tags or help."""
    ranked = [(rank(text, (probe.path.stem, probe.title), probe.words), probe) for probe in library.probes]
    fitting = sorted([(place, index) for index, (place, _) in enumerate(ranked) if place is not None])
    found = [ranked[index][1] for _, index in fitting]
    return [Entry(probe.path.stem, probe.title, probe, why_not(probe)) for probe in found]


class CatalogueBody(Widget):
    """The search line and its matches."""

    DEFAULT_CSS = "CatalogueBody { width: 1fr; height: 1fr; }"

    def __init__(
        self, library: Library, why_not: Callable[[ProbeFile], str], kernel: KernelProbes, theme: Theme
    ) -> None:
        super().__init__()
        self._library = library
        self._why_not = why_not
        self._kernel = kernel
        self._theme = theme
        self._edit = LineEdit()
        self._at = 0
        self._top = 0
        self._rows = 0
        self._entries: list[Entry] = []
        self.search()

    def search(self) -> None:
        """Search again: the text or the kernel's list has changed."""
        text = self._edit.text
        found = library_entries(self._library, self._why_not, text)
        found += [Entry(name) for name in self._kernel.search(text, SHOWN)]
        self._entries = found
        self._at = max(0, min(self._at, len(found) - 1))
        self.refresh()

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        return self._entries[self._at] if self._entries else None

    def render_lines(self, crop: Region) -> list[Strip]:
        cells, height = self.size.width, self.size.height
        strips = [paint(fit(line, cells), self._theme, cells) for line in self.page(cells, height)]
        return [strip.crop(crop.x, crop.right) for strip in strips[crop.y : crop.bottom]]

    def page(self, cells: int, height: int) -> list[Line]:
        """The whole page in `height` lines."""
        about = self._about(cells)
        self._rows = rows = max(1, height - 3 - len(about))
        self._top = max(0, min(self._top, self._at, len(self._entries) - rows), self._at - rows + 1)
        shown = self._entries[self._top : self._top + rows]
        lines = [self._search_line(), *(self._entry_line(entry, cells) for entry in shown)]
        lines += [()] * (rows + 1 - len(lines))
        lines += [fit((Span("━" * cells, "rule"),), cells), *about]
        return [*lines, (Span(" type to search   ↑↓ move   Enter starts or asks   Esc back", "hint"),)]

    def _search_line(self) -> Line:
        total = len(self._kernel.names)
        state = self._kernel.failure or (
            f"{total:,} probes of this kernel" if self._kernel.loaded else "listing probes …"
        )
        text, cursor = self._edit.text, self._edit.cursor
        return (
            Span(" search: ", "key"),
            Span(visible(text[:cursor])),
            Span(visible(text[cursor : cursor + 1]) or " ", "cursor"),
            Span(visible(text[cursor + 1 :])),
            Span(f"   {visible(state)}, {len(self._library.probes)} files of the library", "dim"),
        )

    def _entry_line(self, entry: Entry, cells: int) -> Line:
        role = "cursor" if entry is self.entry else "dim" if entry.why_not else "title" if entry.file else "name"
        mark = "▪ " if entry.file is not None else "  "
        name = f" {mark}{visible(entry.name)} "
        about = entry.why_not or entry.about
        return fit((Span(name, role), Span(f" {visible(about)}", "dim")), cells)

    def _about(self, cells: int) -> list[Line]:
        """What is known about the entry under the cursor: its help, or the arguments of the probe."""
        entry = self.entry
        if entry is None:
            return [(Span(" no match", "dim"),)]
        if entry.file is not None:
            return _about_file(entry.file, cells)
        arguments = self._kernel.arguments(entry.name)
        if arguments is None:
            return [(Span(" reading its arguments …", "dim"),)]
        if not arguments:
            return [(Span(" no known arguments", "dim"),)]
        words = "  ".join(f"{one.type} {one.name}" for one in arguments)
        return wrapped_within((Span(f" {visible(words)}", "frame"),), cells, ABOUT_LINES)

    def press(self, event: events.Key) -> None:
        """Move the cursor or edit the search."""
        if event.key in _KEYS:
            self._at = max(0, min(len(self._entries) - 1, self._at + _KEYS[event.key]))
            self.refresh()
            return
        edited = self._edit.press(event.key)
        if edited is None and event.character is not None and event.is_printable:
            edited = self._edit.insert(event.character)
        if edited is not None:
            changed = edited.text != self._edit.text
            self._edit = edited
            if changed:
                self._at = self._top = 0
                self.search()
            self.refresh()

    def at_line(self, y: int) -> None:
        """Move the cursor to the entry on line `y` of the screen."""
        index = self._top + y - 1
        if 1 <= y <= self._rows and index < len(self._entries):
            self._at = index
            self.refresh()


def _about_file(file: ProbeFile, cells: int) -> list[Line]:
    """The help of a probe file and its parameters."""
    text = file.front.help if file.front is not None else ""
    lines = wrapped_within((Span(f" {visible(text)}", "text"),), cells, ABOUT_LINES)
    for number, one in enumerate(parameters_of(file.script, file.front), start=1):
        lines += wrapped((Span(f" ${number} {visible(one.about)}", "name"),), cells)
    return first_lines(lines, 2 * ABOUT_LINES, cells)


class Catalogue(Modal["Entry"]):
    """Its result is the chosen entry, or None."""

    edits_text: ClassVar[bool] = True

    def __init__(
        self, library: Library, why_not: Callable[[ProbeFile], str], kernel: KernelProbes, theme: Theme
    ) -> None:
        super().__init__()
        self._body = CatalogueBody(library, why_not, kernel, theme)

    def compose(self) -> ComposeResult:
        yield self._body

    def on_key(self, event: events.Key) -> None:
        """Esc and Ctrl-C leave, Enter chooses; other keys move the cursor or edit the search."""
        event.stop()
        if event.key in ("escape", "ctrl+c"):
            self.leave(None)
        elif event.key == "enter":
            if self._body.entry is not None:
                self.leave(self._body.entry)
        else:
            self._body.press(event)

    def on_paste(self, event: events.Paste) -> None:
        """Insert pasted text into the search."""
        event.stop()
        for character in " ".join(event.text.split()):
            self._body.press(events.Key(character, character))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a double click chooses."""
        event.stop()
        self._body.at_line(event.y)
        if event.chain == 2 and self._body.entry is not None:
            self.leave(self._body.entry)

    def news(self) -> None:
        """The kernel's list or the arguments of a probe have arrived: search again."""
        self._body.search()
