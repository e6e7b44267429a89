"""Unique names."""

from __future__ import annotations

import pytest

from bttop.model.format.unique import unique_name


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ((), "opens"),
        (("reads",), "opens"),
        (("opens",), "opens (2)"),
        (("opens", "opens (2)", "opens (4)"), "opens (3)"),
    ],
)
def test_a_taken_name_gets_the_lowest_free_number(taken: tuple[str, ...], name: str) -> None:
    assert unique_name("opens", taken) == name


def test_braces_of_a_name_are_kept() -> None:
    assert unique_name("{name}", ["{name}"], "{name}-{number}") == "{name}-2"
