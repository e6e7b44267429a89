"""Every construct of bpftrace's language reference is read, edited and pinned."""

from __future__ import annotations

import pytest

from bttop.script.language.reader import Script, read
from bttop.script.language.survey import survey
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import prepare
from tests.script.language.reference import SNIPPETS, Snippet

NAMES = [one.name for one in SNIPPETS]


def test_the_reference_is_covered() -> None:
    assert len(SNIPPETS) > 170
    assert {"Macros", "Map Declarations", "Tuples", "For", "Config Block", "tseries", "offsetof"} <= {
        one.section for one in SNIPPETS
    }


@pytest.mark.parametrize("snippet", SNIPPETS, ids=NAMES)
def test_an_example_is_read_whole(snippet: Snippet) -> None:
    script = read(snippet.text)
    assert isinstance(script, Script)
    assert "".join(token.text for token in script.tokens) == snippet.text
    assert all(point.provider.isalpha() for point in script.points)


@pytest.mark.parametrize("pin", [None, Pin(pids=(7,))])
@pytest.mark.parametrize("snippet", SNIPPETS, ids=NAMES)
def test_an_edited_example_can_be_read_again_and_keeps_its_lines(snippet: Snippet, pin: Pin | None) -> None:
    script = read(snippet.text)
    one = prepare(script, pin=pin, new_keys_collide=False, empty_is_zero=True)
    assert isinstance(script, Script)
    assert isinstance(read(one.text), Script)
    assert one.is_edited or script.probes[0].has("iter")
    assert one.text.count("\n") <= snippet.text.count("\n") + 1


@pytest.mark.parametrize("snippet", SNIPPETS, ids=NAMES)
def test_every_map_that_an_example_only_counts_into_is_shown(snippet: Snippet) -> None:
    script = read(snippet.text)
    assert isinstance(script, Script)
    counted = {name for name, use in survey(script).maps.items() if use.pure or use.only_counted}
    assert counted <= set(prepare(script).plan.maps)
