"""The first picture: what it shows, in which colours, and that it is the board's own picture of starting programs."""

from __future__ import annotations

import io
import itertools
import os
from pathlib import Path

import pyte
import pytest
from msgspec.structs import replace
from rich.console import Console

from bttop.errors import UsageError
from bttop.script.library.ladder import LADDER
from bttop.trust import EVERYBODY
from bttop.ui.board.frame.starting import COMPILING, STARTING
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_frame import FrameState, draw_pane
from bttop.ui.board.places.grid import arrange, needs_of
from bttop.ui.opening import FirstPicture, picture, styles_for, usual_glyphs
from bttop.ui.render.spans import ASCII, UNICODE, Line, Span, plain
from bttop.ui.themes import load_theme
from bttop.ui.views.base import ViewChoice
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine

CONTENT = FirstPicture("web-1", "6.18.0", LADDER, STARTING, COMPILING, interval=1.0)
SIZES = [(60, 15), (80, 24), (100, 30), (160, 48), (250, 70)]


@pytest.fixture(autouse=True)
def utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getencoding", lambda: "UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORTERM", raising=False)


def screen_of(text: str, columns: int, rows: int) -> list[str]:
    """The lines of a terminal that has received this."""
    screen = pyte.Screen(columns, rows)
    pyte.Stream(screen).feed(text)
    return list(screen.display)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_it_has_a_header_five_titled_panes_and_a_footer(columns: int, rows: int) -> None:
    lines = screen_of(picture(CONTENT, {}, columns, rows), columns, rows)
    assert lines[0].startswith(" web-1")
    assert "0 of 5 live" in lines[0]
    for number, name in enumerate(LADDER, start=1):
        assert any(f"{number} {name} " in line for line in lines)
    assert "\n".join(lines).count("starting ") >= 5
    assert "\n".join(lines).count(COMPILING) == 5
    assert "keys typed now are kept" in lines[-1]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
@pytest.mark.parametrize("programs", [1, 2, 5])
def test_its_panes_are_those_that_the_board_draws_for_starting_programs(columns: int, rows: int, programs: int) -> None:
    fake = FakeEngine()
    text = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }"
    models = [PaneModel(fake.add(name, text)) for name in LADDER[:programs]]
    content = replace(CONTENT, programs=LADDER[:programs])
    shown = screen_of(picture(content, {}, columns, rows), columns, rows)[1:-1]
    for index, (model, spot) in enumerate(zip(models, arrange(needs_of(programs), columns, rows - 2), strict=True)):
        place = spot.place
        frame = FrameState(
            index + 1,
            place.width,
            place.height,
            focused=index == 0,
            divided=place.x > 0,
            below=place.y > 0,
            glyphs=UNICODE,
        )
        drawn = draw_pane(model, model.subjects()[0], ViewChoice(), frame, fake.now).lines
        cut = [line[place.x : place.x + place.width] for line in shown[place.y : place.y + place.height]]
        assert cut == [plain(line) for line in drawn]


def test_a_recording_has_no_live_programs_and_no_time_of_day() -> None:
    header = screen_of(picture(replace(CONTENT, interval=None), {}, 80, 24), 80, 24)[0]
    assert header.split() == ["web-1", "no", "pin", "6.18.0"]


@pytest.mark.parametrize(("columns", "rows"), [(0, 0), (1, 1), (10, 1), (10, 2), (59, 15), (60, 14)])
def test_a_terminal_without_room_or_size_gets_what_fits(columns: int, rows: int) -> None:
    width, height = (columns, rows) if columns else (80, 24)
    lines = screen_of(picture(CONTENT, {}, columns, rows), width, height)
    assert ("1 syscalls" in "\n".join(lines)) == (columns == 0)


def test_no_name_reaches_the_terminal_as_it_is() -> None:
    hostile = replace(CONTENT, host="a\x1b[2J", kernel="b\x1b[2J", programs=["c\x1b[2J"], pin="pid 7")
    assert "\x1b[2J" not in picture(hostile, {}, 80, 24)


ENVIRONMENTS = [
    {"TERM": term, "COLORTERM": colours}
    for term, colours in itertools.product(
        ["xterm-256color", "xterm", "linux", "xterm-kitty", "screen-256COLOR ", "vt-16color", ""],
        ["", "truecolor", "24bit", " TrueColor ", "yes"],
    )
]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: "/".join(one.values()))
def test_its_colours_are_those_with_which_textual_paints(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    console = Console(file=io.StringIO(), force_terminal=True, highlight=False, _environ=dict(os.environ))
    if console.color_system is None:
        return  # a dumb terminal; bttop does not start there
    styles = styles_for("night", EVERYBODY)
    line: Line = (Span(" web-1 ", "header-strong"),)
    console.print(line[0].text, style=styles["header-strong"], end="")
    file = console.file
    assert isinstance(file, io.StringIO)
    assert picture(CONTENT, styles, 80, 24).startswith(f"\x1b[1;1H{file.getvalue()}")


@pytest.mark.parametrize("path", sorted(SHIPPED_THEMES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_theme_is_found(path: Path) -> None:
    theme = load_theme(path)
    assert not hasattr(theme, "reason")
    assert styles_for(path.stem, EVERYBODY) == getattr(theme, "styles", None)


def test_no_color_takes_the_mono_theme_and_the_colours_of_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert styles_for(None, EVERYBODY) == {
        role: style.without_color for role, style in styles_for("mono", EVERYBODY).items()
    }
    assert all(style.color is None and style.bgcolor is None for style in styles_for("night", EVERYBODY).values())


def test_an_unknown_theme_is_refused_with_the_names_of_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"no theme 'nigth'; the themes are: day, .*night"):
        styles_for("nigth", EVERYBODY)


@pytest.mark.parametrize("content", ["", "title = 1", "[roles", "[roles]\ntext = 'no-such-colour'", "\x00"])
def test_a_faulty_theme_file_gives_a_picture_without_colours(
    content: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "night.toml").write_text(content)
    monkeypatch.chdir(tmp_path)
    assert styles_for("night", EVERYBODY) == {}
    assert styles_for(None, EVERYBODY) == {}


@pytest.mark.parametrize(("encoding", "glyphs"), [("UTF-8", UNICODE), ("ANSI_X3.4-1968", ASCII), ("no such", ASCII)])
def test_glyphs_are_those_that_the_locale_can_write(
    encoding: str, glyphs: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("locale.getencoding", lambda: encoding)
    assert usual_glyphs() == glyphs


def test_without_utf_8_the_picture_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getencoding", lambda: "ANSI_X3.4-1968")
    assert picture(CONTENT, {}, 80, 24).isascii()
