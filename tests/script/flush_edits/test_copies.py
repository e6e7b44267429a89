"""Maps that the script clears or prints itself are counted a second time, into banks."""

from __future__ import annotations

import re

import pytest

from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import Prepared, prepare

BANKS = "if (@__bt_n & 1) {{ @__bt_a1{0} }} else {{ @__bt_a0{0} }}"


def prepared(text: str, **flags: bool) -> Prepared:
    return prepare(read(text), **flags)  # type: ignore[arg-type]


def badges(one: Prepared) -> list[str]:
    return [badge.text for badge in one.badges]


def block(one: Prepared, start: str) -> str:
    return " ".join(next(line for line in one.text.split("\n") if line.startswith(start)).split())


@pytest.mark.parametrize(
    "emptied",
    [
        "i:s:1 { clear(@); }",
        "i:s:1 { zero(@); }",
        "i:s:9 { clear(@); }",
        "i:s:1 { for ($kv : @) { delete(@, $kv.0); } }",
        "i:s:1 { $n = 0; for ($kv : @) { $n += 1; } clear(@); }",
        'i:s:1 { printf("%d", @["a"]); clear(@); }',
        "i:s:1 { if (@n > 5) { clear(@); } }",
        "self:signal:SIGUSR1 { clear(@); }",
        "k:g { clear(@); }",
        "i:s:9 { clear(@); exit(); }",
    ],
)
def test_what_the_script_empties_is_counted_in_a_copy(emptied: str) -> None:
    one = prepared(f"k:f {{ @[$c] = count(); }}\n{emptied}\n")
    assert block(one, "k:f") == f"k:f {{ $__bt_0_6k = $c; @[$__bt_0_6k] = count(); {BANKS.format('[$c] = count();')} }}"
    assert emptied.rstrip("}").strip() in " ".join(one.text.split())
    assert (one.plan.maps["@"].scheme, list(one.plan.maps)) == ("bank", ["@"])
    assert one.plan.aliases["@"] not in one.plan.maps
    assert badges(one) == []


@pytest.mark.parametrize(
    ("printing", "said"),
    [
        ("END { print(@); }", "prints at its end"),
        ("END { print(@, 3, 1000); clear(@); }", "prints at its end"),
        ("i:s:9 { print(@); exit(); }", "prints at its end"),
        ("i:s:9 { if (@n == 1) { print(@); clear(@); exit(); } }", "prints at its end"),
        ("self:signal:SIGUSR1 { print(@); }", "prints on a signal"),
        ("t:signal:signal_generate { print(@); clear(@); }", "prints on a signal"),
        ("k:g { print(@); }", "prints at events"),
    ],
)
def test_what_the_script_prints_seldom_is_shown_at_each_interval_and_as_printed(printing: str, said: str) -> None:
    one = prepared(f"k:f {{ @[comm] = max(arg0); }}\n{printing}\n")
    assert [(name, plan.scheme, plan.occasional) for name, plan in one.plan.maps.items()] == [
        ("@", "bank", False),
        ("@ (printed)", "own", True),
    ]
    assert one.plan.aliases["@"] == "@ (printed)"
    assert block(one, "k:f").count("= max(") == 3
    assert badges(one) == [said]


@pytest.mark.parametrize(
    "key",
    ["comm", "str(args->name)", "$name", "kstack", "args->size", "(int32)$x", "$name, $other", "pid", "5", "probe"],
)
def test_a_variable_is_a_whole_key_at_most_once_on_each_path(key: str) -> None:
    text = block(prepared(f"k:f {{ @[{key}] = count(); }}\nEND {{ print(@); }}\n"), "k:f")
    own, odd, even = re.findall(r"@(?:__bt_a\d)?\[([^\]]*)\]", text)
    assert odd == even
    assert own != odd or not re.fullmatch(r"\$\w+", own)


def test_expressions_are_evaluated_once() -> None:
    one = prepared("k:f { @[args->a] = hist(args->b); }\nEND { print(@); }\n")
    text = block(one, "k:f")
    assert text.count("args->a") == text.count("args->b") == 1
    assert text.index("args->b") < text.index("@[$__bt_0_") < text.index("if (@__bt_n & 1)")


