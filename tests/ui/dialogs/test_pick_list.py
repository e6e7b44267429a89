"""A list of choices that take several lines: the cursor, the scrolling and the letters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bttop.ui.dialogs.pick_list import PickBody, PickChoice, PickContent, PickList
from bttop.ui.render.spans import Span, plain
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES
from tests.ui.screens import app_of

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]


def content(choices: int, lines: int = 2) -> PickContent:
    """Choices of some lines each, lettered a, b, c …"""
    return PickContent(
        [(Span("head"),)],
        [
            PickChoice(tuple([(Span(f"{at}.{line}"),) for line in range(lines)]), chr(ord("a") + at))
            for at in range(choices)
        ],
        [(Span("foot"),)],
    )


def shown(body: PickBody, height: int) -> list[str]:
    return [plain(line).strip() for line in body.page(40, height)][1:-1]


def test_the_page_scrolls_so_that_the_chosen_one_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    body = PickBody("list", lambda _: content(5), NIGHT)
    monkeypatch.setattr(PickBody, "_room", 4)
    assert shown(body, 6) == ["head", "0.0", "0.1", "1.0"]
    body.move(1)
    assert shown(body, 6) == ["0.0", "0.1", "1.0", "1.1"]
    for _ in range(9):
        body.move(1)
    assert shown(body, 6)[-1] == "foot"
    for _ in range(9):
        body.move(-1)
    assert shown(body, 6)[0] == "head"


def test_what_is_below_is_counted() -> None:
    body = PickBody("list", lambda _: content(5), NIGHT)
    assert "8 more lines ▼" in plain(body.page(40, 6)[-1])


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        (["b"], 1),
        (["down", "enter"], 1),
        (["up", "enter"], 0),
        (["escape"], None),
        (["down", "down", "j", "k", "enter"], 1),
    ],
)
def test_a_choice_is_made_by_letter_or_cursor(keys: Sequence[str], result: int | None) -> None:
    found: list[int | None] = []

    async def choose() -> None:
        async with app_of().run_test(size=(80, 24)) as pilot:
            pilot.app.push_screen(PickList("list", lambda _: content(3), NIGHT), found.append)
            await pilot.press(*keys)
            await pilot.pause()

    asyncio.run(choose())
    assert found == [result]
