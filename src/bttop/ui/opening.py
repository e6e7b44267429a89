"""The first picture: header, titled panes and footer, painted before Textual is imported."""

from __future__ import annotations

import codecs
import contextlib
import locale
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from rich.color import ColorSystem
from rich.style import Style

from bttop.errors import UsageError
from bttop.paths import overlay
from bttop.trust import Trust, Untrusted
from bttop.ui.board.frame.rule import joined_rule, rule_head, rule_mark
from bttop.ui.board.places.grid import LEAST_HEIGHT, LEAST_WIDTH, PanePlace, arrange, needs_of
from bttop.ui.board.screen_bars.header import facts_spans, fitting, host_spans, joined_header, live_span, time_span
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs, Line, Span, fit
from bttop.ui.terminal.last_background import looked_light
from bttop.ui.theme_styles import BAD_FILE, colour_system, read_theme_file, styles_of

USUAL_SIZE: Final = (80, 24)
"""The size of a terminal that does not say it, as for Textual."""
_FOOTER: Final = " starting: keys typed now are kept"


class FirstPicture(Struct, frozen=True):
    """What the first picture says."""

    host: str
    kernel: str
    programs: Sequence[str]
    note: tuple[str, str]
    """The note on each pane's rule, and its role; an empty text is left out."""
    body: str
    """The text in each pane."""
    interval: float | None = None
    """Seconds; None for a recording: its programs are not live, and its time is not now."""
    pin: str = ""
    """The pin as text; empty if there is none."""


def picture(content: FirstPicture, styles: Mapping[str, Style], columns: int, rows: int) -> str:
    """What to send to a terminal of this size; 0 columns or rows stand for an unknown size."""
    width, height = (columns, rows) if columns and rows else USUAL_SIZE
    lines = [_header(content, width), *_board(content, width, height - 2), (Span(_FOOTER, "hint"),)]
    painted = (_painted(fit(line, width), styles) for line in lines[:height])
    whole = "".join(f"\x1b[{number};1H{line}" for number, line in enumerate(painted, start=1))
    if usual_glyphs() is not ASCII:
        return whole
    from bttop.ui.terminal.ascii_text import AsciiText  # needed only without UTF-8

    return AsciiText().of(whole)


def _header(content: FirstPicture, width: int) -> Line:
    pin = Span(content.pin, "match") if content.pin else Span("no pin", "header")
    right = []
    if content.interval is not None:
        right = [live_span(0, len(content.programs)), time_span(content.interval)]
    facts = facts_spans(content.kernel)
    return joined_header(host_spans(content.host, "", pin), lambda room: fitting(facts, room), right, width)


def _board(content: FirstPicture, width: int, height: int) -> list[Line]:
    """The lines between header and footer; blank if the terminal is too small for panes."""
    lines: list[list[Span]] = [[] for _ in range(height)]
    if width >= LEAST_WIDTH and height + 2 >= LEAST_HEIGHT:
        for index, spot in enumerate(arrange(needs_of(len(content.programs)), width, height)):
            for y, line in enumerate(_pane(content, index, spot.place), start=spot.place.y):
                lines[y] += line
    return [tuple(line) for line in lines]


def _pane(content: FirstPicture, index: int, place: PanePlace) -> list[Line]:
    glyphs, focused, divided = usual_glyphs(), index == 0, place.x > 0
    mark, role = rule_mark(glyphs, focused=focused)
    name = content.programs[index]
    head = rule_head(index + 1, name, glyphs, focused=focused, divided=divided, below=place.y > 0)
    rule = joined_rule(head, [Span(*content.note)] if content.note[0] else [], mark, role, place.width)
    divider = (Span(glyphs.divider, "rule"),) if divided else ()
    room = place.width - len(divider)
    body = [(Span(f" {content.body}", "dim"),), *[()] * (place.height - 2)][: place.height - 1]
    return [fit(rule, place.width), *((*divider, *fit(line, room)) for line in body)]


def _painted(line: Line, styles: Mapping[str, Style]) -> str:
    if not styles:
        return "".join(span.text for span in line)
    colours = colour_system()
    return "".join(
        styles.get(span.role, styles["text"]).render(span.text, color_system=colours) for span in line if span.text
    )


def styles_for(wanted: str | None, trust: Trust) -> Mapping[str, Style]:
    """The styles of a theme, by default the usual one. Empty, for a picture without colours, if its file is faulty,
    which is reported when all themes are loaded. Raises UsageError if there is no theme of this name."""
    name = wanted or usual_theme()
    folders = overlay("themes")
    path = next((path for folder in folders if (path := folder / f"{name}.toml").exists()), None)
    if path is None:
        if wanted is not None:
            check_theme(wanted, [one.stem for folder in folders for one in folder.glob("*.toml")])
        return {}
    with contextlib.suppress(Untrusted, *BAD_FILE):
        trust.check_folder(path.parent)
        styles = styles_of(read_theme_file(path, trust))
        colourless = bool(os.environ.get("NO_COLOR"))
        return {role: style.without_color for role, style in styles.items()} if colourless else styles
    return {}


def check_theme(wanted: str, known: Iterable[str]) -> None:
    """Raise UsageError if there is no theme of this name."""
    if wanted not in known:
        raise UsageError(f"there is no theme {wanted!r}; the themes are: {', '.join(sorted(set(known)))}")


def usual_theme() -> str:
    """The theme without `--theme`, until the terminal has told its background, if `follows_background`."""
    if os.environ.get("NO_COLOR"):
        return "mono"
    if not _has_many_colours():
        return "sixteen"
    return "day" if looked_light() else "night"


def follows_background() -> bool:
    """Whether the background of the terminal chooses the theme, without `--theme`."""
    return not os.environ.get("NO_COLOR") and _has_many_colours()


def _has_many_colours() -> bool:
    return colour_system() > ColorSystem.STANDARD


def usual_glyphs() -> Glyphs:
    """Block and line characters if the locale is UTF-8, else ASCII."""
    # Not `getpreferredencoding`: with LC_ALL=C, Python's UTF-8 mode hides the locale.
    try:
        return UNICODE if codecs.lookup(locale.getencoding()).name == "utf-8" else ASCII
    except LookupError:
        return ASCII
