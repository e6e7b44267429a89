from __future__ import annotations

import pytest

from bttop.model.plan import MapPlan
from bttop.script.language.macros import MOST_TOKENS
from bttop.script.language.reader import Script, read
from bttop.script.language.survey import MapUse, ScriptSurvey, survey
from bttop.script.rewrite.prepare import Prepared, prepare

COUNTS = "macro tally(@m, key) { @m[key] = count(); } "


def surveyed(text: str) -> ScriptSurvey:
    script = read(text)
    assert isinstance(script, Script)
    return survey(script)


def use(text: str, name: str = "@x") -> MapUse:
    return surveyed(text).maps[name]


def first_probe(one: Prepared) -> str:
    script = read(one.text)
    assert isinstance(script, Script)
    probe = script.probes[0]
    return " ".join(script.text[script.tokens[probe.start].start : script.tokens[probe.block[1]].end].split())


@pytest.mark.parametrize(
    ("text", "aggregation", "titles"),
    [
        (COUNTS + "k:f { tally(@x, comm); }", "count", ["comm"]),
        (COUNTS + "k:f { if (pid) { tally(@x, args.ret) } }", "count", ["ret"]),
        ("k:f { tally(@x, 1 + 2); } " + COUNTS, "count", ["key"]),
        ("macro t(@m, v) { @m = hist(v); } k:f { t(@x, arg0); }", "hist", []),
        ("macro t(@m, $v) { @m[$v, pid] = max($v); } k:f { $a = 1; t(@x, $a); }", "max", ["a", "pid"]),
        ("macro t(@m, k) { u(@m, k, 1); } macro u(@m, k, v) { @m[k] = sum(v); } k:f { t(@x, tid); }", "sum", ["tid"]),
        ("macro t(@m) { @m = count(); } macro t(@m, k) { @m[k] = sum(1); } k:f { t(@x, cpu); }", "sum", ["cpu"]),
        ("macro t(@m, k) { if (k) { @m[k] = count(); } else { @m[0] = count(); } } k:f { t(@x, a); }", "count", ["a"]),
    ],
)  # fmt: skip
def test_a_map_that_only_a_macro_counts_into_has_the_macros_aggregation(
    text: str, aggregation: str, titles: list[str]
) -> None:
    found = use(text)
    assert (found.aggregation, found.pure, found.by_macro) == (aggregation, True, True)
    assert [column.title for column in found.keys.columns] == titles


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("macro t(@m) { @m++; } k:f { t(@x); }", {"increment"}),
        ("macro t(@m, k) { @m[k] += k; } k:f { t(@x, 1); }", {"add"}),
        ("macro t(@m, k) { @m[k] = nsecs; } k:f { t(@x, tid); }", {"assign"}),
        ("macro t(@m, k) { delete(@m, k); } k:f { t(@x, tid); }", {"delete"}),
        ("macro t(@m) { print(@m); clear(@m); } k:f { t(@x); }", {"print", "clear"}),
        ("macro t(e) { $a = e; } k:f { t(@x[1]); }", {"read"}),
        ("macro t(@m, @n, k) { @m[k] = count(); @n[k] = sum(1); } k:f { t(@x, @y, 1); }", {"aggregate"}),
        ("macro t(@m, k) { @m[k] = count(); @m[k] } k:f { $a = t(@x, 1); }", {"aggregate", "read"}),
        ("macro t(@m) { @m = count(); print(@m); } k:f { t(@x); }", {"aggregate", "print"}),
        ("#define T @x[pid] = count()\nk:f { T; }", {"aggregate"}),
        ("#define T @x[tid]\nk:f { $a = T; }", {"read"}),
        ("k:f { other(@x, 1); }", {"given"}),
        ("k:f { other(1, @x); }", {"given"}),
        ("macro t(@m) { other(@m); } k:f { t(@x); }", {"given"}),
        ("macro t($m) { $m++; } k:f { t(@x); }", {"given"}),
        ("macro t(@m) { t(@m); } k:f { t(@x); }", {"given"}),
        ("#define T(a) @x[a] = count()\nk:f { T(1); }", {"given"}),
        ("fn f($a : int64) : int64 { @x = count(); return 1; } k:f { }", {"given"}),
    ],
)
def test_what_else_a_macro_does_with_a_map_is_known_but_not_edited(text: str, uses: set[str]) -> None:
    found = use(text)
    assert (found.uses, found.pure, found.by_macro) == (frozenset(uses), False, False)


