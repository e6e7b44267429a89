from __future__ import annotations

import re

import pytest

from bttop.model.plan import Numbered
from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import Prepared, prepare, unedited


def prepared(text: str, *, collide: bool = True) -> Prepared:
    return prepare(read(text), new_keys_collide=collide)


def block(one: Prepared) -> str:
    return " ".join(one.text.partition("\n")[0].split())


def test_a_counts_entry_is_made_before_it_is_counted() -> None:
    assert block(prepared("k:f { @[$k] = count(); }")) == (
        "k:f { if (@__bt_n & 1) { @__bt_a1[$k] = sum(0); @__bt_a1[$k] = sum(1); } "
        "else { @__bt_a0[$k] = sum(0); @__bt_a0[$k] = sum(1); } }"
    )


@pytest.mark.parametrize(
    "form", ["@[{}] = count()", "@[1, {}] = sum(arg0)", "@[{}]++", "@[1] = sum({})", "@[{}] = hist(1)"]
)
@pytest.mark.parametrize("value", ["nsecs", "elapsed", "rand", "cpu", "pid", "tid", "uid", "gid", "comm", "-nsecs"])
def test_what_may_change_within_an_event_is_evaluated_once(form: str, value: str) -> None:
    statement = form.format(value)
    written = block(prepared(f"k:f {{ {statement}; }}"))
    assert len(re.findall(rf"{value}\b", written)) == 1
    assert re.search(rf"\$__bt_\w+ = {value};", written)


def test_what_is_constant_may_be_repeated() -> None:
    assert block(prepared("k:f { @[probe, 5, $x] = count(); }")).count("[probe, 5, $x]") == 4


def test_a_sums_entry_is_made_with_nothing_of_its_own_type() -> None:
    one = prepared("k:f { @[1] = sum($x); }")
    assert "@__bt_a1[1] = sum(0 * $x); @__bt_a1[1] = sum($x);" in block(one)


@pytest.mark.parametrize("statement", ["@[$k]++", "++@[$k]"])
def test_increments_too_make_their_entry_first(statement: str) -> None:
    assert "@__bt_a1[$k] = sum(0); @__bt_a1[$k] = sum(1);" in block(prepared(f"k:f {{ {statement}; }}"))


def test_a_histogram_is_counted_by_the_number_of_its_bucket() -> None:
    one = prepared("k:f { @[$k] = hist(arg0); }")
    text = block(one)
    assert "hist(" not in text
    assert "@__bt_a1[$k, $__bt_0_6b] = sum(0); @__bt_a1[$k, $__bt_0_6b] = sum(1);" in text
    plan = one.plan.maps["@"]
    assert (plan.scheme, plan.aggregation, plan.arity, plan.numbered) == ("bank", "hist", 1, Numbered())


def test_a_histogram_without_a_key_is_a_bank_since_its_buckets_are_entries() -> None:
    one = prepared("k:f { @h = hist(arg0); @c = count(); }")
    assert one.plan.maps["@h"].scheme == "bank"
    assert one.plan.maps["@c"].scheme == "cumulative"
    assert not one.new_keys_collide


def test_a_linear_histogram_has_the_buckets_of_its_arguments() -> None:
    assert prepared("k:f { @ = lhist(arg0, 0, 1_000, 10); }").plan.maps["@"].numbered == Numbered(0, 1000, 10)


@pytest.mark.parametrize(
    "histogram",
    [
        "hist(arg0, 3)",
        "lhist(arg0, -5, 10, 1)",
        "lhist(arg0, 0, $1, 1)",
        "lhist(arg0, 0, 10, 0)",
        "lhist(arg0, 9, 1, 1)",
    ],
)
def test_buckets_that_bttop_does_not_know_are_left_to_bpftrace(histogram: str) -> None:
    one = prepared(f"k:f {{ @[pid] = {histogram}; }}")
    assert f"= {histogram.partition('(')[0]}(" in block(one)
    assert one.plan.maps["@"].numbered is None
    assert one.new_keys_collide


def test_two_kinds_of_buckets_in_one_map_are_left_to_bpftrace() -> None:
    one = prepared("k:f { @[pid] = lhist(arg0, 0, 10, 1); } k:g { @[pid] = lhist(arg0, 0, 20, 1); }")
    assert one.plan.maps["@"].numbered is None


@pytest.mark.parametrize("value", ["min(arg0)", "max(arg0)", "stats(arg0)", "avg(arg0)"])
def test_what_overwrites_its_own_slot_is_written_once(value: str) -> None:
    text = f"k:f {{ @[pid] = {value}; }}"
    assert prepared(text).text == prepared(text, collide=False).text
    assert not prepared(text).new_keys_collide


def test_nothing_changes_where_keys_do_not_collide() -> None:
    one = prepared("k:f { @[pid] = count(); @h = hist(arg0); }", collide=False)
    assert "sum(" not in one.text
    assert [plan.numbered for plan in one.plan.maps.values()] == [None, None]


def test_a_script_that_runs_as_it_is_may_lose_events() -> None:
    assert unedited(read("k:f { @[pid] = count(); }")).new_keys_collide
    assert prepared("k:f { @[pid] = count(); } interval:s:1 { print(@); clear(@); }").new_keys_collide


def test_messages_still_point_into_the_text_as_it_was_written() -> None:
    one = prepared("k:f { @[pid] = hist(arg0); @b[pid] = count(); }")
    line = one.text.partition("\n")[0]
    assert one.original_position(1, line.index("@__bt_b1") + 1) == (1, 28)
