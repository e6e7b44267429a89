from __future__ import annotations

import pytest

from bttop.script.language.reader import Script, read
from bttop.script.language.settings import number, settings
from bttop.script.language.survey import MapUse, survey

BLOCK = "k:f { @a[pid] = count(); @b[comm] = sum(arg0); }"


def script(text: str) -> Script:
    found = read(text)
    assert isinstance(found, Script)
    return found


def uses(text: str) -> dict[str, MapUse]:
    return dict(survey(script(text)).maps)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("50", 50),
        ("100_000", 100_000),
        ("0x10", 16),
        ("1e3", 1000),
        ("5UL", 5),
        ("N", 0),
        ("", 0),
        ("1.5", 0),
        ("-1", 0),
    ],
)
def test_a_number_is_read_as_bpftrace_writes_it(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize("name", ["max_map_keys", "MAX_MAP_KEYS", "Max_Map_Keys", "BPFTRACE_MAX_MAP_KEYS"])
def test_a_setting_has_one_name_in_every_spelling(name: str) -> None:
    assert settings(script(f'config = {{ {name} = 50; /* c */ missing_probes = "warn" }} {BLOCK}')) == {
        "max_map_keys": "50",
        "missing_probes": "warn",
    }


@pytest.mark.parametrize("block", ["config = { stack_mode = perf; cpp_demangle = false, }", "config = {}", ""])
def test_other_settings_set_no_limit(block: str) -> None:
    assert {use.limit for use in uses(f"{block} {BLOCK}").values()} == {0}


@pytest.mark.parametrize(
    ("preamble", "limits"),
    [
        ("config = { max_map_keys = 50 }", {"@a": 50, "@b": 50}),
        ("let @a = percpuhash(3);", {"@a": 3, "@b": 0}),
        ("config = { max_map_keys = 0x20 } let @a = lruhash(1_000) let @b = hash(1e2);", {"@a": 1000, "@b": 100}),
    ],
)
def test_a_map_has_the_limit_of_its_declaration_else_that_of_the_config(preamble: str, limits: dict[str, int]) -> None:
    found = uses(f"{preamble} {BLOCK}")
    assert {name: use.limit for name, use in found.items()} == limits
    assert {name for name, use in found.items() if use.declared} == {n for n in found if f"let {n}" in preamble}


def test_the_length_of_texts_is_that_of_the_config() -> None:
    assert uses(f"config = {{ max_strlen = 200 }} {BLOCK}")["@a"].longest_text == 200
