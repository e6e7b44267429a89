from __future__ import annotations

import pytest

from bttop.script.flush_edits.occasions import print_occasions
from bttop.script.language.reader import Script, read
from bttop.script.language.survey import survey


@pytest.mark.parametrize(
    ("probe", "occasion"),
    [
        ("i:s:1 { print(@); }", "interval"),
        ("i:s:1 { print(@); if (@n > 5) { exit(); } }", "interval"),
        ("i:s:1 { if (@n > 5) { exit(); } print(@); }", "interval"),
        ("i:s:9 { print(@); exit(); }", "end"),
        ("i:s:9 { exit(); print(@) }", "end"),
        ("i:s:9 { if (@n > 5) { print(@); exit(); } }", "end"),
        ("i:s:9 { if (@n) { if (@n > 5) { print(@); } exit() } }", "end"),
        ("END { print(@); }", "end"),
        ("BEGIN { print(@); }", "begin"),
        ("self:signal:SIGUSR1 { print(@); }", "signal"),
        ("t:signal:signal_generate /args->sig == 10/ { print(@); }", "signal"),
        ("t:signal:signal_generate, k:g { print(@); }", "event"),
        ("k:g { print(@); }", "event"),
        ("profile:hz:1 { print(@); }", "event"),
    ],
)
def test_the_occasion_of_a_print_is_known(probe: str, occasion: str) -> None:
    script = read(f"k:f {{ @[pid] = count(); }} {probe}")
    assert isinstance(script, Script)
    assert print_occasions(script, survey(script).maps["@"]) == {occasion}
