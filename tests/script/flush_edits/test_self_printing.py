from __future__ import annotations

import pytest

from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import Prepared, prepare

COUNT = "k:f { @[pid] = count(); }"


def own(text: str) -> Prepared:
    return prepare(read(text))


@pytest.mark.parametrize(
    ("block", "before"),
    [
        ("{ print(@); }", "{ print(@);  @__bt_n++; "),
        ("{ print(@) }", "{ print(@) ; @__bt_n++; "),
        ("{ if (1) { print(@); } }", "{ if (1) { print(@); }  @__bt_n++; "),
        ("{ print(@) // last\n}", "{ print(@) // last\n; @__bt_n++; "),
    ],
)
def test_the_heartbeat_is_the_last_statement_of_the_block_that_prints(block: str, before: str) -> None:
    one = own(f"interval:s:1 {block} {COUNT}")
    assert one.text.partition("\nEND")[0] == f"interval:s:1 {before}print((0, (0, @__bt_n, nsecs))); }} {COUNT}"
    assert one.plan.heartbeats == ("a",)


def test_every_block_that_prints_has_a_mark_of_its_own() -> None:
    one = own("i:s:1 { print(@); } i:s:5 { print(@x); } i:s:9 { @y = 1; } k:f { @ = count(); @x = count(); }")
    assert one.plan.heartbeats == ("a", "b")
    assert "@__bt_nb++; print((0, (1, @__bt_nb, nsecs)));" in one.text
    assert one.text.partition("\nEND")[0].count("print((0, (") == 2
    assert one.plan.periods == {"a": 1_000_000_000, "b": 5_000_000_000}
    assert one.plan.interval_ns == 1_000_000_000
    assert {name: plan.mark for name, plan in one.plan.maps.items()} == {"@": "a", "@x": "b"}


@pytest.mark.parametrize("interval", ["interval:us:20_000_000", "interval:s:2e1", "i:s:0x14", "i:20s"])
def test_the_length_of_the_scripts_own_interval_is_read(interval: str) -> None:
    one = prepare(read(f"{interval} {{ print(@); }} {COUNT}"), interval_ms=700)
    assert one.plan.interval_ns == 20_000_000_000
    assert one.plan.knows_period("a")


def test_an_unknown_interval_has_a_badge() -> None:
    one = prepare(read(f"interval:s:$2 {{ print(@); }} {COUNT}"), interval_ms=700)
    assert [badge.text for badge in one.badges] == ["interval unknown", "no value for $2"]
    assert not one.plan.knows_period("a")


@pytest.mark.parametrize("call", ["clear(@);", "zero(@);"])
def test_print_and_clear_are_marked_as_approximate(call: str) -> None:
    assert [badge.code for badge in own(f"i:s:1 {{ print(@); {call} }} {COUNT}").badges] == ["approximate"]


def test_printing_without_clearing_is_not_marked() -> None:
    assert own(f"i:s:1 {{ print(@); }} {COUNT}").badges == ()


LARGEST, DIVIDED = "largest rows only", "values divided"


@pytest.mark.parametrize(
    ("block", "count", "badges"),
    [
        ("i:s:1 { print(@, 5); }", "@[pid] = count()", [LARGEST]),
        ("i:s:1 { print(@, 5, 0); }", "@[pid] = hist(arg0)", [LARGEST]),
        ("i:s:1 { print(@, 0, 1000); }", "@[pid] = sum(arg0)", [DIVIDED]),
        ("i:s:1 { print(@, 5, 1000); }", "@[pid] = hist(arg0)", [LARGEST, DIVIDED]),
        ("i:s:1 { print(@, $1, $2); }", "@[pid] = max(arg0)", [LARGEST, DIVIDED]),
        ("i:s:1 { print(@, 1 + 2); }", "@[pid, comm] = stats(arg0)", [LARGEST]),
        ("i:s:1 { print(@, 5, 10); }", "@[pid] = lhist(arg0, 0, 100, 10)", [LARGEST]),
        ("i:s:1 { print(@, 5, 10); }", "@ = count()", [DIVIDED]),
        ("i:s:1 { if (@n % 2) { print(@, 5); } }", "@[pid] = count(); @n++", [LARGEST]),
        ("i:s:1 { print(@, 5); }", "@[pid] = arg0", [LARGEST]),
        ("i:s:1 { print(@); }", "@[pid] = count()", []),
        ("i:s:1 { print(@, 0, 1); }", "@[pid] = count()", []),
        ("END { print(@, 5, 1000); }", "@[pid] = count()", []),
        ("i:s:9 { print(@, 5, 1000); exit(); }", "@[pid] = count()", []),
        ("i:s:1 { print(@[1], 5); }", "@[pid] = count()", []),
    ],
)
@pytest.mark.parametrize("clear", ["", "i:s:3 { clear(@); }"])
def test_a_print_with_top_or_div_at_an_interval_has_a_badge(
    block: str, count: str, badges: list[str], clear: str
) -> None:
    found = own(f"{block} {clear} k:f {{ {count}; }}").badges
    assert [badge.text for badge in found if badge.text in (LARGEST, DIVIDED)] == badges


