from __future__ import annotations

import pytest

from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import prepare

SHOW = 'interval:s:1 { printf("%d", @x%s); @x%s = 0; }'


def loses(text: str) -> bool:
    return "loses-updates" in [badge.code for badge in prepare(read(text)).badges]


@pytest.mark.parametrize("count", ["@x++", "++@x", "@x += arg0", "@x = @x + 1", "@x = arg0 + @x", "@x--", "@x -= 2"])
def test_a_number_that_the_script_shows_and_resets_may_have_lost_updates(count: str) -> None:
    assert loses(f"k:f {{ {count}; }} {SHOW.replace('%s', '')}")


@pytest.mark.parametrize("key", ["[pid]", "[comm, 1]"])
@pytest.mark.parametrize("count", ["@xK++", "@xK += 1", "@xK = @xK + 1"])
def test_keys_that_two_cpus_share_may_have_lost_updates(count: str, key: str) -> None:
    assert loses(f"k:f {{ {count.replace('K', key)}; }} {SHOW.replace('%s', key)}")


@pytest.mark.parametrize(
    "text",
    [
        "k:f { @x[tid]++; } interval:s:1 { print((1, @x[7])); @x[7] = 0; }",
        "k:f { @x[cpu] = @x[cpu] + 1; } interval:s:1 { print((1, @x[7])); }",
        'interval:s:1 { @x++; printf("%d", @x); }',
        "k:f { @x = count(); } interval:s:1 { print((1, @x)); clear(@x); }",
        "k:f { @x++; }",
        "k:f { @x = @y + 1; } interval:s:1 { print((1, @x)); }",
        'k:f { @x++; @y = count(); } k:g /@x/ { @y = count(); } interval:s:1 { printf("a"); }',
    ],
)
def test_what_loses_nothing_or_is_not_shown_has_no_badge(text: str) -> None:
    assert not loses(text)
