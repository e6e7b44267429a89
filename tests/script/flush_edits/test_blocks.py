from __future__ import annotations

import pytest

from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import Prepared, prepare

COUNT = "k:f { @a[pid] = count(); @b[pid] = count(); }"


def prepared(text: str, interval_ms: int = 1000) -> Prepared:
    return prepare(read(text), interval_ms=interval_ms)


def appended(one: Prepared) -> str:
    return one.text.rstrip("\n").rpartition("\n")[2].partition("END")[0]


@pytest.mark.parametrize("period", ["s:1", "ms:1_000", "1s", "us:1e6", "hz:1"])
@pytest.mark.parametrize("block", ["print(@a); clear(@a)", "clear(@a)", "time()", "@x = 1", "if (@x) { clear(@b) }"])
def test_one_block_of_each_period_prints_everything(period: str, block: str) -> None:
    one = prepared(f"{COUNT} interval:{period} {{ {block} }}\n")
    assert appended(one) == ""
    assert one.plan.heartbeats == ("a",)
    own = one.text.partition("interval:")[2]
    assert own.index(block) < own.index("@__bt_n++") < own.index("print(@__bt_") < own.index("print((0, (0, ")


@pytest.mark.parametrize(
    "interval",
    [
        "i:s:5 { clear(@a); }",
        "i:s:1 /@x/ { clear(@a); }",
        "i:s:1 { if (@x) { return; } clear(@a); }",
        "i:s:1 { clear(@a); if (@x) { exit(); } }",
        "i:s:1, i:s:7 { clear(@a); }",
        "i:s:$9 { clear(@a); }",
    ],
)
def test_a_block_that_may_not_run_to_its_end_in_each_interval_prints_nothing_of_bttops(interval: str) -> None:
    one = prepared(f"{COUNT} {interval}\n")
    assert appended(one).startswith("interval:s:1 { @__bt_n++;")
    assert one.plan.heartbeats == ("a",)


def test_other_maps_have_the_users_interval_beside_a_slower_block_of_the_script() -> None:
    one = prepared(f"{COUNT} interval:s:20 {{ print(@a); clear(@a); }}\n", interval_ms=500)
    assert appended(one).startswith("interval:ms:500 { @__bt_n++; if (@__bt_n & 1)")
    assert {name: plan.mark for name, plan in one.plan.maps.items()} == {"@a": "b", "@b": "a"}
    assert one.plan.periods == {"a": 500_000_000, "b": 20_000_000_000}
    assert "@__bt_nb++; print((0, (1, @__bt_nb, nsecs)));" in one.text


def test_a_map_that_two_blocks_print_belongs_to_no_single_mark() -> None:
    one = prepared("k:f { @a = count(); } i:s:1 { print(@a); } i:s:5 { print(@a); clear(@a); }")
    assert (one.plan.maps["@a"].mark, one.plan.maps["@a"].is_running) == ("", True)
