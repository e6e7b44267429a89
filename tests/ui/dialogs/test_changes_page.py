"""The page of what changed: whole sentences at any width, numbered, with what is not told below; nothing raw."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.model.plan import Column, MapPlan
from bttop.store.compare.changes import Changes
from bttop.store.compare.incident_lines import Incident, incident_lines
from bttop.ui.dialogs.changes_page import changes_content, message_content, nothing_compared
from bttop.ui.dialogs.pick_list import PickBody
from bttop.ui.render.spans import line_width, plain
from bttop.ui.themes import load_themes
from tests.store.compare.kit import LABELS, Prints, changed
from tests.ui.hostile import HOSTILE, raw, raw_in
from tests.ui.scenes import SHIPPED_THEMES

COMM = (Column("comm", "text"),)
NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]


def prints(factor: int) -> Prints:
    """One row for each hostile name, and one with a very long name."""
    rows = {name: (100 + at) * factor**at for at, name in enumerate([*HOSTILE[:4], "n" * 300])}
    return [{"@x": ("map", rows)}] * 12


@pytest.fixture
def changes(tmp_path: Path) -> Changes:
    return changed(tmp_path, MapPlan("@x", "count", COMM, "bank"), prints(1), prints(3))


def pages(changes: Changes, width: int, height: int) -> list[str]:
    """Every line of the page, scrolled from its beginning to its end."""
    body = PickBody("what changed", lambda _: changes_content(changes, LABELS, 10, width, has_baseline=True), NIGHT)
    found: list[str] = []
    for at in range(60):
        body.at, body._top = 0, at * (height - 2)
        found += [plain(line) for line in body.page(width, height)[1:-1]]
    return found


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 50), (40, 6)])
def test_every_sentence_is_whole_and_nothing_is_raw(changes: Changes, width: int, height: int) -> None:
    content = changes_content(changes, LABELS, 10, width, has_baseline=True)
    lines = [*content.head, *(line for one in content.choices for line in one.lines), *content.foot]
    assert max(map(line_width, lines)) <= width
    assert not raw_in(lines)
    shown = "".join("".join(pages(changes, width, height)).split())
    assert "n" * 300 in shown
    assert f"{changes.compared}rowscompared" in shown
    assert len(content.choices) == len(changes.moved) > 0


@pytest.mark.parametrize("width", [30, 40, 80])
def test_what_a_sentence_is_about_is_told_from_how_it_changed_on_every_line(changes: Changes, width: int) -> None:
    for one in changes_content(changes, LABELS, 10, width, has_baseline=True).choices:
        spans = [span for line in one.lines for span in line]
        about = "".join(span.text for span in spans if span.role == "name")
        assert about.rstrip().endswith(":") and ":" not in "".join(span.text for span in spans if span.role == "rate")


def test_a_summary_has_nothing_raw(changes: Changes) -> None:
    lines = list(incident_lines(Incident(changes.after, changes, LABELS)))
    assert not any(raw(line) for line in lines)


def test_without_a_baseline_the_page_says_which_key_sets_one(changes: Changes) -> None:
    content = changes_content(changes, LABELS, 10, 80, has_baseline=False)
    assert any("b sets one" in plain(line) for line in content.head)


def test_without_a_comparison_the_page_says_why() -> None:
    for seconds, key in ((0.0, "+"), (9.5, "Space")):
        assert f" {key} " in nothing_compared(seconds)
    content = message_content("Nothing to compare: " + "why " * 40, 10, 80)
    assert not content.choices
    assert "".join(plain(line) for line in content.head).split().count("why") == 40