@pytest.mark.parametrize(
    ("statement", "own"),
    [
        ("@ = avg(arg0);", "@ = avg("),
        ("@[$p]++;", "$__bt_0_6k = $p; @[$__bt_0_6k] = count();"),
        ("@[$p] += 3;", "$__bt_0_6k = $p; @[$__bt_0_6k] = sum(3);"),
        ("@[$p]++; @[$p] += 3;", "@[$__bt_0_6k] = sum(1); $__bt_0_15k = $p; @[$__bt_0_15k] = sum(3);"),
        ("@ = lhist(arg0, 0, 10, 1);", "@ = lhist($__bt_0_16, 0, 10, 1);"),
    ],
)
def test_the_scripts_own_map_keeps_its_values(statement: str, own: str) -> None:
    text = block(prepared(f"k:f {{ {statement} }}\nEND {{ print(@); }}\n"), "k:f")
    assert own in text.partition("if (@__bt_n")[0]


def test_on_a_release_on_which_new_keys_collide_the_copy_counts_every_event() -> None:
    one = prepared("k:f { @[$p] = count(); }\nEND { print(@); }\n", new_keys_collide=True)
    assert "@[$__bt_0_6k] = count(); if (@__bt_n & 1) { @__bt_a1[$p] = sum(0); @__bt_a1[$p] = sum(1); }" in block(
        one, "k:f"
    )
    assert one.new_keys_collide


def test_where_an_empty_map_prints_zero_only_the_copy_has_a_key() -> None:
    one = prepared("k:f { @ = min(arg0); }\nEND { print(@); }\n", empty_is_zero=True)
    assert "@__bt_a1[0] = min(" in one.text
    assert "@[0]" not in one.text
    assert {name: plan.under_key for name, plan in one.plan.maps.items()} == {"@": True, "@ (printed)": False}


@pytest.mark.parametrize("statement", ["@n++;", "@n += arg0;", "++@n;"])
@pytest.mark.parametrize("end", ['END { printf("%d", @n); }', "self:signal:SIGUSR1 { print((1, @n)); }"])
def test_a_number_that_only_the_end_reads_is_shown_and_may_have_lost_updates(statement: str, end: str) -> None:
    one = prepared(f"k:f {{ {statement} }}\n{end}\n")
    assert one.plan.maps["@n"].scheme == "bank"
    assert badges(one)[0] == "++ loses updates"
    assert badges(one)[1].startswith("prints ")


@pytest.mark.parametrize(
    "text",
    [
        "k:f { @[tid] = sum(arg0); } k:g { delete(@[tid]); }",
        "k:f { @[tid] = sum(arg0); } k:g { delete(@, tid); } i:s:1 { clear(@); }",
        "k:f { @ = tseries(arg0, 1s, 5); } END { print(@); }",
        "k:f { @[tid] = nsecs; } END { print(@); }",
    ],
)
def test_a_state_is_printed_as_it_is(text: str) -> None:
    assert prepared(text).plan.maps["@"].scheme == "gauge"


@pytest.mark.parametrize(
    "outside",
    ["macro add(@m) { @m[1] = count(); }", "#define ADD @m[1] = count()", "fn g() : void { @m[1] = count(); }"],
)
def test_what_code_outside_the_probes_may_count_is_not_copied(outside: str) -> None:
    used = "add(@m);" if outside.startswith("macro") else "@m[1] = count();"
    one = prepared(f"{outside}\nk:f {{ @m[2] = count(); {used} $x = @m[1]; }} i:s:1 {{ clear(@m); }}")
    assert "@__bt_a" not in one.text


@pytest.mark.parametrize("text", ["k:f { @x++; @s[1] = @x; }", "k:f { @x++; } k:g { @x--; } END { print(@x); }"])
def test_a_counter_that_events_read_is_a_state(text: str) -> None:
    assert "@__bt_a" not in prepared(text).text


@pytest.mark.parametrize("value", ["nsecs", "rand", "elapsed", "comm", "pid"])
def test_what_may_change_within_an_event_is_evaluated_once_for_both_maps(value: str) -> None:
    written = block(prepared(f"k:f {{ @[{value}] = count(); }}\ni:s:1 {{ clear(@); }}\n"), "k:f")
    assert len(re.findall(rf"\b{value}\b", written)) == 1