def test_the_badges_of_a_shortened_print_name_the_maps() -> None:
    one = own("i:s:1 { print(@a, 5); print(@b, 3, 10); } k:f { @a[pid] = count(); @b[pid] = count(); }")
    assert [badge.explanation for badge in one.badges] == [
        "The script prints only its largest rows (5 of @a, 3 of @b). "
        "The others are missing, also from sums over several flushes.",
        "The script prints divided values (@b by 10), without their remainders.",
    ]


def test_an_interval_that_prints_only_text_gets_the_heartbeat() -> None:
    one = own('i:s:1 { printf("load"); }')
    assert one.text == (
        'i:s:1 { printf("load");  @__bt_n++; print((0, (0, @__bt_n, nsecs))); }\n'
        "END { @__bt_n++; print((0, (0, @__bt_n, nsecs, 1))); }\n"
    )


def test_maps_beside_an_interval_that_prints_only_text_are_flushed() -> None:
    one = own(f"i:s:1 {{ time(); }} {COUNT}")
    assert one.plan.maps["@"].scheme == "bank"


def test_a_counter_that_the_script_prints_is_left_as_it_is() -> None:
    text = "i:s:1 { print(@); clear(@); } k:f { @[pid]++; }"
    assert "@[pid]++;" in own(text).text


@pytest.mark.parametrize(
    "text",
    [
        f"i:s:1 {{ if (1) {{ print(@); clear(@); }} }} {COUNT}",
        f"i:s:1 /@x/ {{ print(@); clear(@); }} {COUNT}",
        f"i:s:1 {{ print(@); clear(@); exit(); }} {COUNT}",
        f"i:s:1 {{ clear(@); print(@); }} {COUNT}",
        f"i:s:1 {{ print(@); clear(@); }} i:s:2 {{ print(@); }} {COUNT}",
        'i:s:1 { print(@); clear(@); printf("%d", @x); } k:f { @[pid] = count(); @x = 1; }',
        "i:s:1 { print(@); clear(@); } k:f { @[pid] = nsecs; }",
        "i:s:1 { print(@); clear(@); } k:f { @[pid] = count(); $x = @[1]; }",
        "i:s:1, i:s:2 { print(@); clear(@); } k:f { @[pid] = count(); }",
        f"i:s:1 {{ print(@, 5); }} {COUNT}",
    ],
)
def test_what_is_not_provably_the_same_is_not_offered_to_be_left_to_bttop(text: str) -> None:
    assert "exact" not in [suggestion.code for suggestion in own(text).suggestions]


@pytest.mark.parametrize(
    ("block", "kept"), [("print(@);", True), ("print(@); clear(@);", False), ("print(@); zero(@);", False)]
)
def test_the_plan_says_of_a_printed_map_whether_it_is_ever_cleared(block: str, kept: bool) -> None:
    one = prepare(read(f"k:f {{ @[pid] = count(); }} interval:s:1 {{ {block} }}"))
    assert one.plan.maps["@"].kept is kept


RUNNING = "k:f { @m = %s; } "


