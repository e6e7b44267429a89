"""The background before the terminal is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.ui.opening import follows_background, usual_theme
from bttop.ui.terminal.last_background import looked_light, remember_background


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("COLORFGBG", "NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return tmp_path / "bttop" / "background"


@pytest.mark.parametrize(("told", "light"), [("0;15", True), ("15;0", False), ("0;default;7", True), ("7;8", False)])
def test_the_environment_tells_it(told: str, light: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORFGBG", told)
    assert looked_light() is light


def test_the_answer_of_the_last_run_chooses_the_first_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    assert usual_theme() == "night"
    remember_background(dark=False)
    assert usual_theme() == "day"
    monkeypatch.setenv("NO_COLOR", "1")
    assert usual_theme() == "mono"
    remember_background(dark=True)
    monkeypatch.delenv("NO_COLOR")
    assert usual_theme() == "night"


@pytest.mark.parametrize(("name", "value"), [("TERM", "linux"), ("TERM", "xterm-16color"), ("NO_COLOR", "1")])
def test_the_background_chooses_no_theme_for_few_colours(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember_background(dark=False)
    assert follows_background()
    monkeypatch.setenv(name, value)
    assert usual_theme() == ("mono" if name == "NO_COLOR" else "sixteen")
    assert not follows_background()
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert follows_background() == (name == "TERM")


def test_what_is_known_already_is_not_written(state: Path) -> None:
    remember_background(dark=True)
    assert not state.exists()


@pytest.mark.parametrize("content", [b"", b"light\0", b"\xff" * 9999])
def test_a_damaged_answer_is_none(content: bytes, state: Path) -> None:
    state.parent.mkdir()
    state.write_bytes(content)
    assert not looked_light()


def test_a_folder_that_cannot_be_written_is_no_trouble(state: Path) -> None:
    state.parent.write_text("not a folder")
    remember_background(dark=False)
    assert not looked_light()
