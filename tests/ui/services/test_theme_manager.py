"""The theme in use: by the terminal's background until the user chooses one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bttop.trust import EVERYBODY
from bttop.ui.services.theme_manager import ThemeManager
from bttop.ui.themes import Theme, load_themes
from tests.ui.scenes import SHIPPED_THEMES

THEMES = load_themes([SHIPPED_THEMES])[0]


class Painted:
    """Notes which themes were used."""

    def __init__(self) -> None:
        self.used: list[str] = []

    def register_colours(self, theme: Theme) -> None:
        assert theme.name in THEMES

    def set_theme(self, theme: Theme) -> None:
        self.used.append(theme.name)

    def tell(self, text: str, role: str = "hint") -> None:
        assert text
        assert role


def manager(painted: Painted, *, follows: bool = True) -> ThemeManager:
    return ThemeManager(painted, THEMES, "night", EVERYBODY, follows_background=follows)


@pytest.mark.parametrize(("dark", "used"), [(True, []), (False, ["day"])])
def test_the_background_chooses_and_the_theme_in_use_is_not_painted_again(dark: bool, used: list[str]) -> None:
    painted = Painted()
    manager(painted).match_background(dark=dark)
    assert painted.used == used


CHOICES: list[Callable[[ThemeManager], None]] = [ThemeManager.use_next, lambda it: it.use("mono")]


@pytest.mark.parametrize("choose", CHOICES, ids=["key", "palette"])
def test_what_the_user_has_chosen_stays(choose: Callable[[ThemeManager], None]) -> None:
    painted = Painted()
    themes = manager(painted)
    choose(themes)
    themes.match_background(dark=False)
    assert len(painted.used) == 1


def test_a_theme_of_the_command_line_stays() -> None:
    painted = Painted()
    manager(painted, follows=False).match_background(dark=False)
    assert not painted.used