@pytest.mark.parametrize("counted", ["count()", "sum(arg0)", "hist(arg0)", "lhist(arg0, 0, 9, 1)", "stats(arg0)"])
@pytest.mark.parametrize("key", ["", "[pid]"])
def test_a_total_that_is_printed_once_at_every_tick_is_subtracted(counted: str, key: str) -> None:
    one = own(f"k:f {{ @m{key} = {counted}; }} i:s:1 {{ print(@m); }}")
    plan = one.plan.maps["@m"]
    assert (plan.scheme, plan.is_state, plan.is_running) == ("cumulative", False, False)


@pytest.mark.parametrize("statement", ["@m++", "@m[pid]++", "@m[pid] += arg0"])
def test_what_is_only_counted_is_subtracted_too(statement: str) -> None:
    assert own(f"k:f {{ {statement}; }} i:s:1 {{ print(@m); }}").plan.maps["@m"].scheme == "cumulative"


@pytest.mark.parametrize(
    "text",
    [
        "k:f { @m = min(arg0); } i:s:1 { print(@m); }",
        "k:f { @m = max(arg0); } i:s:1 { print(@m); }",
        "k:f { @m[pid] = avg(arg0); } i:s:1 { print(@m); }",
        "k:f { @m[pid] = count(); } i:s:1 { print(@m, 5); }",
        "k:f { @m[pid] = count(); } i:s:1 { print(@m, 0, 1000); }",
        "k:f { @m[pid] = count(); } i:s:1 { if (@n > 5) { print(@m); } }",
        "k:f { @m[pid] = count(); } i:s:1 { $i = 0; while ($i < 2) { print(@m); $i++; } }",
        "k:f { @m[pid] = count(); } i:s:1 { unroll(2) { print(@m); } }",
        "k:f { @m[pid] = count(); } i:s:1 { print(@m); print(@m); }",
        "k:f { @m[pid] = count(); } i:s:1 { if (@n) { return; } print(@m); }",
        "k:f { @m[pid] = count(); } i:s:1 { print(@m); } i:s:5 { print(@m); }",
    ],
)
def test_what_two_prints_do_not_tell_stands_as_a_running_total(text: str) -> None:
    plan = own(text).plan.maps["@m"]
    assert (plan.scheme, plan.is_state, plan.is_running) == ("own", True, True)


@pytest.mark.parametrize(
    "text",
    [
        "k:f { @m = count(); } i:s:1 { print(@m); clear(@m); }",
        "k:f { @m[pid] = count(); } i:s:1 { print(@m); } k:g { delete(@m[pid]); }",
        "k:f { @m = arg0; } i:s:1 { print(@m); }",
    ],
)
def test_what_is_cleared_or_assigned_is_no_running_total(text: str) -> None:
    assert not own(text).plan.maps["@m"].is_running


def test_a_print_at_the_end_besides_is_the_rest_of_the_last_interval() -> None:
    assert own(f"i:s:1 {{ print(@); }} END {{ print(@); }} {COUNT}").plan.maps["@"].scheme == "cumulative"


@pytest.mark.parametrize("counted", ["min(arg0)", "max(arg0)", "avg(arg0)"])
def test_where_an_empty_map_prints_zero_a_value_without_a_key_gets_one(counted: str) -> None:
    text = f"k:f {{ @m = {counted}; }} i:s:1 {{ print(@m); clear(@m); }}"
    one = prepare(read(text), empty_is_zero=True)
    assert f"@m[0] = {counted};" in one.text
    assert "print(@m); clear(@m);" in one.text
    assert one.plan.maps["@m"].under_key
    assert not own(text).plan.maps["@m"].under_key


@pytest.mark.parametrize(
    "text",
    [
        "k:f { @m = min(arg0); } i:s:1 { print(@m); zero(@m); }",
        "k:f { @m = min(arg0); if (@m > 5) { @n = count(); } } i:s:1 { print(@m); clear(@m); }",
        "k:f { @m[pid] = min(arg0); } i:s:1 { print(@m); clear(@m); }",
        "k:f { @m = count(); } i:s:1 { print(@m); clear(@m); }",
    ],
)
def test_a_map_that_would_mean_something_else_by_it_gets_no_key(text: str) -> None:
    assert not prepare(read(text), empty_is_zero=True).plan.maps["@m"].under_key