@pytest.mark.parametrize("call", ["print(@x)", "len(@x)", 'strftime("%H", @x)', "has_key(@x, 1)", "(@x, 1)"])
def test_a_map_given_to_bpftraces_own_functions_is_not_out_of_sight(call: str) -> None:
    assert "given" not in use(f"k:f {{ $a = {call}; }}").uses


def test_the_words_of_a_macro_are_words_of_its_callers() -> None:
    seen = surveyed('macro say(a) { printf("%s", ustack); exit(); a.field } k:f { } k:g { say(1); }')
    assert {"printf", "ustack", "exit"} <= seen.words
    assert seen.fields == {"field"}
    assert seen.writing_probes == {1}


def test_macros_that_grow_without_limit_are_not_followed() -> None:
    doubling = "".join(f"macro m{n}(@a) {{ m{n + 1}(@a); m{n + 1}(@a); m{n + 1}(@a); }} " for n in range(20))
    found = use(f"{doubling} macro m20(@a) {{ @a = count(); }} k:f {{ m0(@x); }}")
    assert found.uses == {"given"}
    assert MOST_TOKENS < 3**20


def test_a_call_of_a_macro_is_made_for_one_of_two_banks() -> None:
    one = prepare(read(COUNTS + "k:f { tally(@x, comm); @y[pid] = count(); }"))
    assert first_probe(one) == (
        "k:f { if (@__bt_n & 1) { tally ( @__bt_a1 , comm ) ; @__bt_b1[pid] = count(); } "
        "else { tally ( @__bt_a0 , comm ) ; @__bt_b0[pid] = count(); } }"
    )
    assert one.plan.maps["@x"].scheme == "bank"


@pytest.mark.parametrize(
    ("text", "scheme", "codes"),
    [
        ("macro t(@m, v) { @m = count(); } k:f { t(@x, 1); }", "cumulative", []),
        ("macro t(@m, k) { @m[k] = avg(k); } k:f { t(@x, 1); }", "bank", []),
        ("macro t(@m) { @m = min(5); } k:f { t(@x); }", "bank", []),
        ("macro t(@m, k) { @m[k]++; } k:f { t(@x, 1); }", "cumulative", ["loses-updates"]),
        ("macro t(@m, @n, k) { @m[k] = count(); @n[k] = count(); } k:f { t(@x, @y, 1); }", "cumulative", []),
        ("macro t(@m, @n, k) { @m[k] = max(k); @n[k] = max(k); } k:f { t(@x, @y, 1); }", "gauge", ["in-macro"]),
        ("#define T @x[pid] = count()\nk:f { T; }", "cumulative", []),
        (COUNTS + "k:f { tally(@x, 1); } END { flush(@x); } macro flush(@m) { print(@m); }", "cumulative", ["seldom"]),
        ("k:f { other(@x, 1); }", "gauge", ["unseen"]),
        ("fn f() : int64 { @x = count(); return 1; } k:f { }", "gauge", ["unseen"]),
    ],
)
def test_every_map_that_a_macro_fills_is_shown(text: str, scheme: str, codes: list[str]) -> None:
    one = prepare(read(text), empty_is_zero=True)
    assert one.plan.maps["@x"].scheme == scheme
    assert [badge.code for badge in one.badges] == codes
    assert isinstance(one.plan.maps["@x"], MapPlan)
    assert one.text.startswith(text.partition(" k:f")[0])


def test_what_a_macro_prints_in_end_is_not_printed_again() -> None:
    one = prepare(read(COUNTS + "k:f { tally(@x, 1); } END { flush(@x); } macro flush(@m) { print(@m); }"))
    end = one.text.partition("END")[2].partition("macro")[0]
    assert "print(@x)" not in end
    assert "flush(@x)" in end


def test_an_interval_that_prints_by_a_macro_gets_the_heartbeat() -> None:
    text = COUNTS + "macro flush(@m) { print(@m); clear(@m); } k:f { tally(@x, 1); } i:s:5 { flush(@x); }"
    one = prepare(read(text))
    assert one.text.count("interval") == 0
    assert one.plan.interval_ns == 5_000_000_000
    assert one.plan.heartbeats == ("a",)
    assert [badge.code for badge in one.badges] == ["approximate"]
