from __future__ import annotations

import pytest

from bttop.script.language.reader import Script, read
from bttop.script.rewrite.prepare import Prepared, prepare

COUNT = "k:f { @[pid] = count(); }"
OWN = "interval:s:1 { print(@); clear(@); }"


def prepared(text: str) -> Prepared:
    return prepare(read(text))


@pytest.mark.parametrize(
    "end",
    [
        "END { }",
        "END { clear(@) }",
        "END { if (1) { print(@); } }",
        "END { print(@, 5); clear(@); } // last",
        'END { printf("bye") }',
        "end { @x = 1; }",
    ],
)
@pytest.mark.parametrize("run", [COUNT, f"{COUNT} {OWN}", "interval:s:2 { time(); }"])
def test_the_last_heartbeat_is_the_last_statement_of_the_scripts_own_end(run: str, end: str) -> None:
    one = prepared(f"{run} {end}")
    script = read(one.text)
    assert isinstance(script, Script)
    (block,) = [probe for probe in script.probes if probe.has("end")]
    inside = " ".join(token.text for token in script.significant(block.block[0], block.block[1] + 1))
    assert inside.endswith("print ( ( 0 , ( 0 , @__bt_n , nsecs , 1 ) ) ) ; }")
    assert one.ends_flush


@pytest.mark.parametrize("end", ["END /@x/ { print(@); }", "END { if (@x) { return; } print(@); }"])
@pytest.mark.parametrize("run", [COUNT, f"{COUNT} {OWN}"])
def test_an_end_that_may_not_be_reached_gets_no_heartbeat_and_bpftrace_prints_the_rest(run: str, end: str) -> None:
    one = prepared(f"{run} {end}")
    assert "nsecs, 1)" not in one.text
    assert not one.ends_flush


@pytest.mark.parametrize("end", ["END, k:g { print(@); }", "interval:s:9, END { print(@); }"])
def test_an_end_that_also_runs_at_other_times_gets_no_heartbeat(end: str) -> None:
    assert not prepared(f"{COUNT} {end}").ends_flush


def test_the_end_prints_the_scripts_own_total_and_the_rest_of_the_interval() -> None:
    one = prepared(
        "k:f { @shown = count(); @total = hist(arg0); @longest[comm] = max(arg0); @start[tid] = nsecs; }"
        "k:g { @x = @start[tid]; delete(@start[tid]); }"
        "interval:s:1 { print(@shown); clear(@shown); } END { print(@longest, 3); clear(@longest); }"
    )
    assert {name: (plan.scheme, plan.occasional) for name, plan in one.plan.maps.items()} == {
        "@shown": ("own", False),
        "@total": ("cumulative", False),
        "@longest": ("bank", False),
        "@longest (printed)": ("own", True),
    }
    assert one.plan.aliases == {
        "@__bt_a0": "@longest",
        "@__bt_a1": "@longest",
        "@longest": "@longest (printed)",
    }
    assert one.plan.maps["@longest (printed)"].is_state
    end = one.text.partition("END")[2]
    order = [
        end.index(f"{text};") for text in ("print(@longest, 3)", "clear(@longest)", "print(@total)", "clear(@__bt_a1)")
    ]
    assert order == sorted(order)
    assert end.index("clear(@__bt_a1)") < end.index("nsecs, 1)")
    assert "@start" not in end
    assert [badge.text for badge in one.badges] == ["print+clear: approximate", "prints at its end"]
    assert one.badges[1].explanation.startswith("@longest: ")


@pytest.mark.parametrize("call", ["print(@a)", "print(@a, 5)", "print(@a, 0, 1000)", "print( @a , 7 )"])
def test_end_prints_as_many_rows_and_with_the_divisor_of_the_scripts_own_print(call: str) -> None:
    one = prepared(f"k:f {{ @a[pid] = max(arg0); }} interval:s:1 {{ {call}; clear(@a); }}")
    end = one.text.partition("END")[2].replace(" ", "")
    assert f"{call.replace(' ', '')};clear(@a);" in end


def test_each_interval_of_the_scripts_own_has_a_last_flush_with_its_maps() -> None:
    one = prepared("k:f { @a = count(); @b = count(); } i:s:1 { print(@a); } i:s:5 { print(@b); }")
    end = one.text.partition("END")[2]
    marks = [end.index(text) for text in ("print(@a)", "print((0, (0,", "@__bt_nb++", "print(@b)", "print((0, (1,")]
    assert marks == sorted(marks)
