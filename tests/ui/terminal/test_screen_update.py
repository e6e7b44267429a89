"""What is sent for changed parts of the screen."""

from __future__ import annotations

from collections.abc import Sequence

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from bttop.ui.terminal.screen_update import RESET, ExactUpdate

RED, BLUE = Style(color="red"), Style(color="blue", bold=True)
CONSOLE = Console(color_system="256", force_terminal=True)


def sent(spans: Sequence[tuple[int, int, int]]) -> str:
    """What is sent for these parts (line, first, end) of a screen of two widgets of ten cells in two lines."""
    left = Strip([Segment("abc", RED), Segment("de", RED), Segment("fghij", BLUE)])
    right = Strip([Segment("0123456789")])
    chops = [{0: left, 10: right}, {0: right, 10: left}]
    return ExactUpdate.of(ChopsUpdate(chops, list(spans), [[10, 20], [10, 20]])).render_segments(CONSOLE)


def test_only_the_cells_of_the_part_are_sent() -> None:
    assert sent([(0, 12, 15)]) == "\x1b[1;13H234"


def test_a_part_of_two_widgets_is_sent_in_two_pieces() -> None:
    shown = pyte.Screen(20, 2)
    pyte.Stream(shown).feed(sent([(0, 8, 12), (1, 19, 20)]))
    assert shown.display == ["        ij01        ", " " * 19 + "j"]


def test_a_colour_is_chosen_once_and_ends_with_the_update() -> None:
    assert sent([(0, 0, 5)]) == f"\x1b[1;1H\x1b[31mabcde{RESET}"
    assert sent([(0, 4, 6)]) == f"\x1b[1;5H\x1b[31me{RESET}\x1b[1;34mf{RESET}"


def test_text_without_colours_after_a_colour_is_sent_without_it() -> None:
    assert sent([(0, 9, 11)]) == f"\x1b[1;10H\x1b[1;34mj{RESET}\x1b[1;11H0".replace(
        f"{RESET}\x1b[1;11H", f"\x1b[1;11H{RESET}"
    )


@given(st.lists(st.text("a字▇\u0301", max_size=5), max_size=5), st.integers(0, 12), st.integers(0, 12))
def test_a_part_of_a_line_is_that_of_the_framework(texts: list[str], first: int, length: int) -> None:
    strip = Strip([Segment(text, RED if at % 2 else BLUE) for at, text in enumerate(texts)])
    end = min(first + length, strip.cell_length)
    update = ExactUpdate([{0: strip}], [(0, first, end)], [[strip.cell_length]])
    assert update.render_segments(CONSOLE).endswith(sent_text(strip.crop(first, end)) if first < end else "")


def sent_text(strip: Strip) -> str:
    """What is sent for a whole strip, behind the movement of the cursor."""
    update = ExactUpdate([{0: strip}], [(0, 0, strip.cell_length)], [[strip.cell_length]])
    return update.render_segments(CONSOLE).removeprefix("\x1b[1;1H")
