from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.record.lenient_json import LENIENT_LIMIT, bare_value, parse


def test_an_object_is_a_tuple_of_pairs_with_its_duplicates() -> None:
    assert parse('{"a": 1, "a": [2, {}]}') == (("a", 1), ("a", [2, ()]))


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ('{"a": }', (("a", None),)),
        ('{"a": , "b": x y}', (("a", None), ("b", "x y"))),
        ('{"a": b, c, "d": 1}', (("a", "b, c"), ("d", 1))),
        ('{"a": {"b": }}', (("a", (("b", None),)),)),
        ('{"a": x}y}', (("a", "x}y"),)),
        ("[1, , 08]", [1, None, "08"]),
        ('[{"a": 1}{"a": x}]', [(("a", 1),), (("a", "x"),)]),
        ('{"a": NaN}', (("a", "NaN"),)),
    ],
)
def test_nearly_json_is_read(text: str, parsed: object) -> None:
    assert parse(text) == parsed


@pytest.mark.parametrize(
    "text",
    ["", "{", "[", "[x", '{"a"', '{"a": 1}}', '{"a" 1}', '{"a": 1 "b": 2}', "{a: 1}", '{"a": x', "[[" * 99],
)
def test_what_makes_no_sense_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_long_broken_text_is_an_error_at_once() -> None:
    with pytest.raises(ValueError):
        parse('{"a": x, "b": "' + "y" * LENIENT_LIMIT + '"}')


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("null", None),
        ("true", True),
        ("false", False),
        ("12", 12),
        ("-3", -3),
        ("012", "012"),
        ("0x1f", 31),
        ("9" * 5000, "9" * 5000),
        ("08:07:44", "08:07:44"),
    ],
)
def test_bare_text_is_a_value(text: str, value: object) -> None:
    assert bare_value(text) == value


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except ValueError:
        return


def expected(value: object) -> object:
    if isinstance(value, dict):
        return tuple((name, expected(member)) for name, member in value.items())
    return [expected(member) for member in value] if isinstance(value, list) else value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_proper_json_is_read_like_json(value: object) -> None:
    assert parse(json.dumps(value)) == expected(value)
