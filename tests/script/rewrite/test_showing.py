from __future__ import annotations

import pytest

from bttop.script.language.reader import Imported, Script, Unreadable, read
from bttop.script.rewrite.prepare import Prepared, prepare, unedited

SAYS = frozenset({"nothing", "shown-at-end"})


def said(one: Prepared) -> list[str]:
    return [badge.code for badge in one.badges if badge.code in SAYS]


@pytest.mark.parametrize(
    ("text", "edited", "as_is"),
    [
        ("k:f { @[pid] = count(); }", [], ["shown-at-end"]),
        ("k:f { @s[tid] = nsecs; } k:g { delete(@s[tid]); }", ["nothing"], ["shown-at-end"]),
        ("k:f { $x = 1; }", ["nothing"], ["nothing"]),
        ('k:f { printf("x"); }', [], []),
        ("k:f { @ = count(); } i:s:1 { print(@); }", [], []),
        ("k:f { @ = count(); } END { print(@); }", [], []),
        ("macro t(@m) { @m = count(); } k:f { t(@x); }", [], ["shown-at-end"]),
        ('macro say() { printf("x"); } k:f { say(); }', [], []),
        ("config = { print_maps_on_exit = 0 } k:f { @ = count(); }", [], ["nothing"]),
        ("config = { print_maps_on_exit = false } k:f { @ = count(); }", [], ["nothing"]),
        ("config = { print_maps_on_exit = 1 } k:f { @ = count(); }", [], ["shown-at-end"]),
    ],
)  # fmt: skip
def test_a_script_that_cannot_show_anything_is_said_to(text: str, edited: list[str], as_is: list[str]) -> None:
    assert said(prepare(read(text))) == edited
    assert said(unedited(read(text))) == as_is


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("k:f { @ = count(); } /* open", ["shown-at-end"]),
        ("k:f { $x = 1; } /* open", ["nothing"]),
        ("k:f { print(1); } /* open", []),
    ],
)
def test_a_script_that_cannot_be_read_is_judged_by_its_words(text: str, codes: list[str]) -> None:
    script = read(text)
    assert isinstance(script, Unreadable)
    one = prepare(script)
    assert said(one) == codes
    assert one.shows_nothing is (codes == ["nothing"])


def test_imported_probes_may_show_something() -> None:
    script, other = read("k:f { $x = 1; }"), read('k:g { printf("x"); }')
    assert isinstance(script, Script)
    assert said(prepare(script._replace(imports=(Imported("/lib.bt", other),)))) == []


def test_an_iterator_prints_what_its_kernel_list_has() -> None:
    assert said(prepare(read("iter:task { $x = 1; }"))) == []
