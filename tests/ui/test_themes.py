"""Theme files: the shipped ones and the bad ones."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import bttop.ui
from bttop.ui.board.pane_frame import STATE_WORDS
from bttop.ui.theme_ramp import STEPS
from bttop.ui.theme_styles import OPTIONAL_ROLES, ROLES
from bttop.ui.themes import BadTheme, Theme, load_theme, load_themes
from tests.ui.scenes import SHIPPED_THEMES

GOOD = (SHIPPED_THEMES / "night.toml").read_text()
ROLE_PLACES = {"Span": 1, "with_role": 1, "style": 0, "Cell": 3, "tell": 1, "_paragraph": 1, "_pair": 2, "_named": 3}
"""Calls that name a role, and which argument it is."""


def write(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", sorted(SHIPPED_THEMES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_theme_styles_every_role(path: Path) -> None:
    theme = load_theme(path)
    assert isinstance(theme, Theme), theme
    assert set(theme.styles) == {*ROLES, *OPTIONAL_ROLES}


def roles_named(tree: ast.AST) -> Iterator[str]:
    """The roles that a module's calls name by a literal."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        place = ROLE_PLACES.get(name)
        given = [call.args[place]] if place is not None and len(call.args) > place else []
        given += [word.value for word in call.keywords if word.arg == "role"]
        for argument in given:
            yield from (one.value for one in _literals(argument) if isinstance(one.value, str))


def _literals(argument: ast.expr) -> Iterator[ast.Constant]:
    if isinstance(argument, ast.IfExp):
        yield from (*_literals(argument.body), *_literals(argument.orelse))
    elif isinstance(argument, ast.Constant):
        yield argument


def test_every_role_that_is_drawn_with_exists() -> None:
    sources = list(Path(bttop.ui.__file__).parent.rglob("*.py"))
    used = {role for path in sources for role in roles_named(ast.parse(path.read_text()))}
    assert len(used) > 15
    assert used - ROLES - OPTIONAL_ROLES.keys() == set()
    assert {role for _, role in STATE_WORDS.values()} <= ROLES


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no style for the role badge"),
        ("title =", "Invalid value"),
        (GOOD.replace('rate = "color(149)"\n', ""), "no style for the role rate"),
        (GOOD.replace('rate = "color(149)"', 'rate = "bold nosuch"'), "nosuch"),
        (GOOD.replace('rate = "color(149)"', "rate = 5"), "the role rate is not a string"),
        (GOOD + 'sparkle = "red"\n', "unknown role sparkle"),
        ("sparkle = 1\n" + GOOD, "unknown field sparkle"),
        ('background = "nosuch"\n' + GOOD, "nosuch"),
        ("background = 5\n" + GOOD, "background is not a string"),
        ('dark = "yes"\n' + GOOD.replace("dark = true", ""), "dark is not true or false"),
        (GOOD.replace('primary = "#7aa2f7"\n', ""), "[dialogs] has no primary colour"),
        (GOOD.replace('primary = "#7aa2f7"', 'primary = "nosuch"'), "nosuch"),
        (GOOD.replace('primary = "#7aa2f7"', "primary = 7"), "the dialog colour primary is not a string"),
        ("ansi = true\n" + GOOD, "cannot have [dialogs]"),
        ("roles = 5\n", "roles is not a table"),
    ],
)
def test_a_bad_theme_gives_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    theme = load_theme(write(tmp_path, text))
    assert isinstance(theme, BadTheme)
    assert reason in theme.reason


def test_a_file_that_cannot_be_read_is_a_bad_theme(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    good, bad = load_themes([tmp_path])
    assert not good
    assert [one.path.name for one in bad] == ["bytes.toml"]
    assert isinstance(load_theme(tmp_path / "missing.toml"), BadTheme)


def test_the_first_folder_wins_and_a_bad_file_hides_nothing(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace('"Night"', '"Mine"'), "night")
    write(tmp_path, "", "day")
    good, bad = load_themes([tmp_path, SHIPPED_THEMES])
    assert good["night"].title == "Mine"
    assert good["day"].title != "day"
    assert [one.path for one in bad] == [tmp_path / "day.toml"]


def test_an_unknown_role_looks_like_plain_text() -> None:
    theme = load_theme(SHIPPED_THEMES / "night.toml")
    assert isinstance(theme, Theme)
    assert theme.style("sparkle") == theme.style("text")


def lightness(colour: str) -> float:
    """CIE L* of a colour, 0 to 100."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    light = sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * math.cbrt(light) - 16


@pytest.mark.parametrize("name", ["night", "day"])
def test_the_ramp_of_a_theme_has_even_steps_of_lightness(name: str) -> None:
    theme = load_theme(SHIPPED_THEMES / f"{name}.toml")
    assert isinstance(theme, Theme)
    found = [lightness(colour) for colour in theme.ramp]
    steps = [after - before for before, after in pairwise(found)]
    assert len(found) == STEPS
    assert all(1.0 < (step if name == "night" else -step) < 8.0 for step in steps), steps


@pytest.mark.parametrize("name", ["mono", "sixteen"])
def test_themes_of_few_colours_have_no_ramp(name: str) -> None:
    theme = load_theme(SHIPPED_THEMES / f"{name}.toml")
    assert isinstance(theme, Theme)
    assert (theme.ramp, theme.shades) == ((), 0)
    assert theme.style("heat 3 4") == theme.style("text")


def test_a_terminal_with_sixteen_colours_shows_no_ramp(monkeypatch: pytest.MonkeyPatch) -> None:
    theme = load_theme(SHIPPED_THEMES / "night.toml")
    assert isinstance(theme, Theme)
    monkeypatch.setenv("COLORTERM", "")
    monkeypatch.setenv("TERM", "linux")
    assert theme.shades == 0
    monkeypatch.setenv("TERM", "xterm-256color")
    assert theme.shades == STEPS


def test_the_cells_of_a_heat_map_have_the_colours_of_the_ramp() -> None:
    theme = load_theme(SHIPPED_THEMES / "night.toml")
    assert isinstance(theme, Theme)
    style = theme.style("heat 1 15")
    assert style.color is not None and style.bgcolor is not None
    assert (style.color.name, style.bgcolor.name) == (theme.ramp[0], theme.ramp[-1])
    assert theme.style("heat 2 0").bgcolor is None
    marks = [theme.style(f"heat-mark {step}").color for step in (0, 1, 15)]
    assert [None if mark is None else mark.name for mark in marks[1:]] == ["#ffffff", "#000000"]


@pytest.mark.parametrize("ramp", ['"#fff"', "[3]", '["#000000"]', '["#000000", "no colour"]', "[[]]"])
def test_a_bad_ramp_is_refused(tmp_path: Path, ramp: str) -> None:
    text = "\n".join([f"ramp = {ramp}" if line.startswith("ramp") else line for line in GOOD.split("\n")])
    assert isinstance(load_theme(write(tmp_path, text)), BadTheme)
