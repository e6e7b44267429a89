"""Whatever a process, file, probe or host calls itself: nothing raw is drawn anywhere, and two names look like two."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.engine.generation.badge import Badge, Complaint
from bttop.engine.host.process.processes import look_up
from bttop.model.format.text import visible, visible_name
from bttop.model.plan import Column
from bttop.model.record.records import Stats
from bttop.script.process.pin import Pin
from bttop.store.recording.snapshot_files import new_snapshot
from bttop.trust import EVERYBODY
from bttop.ui.board.frame.pin_text import pin_text
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_frame import FrameState, draw_pane
from bttop.ui.board.screen_bars.bars import FooterBar, HeaderBar
from bttop.ui.commands.row_commands import identity_lines
from bttop.ui.dialogs.menu import MenuBody
from bttop.ui.dialogs.menu import MenuChoice as MenuChoice
from bttop.ui.dialogs.sheet import Pager
from bttop.ui.dialogs.state_page import state_lines
from bttop.ui.render.spans import UNICODE, Line, plain
from bttop.ui.services.theme_manager import ThemeManager
from bttop.ui.themes import load_themes
from bttop.ui.views.base import Scene, ViewChoice
from bttop.ui.views.catalogue import views_for
from bttop.ui.views.log import Log, draw_log
from tests.ui.hostile import HOSTILE, raw, raw_in
from tests.ui.mutated import OUTPUTS, MutatedPane
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine, buckets, calls, map_plan, scene, texts
from tests.ui.screens import app_of

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]
CALLS = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }"
COMM = (Column("comm", "text"),)
STACK = (Column("comm", "text"), Column("ustack", "stack"))
WIDE = FrameState(1, 400, 60, focused=True, divided=False, below=False, glyphs=UNICODE)
ONE_PART = tuple(name for name in HOSTILE if "," not in name)
"""Names that a key of one text part holds whole."""


def scenes() -> Iterator[Scene]:
    """Every shape of data, keyed by every name."""
    size = {"width": 300, "height": 80}
    yield scene(dict.fromkeys(HOSTILE, 5), map_plan(columns=COMM), **size)  # type: ignore[arg-type]
    yield scene(dict.fromkeys(HOSTILE, buckets(1, 2, 3)), map_plan("hist", COMM), **size)  # type: ignore[arg-type]
    yield scene(dict.fromkeys(HOSTILE, Stats(1, 2, 2)), map_plan("stats", COMM), **size)  # type: ignore[arg-type]
    stacks = {f"{name},\n\t{name}+1\n\tmain+2\n": 5 for name in HOSTILE}
    yield scene(dict.fromkeys(stacks, 5), map_plan(columns=STACK), **size)  # type: ignore[arg-type]
    for name in HOSTILE:
        yield scene({"": name}, map_plan("value", ()), **size)  # type: ignore[arg-type]
        yield scene({name: name}, map_plan("value", (Column(name, "text"),)), **size)  # type: ignore[arg-type]


def test_no_view_and_no_row_in_full_draws_anything_raw() -> None:
    drawn = 0
    for one in scenes():
        for view in views_for(one.data.plan, one.data.rows):
            drawing = view.draw(replace(one, choice=ViewChoice(opened=frozenset(one.data.rows))))
            assert not raw_in(drawing.lines), view.name
            for key in one.data.rows:
                assert not raw_in(view.detail(one, key)), view.name
            drawn += len(drawing.lines)
    assert drawn > 3 * len(HOSTILE)


def pane_named(name: str) -> tuple[FakeEngine, PaneModel]:
    """A live program of this name that counts, prints and complains in this name."""
    fake = FakeEngine()
    program = fake.add(name, CALLS)
    fake.attach(program)
    fake.flush(program, calls(program, {f"7,{name}": 3}), {"type": "printf", "data": f"{name}\n"})
    model = PaneModel(program)
    model.advance()
    return fake, model


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_pane_rule_badge_or_complaint_draws_anything_raw(name: str) -> None:
    fake, model = pane_named(name)
    complaint = Complaint(name, (name, "  ^"))
    status = replace(model.status, reason=name, complaint=complaint, badges=(Badge(name, name),))
    model.page = replace(model.page, status=status)
    for frame in (WIDE, replace(WIDE, ended=name), replace(WIDE, width=40, height=6, divided=True)):
        for subject in model.subjects():
            for needle in ("", name):
                face = draw_pane(model, subject, ViewChoice(needle=needle), frame, fake.now)
                assert not raw_in(face.lines)
    assert not raw_in(state_lines(model, 80))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_log_menu_sheet_or_bar_draws_anything_raw(name: str) -> None:
    fake, model = pane_named(name)
    log = Log()
    log.extend(model.program.history.window(9))
    assert not raw_in(draw_log(log.lines, 80, 20, 0, "")[0])
    menu = MenuBody(name, lambda _width: (), [MenuChoice(name, name, (name,))], NIGHT)
    assert not raw_in(menu.page(100, 30))
    assert not raw_in([Pager(name, lambda _width: (), NIGHT)._rule(100)])
    footer = FooterBar(NIGHT, ())
    footer.tell(name, "warn")
    header = HeaderBar(fake.engine, NIGHT)
    header.page = name
    fake.engine.host = replace(fake.engine.host, name=name, kernel=name)
    assert not raw_in([footer.line(80), header.line(200)])


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_pin_and_no_identity_draws_anything_raw(name: str) -> None:
    assert not raw(pin_text(Pin(comm=name)))
    assert not raw(pin_text(Pin(cgroups=(f"/{name}",))))
    process = look_up(os.getpid())
    assert process is not None
    named = replace(process, comm=name, command=name, user=name, unit=name, cgroup=name)
    assert not raw_in(identity_lines(named, 0))


def shown_names(lines: Iterable[Line]) -> list[str]:
    """The lines without what stands at the end of each: value, trend and padding."""
    return [plain(line).rstrip() for line in lines]


def table(rows: Mapping[str, Any]) -> list[str]:
    """The rows of a table of equal counts, whole."""
    one = scene(dict(rows), map_plan(columns=COMM), width=200, height=len(rows) + 1)
    view = views_for(one.data.plan, one.data.rows)[0]
    return texts(view.draw(one))[1:]


BLANKS = (
    "a",
    " a",
    "a ",
    "a  ",
    "\\x20a",
    "a\\x20",
    "a\\",
    "a\\ ",
    "a\\\\ ",
    "\\",
    " ",
    "  ",
    "a\u00a0",
    "a\u200b",
    "a\n",
)


def test_names_that_differ_only_in_what_does_not_show_are_rows_that_look_different() -> None:
    rows = [line.strip() for line in table(dict.fromkeys(BLANKS, 5))]
    assert len(set(rows)) == len(BLANKS)


def test_every_hostile_name_has_a_row_of_its_own_look() -> None:
    short = {name[:20]: 5 for name in ONE_PART}
    assert len({line.strip() for line in table(short)}) == len(short)


@given(st.text(st.sampled_from("a\\x20 \n\u200b"), max_size=6), st.text(st.sampled_from("a\\x20 \n\u200b"), max_size=6))
def test_names_look_the_same_beside_blanks_only_if_they_are_the_same(one: str, other: str) -> None:
    assert (visible_name(one).strip() == visible_name(other).strip()) == (one == other)


@given(st.text(st.sampled_from("ab\\ x"), max_size=8))
def test_a_name_without_blanks_at_its_ends_is_shown_as_all_text_is(name: str) -> None:
    assert visible_name(name.strip(" ")) == visible(name.strip(" "))


@pytest.mark.parametrize("host", HOSTILE, ids=range(len(HOSTILE)))
def test_a_snapshot_of_a_hostile_host_has_a_plain_name_in_its_folder(host: str, tmp_path: Path) -> None:
    path = new_snapshot(host, 0, tmp_path)
    assert path.parent == tmp_path
    assert re.fullmatch(r"[A-Za-z0-9._-]+\.bttop", path.name)


@pytest.mark.parametrize("output", OUTPUTS)
def test_damaged_lines_of_every_output_raise_nothing_and_draw_nothing_raw(output: str) -> None:
    pane = MutatedPane(output, seed=7)
    rows = 0
    for _ in range(LINES_HERE // 60 // len(OUTPUTS)):
        assert not raw_in(pane.flush())
        rows += pane.rows
    assert rows
    assert pane.program.tally.undecodable


LINES_HERE = 20_000
"""The benchmark `fuzz` feeds a million."""


@pytest.mark.parametrize("title", HOSTILE, ids=range(len(HOSTILE)))
def test_the_palette_shows_a_themes_title_as_it_is_and_interprets_none(title: str) -> None:
    theme_manager = ThemeManager(
        app_of(), {"mine": replace(NIGHT, title=title)}, "mine", EVERYBODY, follows_background=False
    )
    assert [one.title for one in theme_manager.palette_entries()] == [f"Theme: {visible(title)}"]
