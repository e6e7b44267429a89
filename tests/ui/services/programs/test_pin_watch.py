"""What is said when pinned processes end."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bttop.script.process.pin import Pin
from bttop.ui.services.programs.pin_watch import mark_ended_pins

SEVEN, EIGHT, LIVING = Pin((7,)), Pin((8,)), Pin((9,))


class FakePane:
    def __init__(self, name: str, pin: Pin | None) -> None:
        self.program = SimpleNamespace(name=name, page=lambda: SimpleNamespace(pin=pin))
        self.ended = ""

    def set_ended(self, text: str) -> None:
        self.ended = text


class Processes:
    def on(self, _host: str) -> Processes:
        return self

    def has_ended(self, pid: int) -> bool:
        return pid != 9


@pytest.mark.parametrize(
    ("panes", "said"),
    [
        ([("calls", None), ("reads", LIVING)], []),
        ([("calls", SEVEN), ("reads", LIVING)], ["calls: pid 7 ended; u unpins"]),
        ([("calls", SEVEN), ("calls", SEVEN)], ["calls: pid 7 ended; u unpins"]),
        ([("calls", SEVEN), ("reads", SEVEN)], ["calls, reads: pid 7 ended; U unpins all"]),
        (
            [("calls", SEVEN), ("reads", EIGHT)],
            ["calls: pid 7 ended; u unpins", "reads: pid 8 ended; u unpins"],
        ),
    ],
)
def test_the_end_of_the_processes_of_a_pin_is_said_once(panes: list[tuple[str, Pin | None]], said: list[str]) -> None:
    board = SimpleNamespace(panes=[FakePane(*one) for one in panes])
    told: list[str] = []
    screen = SimpleNamespace(tell=lambda text, *_role, **_how: told.append(text))
    for _ in range(2):
        mark_ended_pins(cast("Any", board), cast("Any", Processes()), cast("Any", screen))
    assert [re.sub(r" \d\d:\d\d:\d\d", "", text) for text in told] == said
