"""The explanations of badges."""

from __future__ import annotations

import pytest

from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import prepare

SHOWN = "so its current value is shown, not the value per interval."
READ = f"the script reads, deletes or clears it, {SHOWN}"
SERIES = "it is a series of the script's own intervals, which is shown whole."


@pytest.mark.parametrize(
    ("text", "explanations"),
    [
        ("k:f { @x = tseries(arg0, 1s, 5); }", [f"@x: {SERIES}"]),
        ('k:f { @x[pid] = tseries(arg0, 1s, 5, "sum"); @y = count(); }', [f"@x: {SERIES}"]),
        (
            "let @x = hash(10); k:f { @x[pid] = max(arg0); }",
            [f"@x: the script declares it with `let`, and two prints of a max cannot be subtracted, {SHOWN}"],
        ),
        ("k:f { @x[pid] = count(); } k:g { delete(@x[pid]); }", [f"@x: {READ}"]),
        (
            "k:f { @x[pid] = count(); @t = tseries(arg0, 1s, 5); } k:g { delete(@x[pid]); }",
            [f"@x: {READ}", f"@t: {SERIES}"],
        ),
        ("k:f { @x[pid] = count(); }", []),
    ],
)
def test_a_map_that_is_not_shown_per_interval_says_why(text: str, explanations: list[str]) -> None:
    found = prepare(read(text)).badges
    assert [one.explanation for one in found if one.text == "not per interval"] == explanations
