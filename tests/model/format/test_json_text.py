from __future__ import annotations

import json
from typing import Any

import pytest

from bttop.model.format.json_text import MOST_VALUES, bounded_value, json_text


def test_no_nan_and_no_infinity_is_written() -> None:
    value = {"a": float("nan"), "b": [1.5, float("inf")], "c": (float("-inf"), "NaN")}
    assert json_text(value) == '{"a":null,"b":[1.5,null],"c":[null,"NaN"]}'


def test_only_printable_ascii_is_written() -> None:
    text = json_text("".join(map(chr, range(0x250))) + "\u202e\udc80\U0001f600")
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)[:0x80] == "".join(map(chr, range(0x80)))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000 + "]" * 100_000,
        "[" + "[]," * MOST_VALUES + "[]]",
        "NaN",
        "-Infinity",
        "1e999",
        '"\\ud800"',
        "9" * 5_000,
        "",
    ],
)
def test_what_a_stranger_wrote_is_a_value_or_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        bounded_value(text)


@pytest.mark.parametrize("value", [None, 1, 1.5, "x", [1, {"a": []}], {"a": "\u6f22"}])
def test_what_was_written_is_read(value: Any) -> None:
    assert bounded_value(json_text(value)) == value
