"""The key map: one table for bindings, help, footer and palette."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from bttop.ui.app import BttopApp
from bttop.ui.board.screen_bars.bars import KeyHint
from bttop.ui.commands.help_page import HEADINGS, help_lines
from bttop.ui.key_map import (
    BY_NAME,
    COMMANDS,
    FOOTER,
    footer,
)
from bttop.ui.render.spans import line_width, plain
from bttop.ui.services.layout_mode import LayoutMode
from bttop.ui.services.next_steps import KeyContext
from tests.ui.scenes import text_of
from tests.ui.screens import app_of


def test_no_key_means_two_things() -> None:
    keys = Counter(key for command in COMMANDS for key in command.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_command_has_its_own_place_in_help() -> None:
    places = Counter((command.group, command.place) for command in COMMANDS)
    assert [place for place, count in places.items() if count > 1] == []


def test_every_command_does_something_where_programs_run() -> None:
    assert set(app_of()._run) == set(BY_NAME)


def test_every_command_has_its_own_name() -> None:
    assert len(BY_NAME) == len(COMMANDS)
    assert all(command.keys for command in COMMANDS)


def test_every_key_is_bound_to_its_command() -> None:
    bound = {binding.key: binding.action for binding in BttopApp.BINDINGS}  # type: ignore[union-attr]
    for command in COMMANDS:
        for key in command.keys:
            assert bound[key] == f"command('{command.name}')"


def test_help_shows_every_command() -> None:
    for cells in (60, 80, 160):
        page = " ".join(text_of(help_lines(COMMANDS, cells)).split())
        for command in COMMANDS:
            assert command.name.startswith("pane-") or (command.title in page and command.label in page), command.name
    assert {command.group for command in COMMANDS} == set(HEADINGS)


def test_help_fits_eighty_columns() -> None:
    assert max(line_width(line) for line in help_lines(COMMANDS, 80)) <= 80


def test_the_palette_offers_every_command_but_itself_and_every_theme() -> None:
    app = app_of()
    offered = {entry.title: entry for entry in app.palette_entries}
    assert BY_NAME["palette"].title not in offered
    for command in COMMANDS:
        assert command.name == "palette" or command.label in offered[command.title].help
    assert sum(title.startswith("Theme: ") for title in offered) == len(app.theme_manager._themes) >= 4


def test_the_footer_has_room_for_every_hint_in_eighty_columns() -> None:
    footer = plain(app_of()._footer_bar.line(80))
    assert len(footer.rstrip()) <= 80
    for hint in FOOTER:
        assert hint.text and f"{hint.key} {hint.text}" in footer


def test_a_narrow_footer_cuts_no_hint_in_half() -> None:
    whole = plain(app_of()._footer_bar.line(80)).split("  ")
    for cells in range(20, 80):
        line = app_of()._footer_bar.line(cells)
        assert line_width(line) <= cells
        for hint in plain(line).strip().split("  "):
            assert hint.strip() in [one.strip() for one in whole]


def test_the_footer_has_all_keys_of_the_layout_mode_at_60_cells_and_of_the_flame_graph_at_80() -> None:
    bar = app_of()._footer_bar
    bar.keys = LayoutMode.KEYS
    assert plain(bar.line(60)).rstrip() == " ←→↑↓   Shift size  t u tabs  d wide  v x view  0 auto  Esc"
    bar.keys = footer(KeyContext(is_flame=True, enter="zoom", can_zoom_out=True))
    keys = " Enter zoom  BS out  / search  i invert  M split  F names  v list  ? all  q quit"
    assert plain(bar.line(80)).rstrip() == keys
    bar.keys = footer(KeyContext(is_past=True, is_flame=True))
    assert plain(bar.line(100)).startswith(" [ back  ] on  ) live  Enter row  / search  i invert")


def test_each_key_of_the_footer_has_the_word_for_what_it_does_now() -> None:
    wanted = {
        KeyContext(): " Enter row  z zoom  s sort  / filter  p pin  : ask  [ back  r rec",
        KeyContext(enter="open", back="no filter"): " Esc no filter  Enter open  z zoom  s sort  / filter  p pin",
        KeyContext(
            is_zoomed=True, back="all panes"
        ): " Esc all panes  Enter row  s sort  / filter  p pin  [ back  r rec",
        KeyContext(is_zoomed=True, back="no groups"): " Esc no groups  Enter row  s sort",
        KeyContext(enter="span", back="no rectangle"): " Esc no rectangle  Enter span  z zoom",
        KeyContext(is_past=True, back="live"): " [ back  ] on  g time  ) live  Space play",
        KeyContext(is_past=True, is_zoomed=True, back="all panes"): " Esc all panes  [ back  ] on  g time  ) live",
        KeyContext(is_flame=True, is_zoomed=True, back="whole graph", enter="zoom", can_zoom_out=True): (
            " Esc whole graph  Enter zoom  BS out  / search"
        ),
    }
    bar = app_of()._footer_bar
    for context, words in wanted.items():
        bar.keys = footer(context)
        line = plain(bar.line(80)).rstrip()
        assert line.startswith(words), context
        assert line.endswith("? all  q quit"), context


@pytest.mark.parametrize(
    "keys",
    [
        FOOTER,
        footer(KeyContext(is_past=True)),
        footer(KeyContext(is_zoomed=True, back="all panes")),
        footer(KeyContext(is_flame=True)),
    ],
)
@pytest.mark.parametrize("cells", [30, 60, 79, 200])
def test_help_and_quit_are_the_last_hints_to_go(keys: Sequence[KeyHint], cells: int) -> None:
    footer = app_of()._footer_bar
    footer.keys = keys
    assert plain(footer.line(cells)).rstrip().endswith("? all  q quit")


@pytest.mark.parametrize("cells", [60, 80, 100, 120, 200])
def test_no_line_of_help_is_cut(cells: int) -> None:
    lines = help_lines(COMMANDS, cells)
    assert max(line_width(line) for line in lines) <= cells
    assert "…" not in text_of(lines).replace("1 … 9", "").replace("contain …", "")
