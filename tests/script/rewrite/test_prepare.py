from __future__ import annotations

import pytest

from bttop.model.plan import Column, MapPlan, Scheme
from bttop.script.front_matter.front_matter import FrontMatter, read_front_matter
from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.reader import LONGEST_SCRIPT, Script, read
from bttop.script.rewrite.prepare import LONGEST_TEXT, Prepared, prepare, unedited

HEARTBEAT = "print((0, (0, @__bt_n, nsecs)));"
LAST = "print((0, (0, @__bt_n, nsecs, 1)));"


def prepared(text: str, **options: object) -> Prepared:
    return prepare(read(text), **options)  # type: ignore[arg-type]


def front(text: str) -> FrontMatter:
    lines = "".join(f"// {line}\n" for line in ("/// bttop", *text.split("\n"), "///"))
    found = read_front_matter(lines)
    assert isinstance(found, FrontMatter)
    return found


def codes(one: Prepared) -> list[str]:
    return [badge.code for badge in one.badges]


def appended(one: Prepared) -> str:
    return one.text.rstrip("\n").rpartition("\n")[2]


def test_a_keyed_count_gets_two_banks_and_a_heartbeat() -> None:
    one = prepared("k:f { @[pid] = count(); }\n")
    lines = one.text.split("\n")
    assert [" ".join(line.split()) for line in lines] == [
        "k:f { if (@__bt_n & 1) { @__bt_a1[pid] = count(); } else { @__bt_a0[pid] = count(); } }",
        "interval:s:1 { @__bt_n++; if (@__bt_n & 1) { print(@__bt_a0); clear(@__bt_a0); } "
        f"else {{ print(@__bt_a1); clear(@__bt_a1); }} {HEARTBEAT} }} "
        f"END {{ @__bt_n++; print(@__bt_a0); clear(@__bt_a0); print(@__bt_a1); clear(@__bt_a1); {LAST} }}",
        "",
    ]
    assert one.plan.aliases == {"@__bt_a0": "@", "@__bt_a1": "@"}
    assert one.plan.heartbeats == ("a",)
    assert one.plan.interval_ns == 1_000_000_000
    assert one.plan.maps["@"] == MapPlan("@", "count", (Column("pid", "int"),), "bank", pid="pid")
    assert one.badges == ()


def test_a_scalar_count_is_printed_whole_and_never_cleared() -> None:
    one = prepared("k:f { @x = count(); }\n")
    assert one.text == (
        f"k:f {{ @x = count(); }}\ninterval:s:1 {{ @__bt_n++; print(@x); {HEARTBEAT} }} "
        f"END {{ @__bt_n++; print(@x); clear(@x); {LAST} }}\n"
    )
    assert one.plan.maps["@x"].scheme == "cumulative"


def test_statements_that_follow_each_other_share_one_look_at_the_flag() -> None:
    one = prepared("k:f { @a[pid] = count(); @b[pid] = sum(arg0); $x = 1; @c[pid] = count(); }")
    assert one.text.partition("interval")[0].count("if (@__bt_n & 1)") == 2


def test_what_touches_the_context_is_evaluated_once_and_before_the_branches() -> None:
    text = prepared("k:f { @x[args->a, comm, $y, 3] = hist(args->b, 4); }").text.partition("\n")[0]
    assert text.count("args->a") == 1
    assert text.count("args->b") == 1
    assert text.index("args->b") < text.index("if (")
    names = [word for word in text.replace(",", " ").replace("[", " ").split() if word.startswith("$__bt_")]
    assert f"@__bt_a1[{names[0]}, comm, $y, 3] = hist(" in text
    assert ", 4); }" in text


def test_the_bounds_of_a_linear_histogram_stay_literals() -> None:
    assert ", 0, 100, 10);" in prepared("k:f { @x[pid] = lhist(args->b, 0, 100, 10); }").text


@pytest.mark.parametrize(
    ("statement", "scheme"),
    [
        ("@ = sum(arg0)", "cumulative"),
        ("@ = hist(arg0)", "cumulative"),
        ("@ = stats(arg0)", "cumulative"),
        ("@ = avg(arg0)", "cumulative"),
        ("@ = min(arg0)", "bank"),
        ("@ = max(arg0)", "bank"),
        ("@ = tseries(arg0, 1s, 5)", "gauge"),
        ("@[tid] = avg(arg0)", "bank"),
        ("@[tid] = lhist(arg0, 0, 9, 1)", "bank"),
        ("@ = count(); if (@ > 5) { $x = 1; }", "cumulative"),
        ("@[tid] = sum(arg0); $x = @[tid]", "cumulative"),
        ("@[tid] = max(arg0); $x = @[tid]", "bank"),
        ("@[tid] = avg(arg0); $x = @[tid]", "bank"),
        ("@[tid] = count(); delete(@[tid])", "gauge"),
        ("@[tid] = count(); clear(@)", "bank"),
    ],
)
def test_every_aggregation_has_its_exact_scheme(statement: str, scheme: Scheme) -> None:
    assert prepared(f"k:f {{ {statement}; }}").plan.maps["@"].scheme == scheme


def test_a_declared_map_keeps_its_name() -> None:
    one = prepared("let @ = lruhash(9); k:f { @[pid] = count(); }")
    assert one.plan.maps["@"].scheme == "cumulative"


def test_an_average_is_kept_as_stats() -> None:
    one = prepared("k:f { @a = avg(arg0); @b[pid] = avg(arg1); }")
    assert "avg" not in one.text
    assert one.text.count("stats(") == 3
    assert {plan.aggregation for plan in one.plan.maps.values()} == {"avg"}


def test_an_average_that_is_read_stays_an_average() -> None:
    assert "@a = avg(" in prepared("k:f { @a = avg(arg0); $x = @a; }").text


@pytest.mark.parametrize(
    ("statement", "rewritten"),
    [
        ("@++;", "@ = count();"),
        ("++@;", "@ = count();"),
        ("@ += arg0;", "@ = sum( arg0);"),
        ("@ += arg0 /* c */", "@ = sum( arg0) /* c */"),
        ("@[pid]++;", "@__bt_a1[pid] = count();"),
        ("@[pid] += 3;", "@__bt_a1[pid] = sum(3);"),
        ("@[pid]++; @[pid] += 3;", "@__bt_a1[pid] = sum(1); @__bt_a1[pid] = sum(3);"),
    ],
)
def test_a_counter_that_nothing_reads_is_counted_without_losing_updates(statement: str, rewritten: str) -> None:
    one = prepared(f"k:f {{ {statement} }}")
    assert rewritten in " ".join(one.text.replace(" ;", ";").split()).replace("@ =", "@ =")
    assert codes(one) == ["counted"]


def test_state_is_neither_printed_nor_cleared() -> None:
    one = prepared("k:f { @s[tid] = nsecs; } k:g { @d = hist(nsecs - @s[tid]); delete(@s[tid]); }")
    assert set(one.plan.maps) == {"@d"}
    assert "print(@s)" not in one.text


def test_a_script_that_only_assigns_shows_what_it_assigns() -> None:
    one = prepared('BEGIN { printf("hello"); } k:f { @last[comm] = nsecs; }')
    assert one.plan.maps["@last"].scheme == "gauge"
    assert "print(@last);" in one.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("k:f { @c[comm] = @c[comm] + 1; }", ["@c"]),
        ("k:f { @most = arg0 > @most ? arg0 : @most; }", ["@most"]),
        ("k:f { if (arg0 > @most) { @most = arg0; } }", ["@most"]),
        ("k:f { @left--; @most[pid] = arg0 > @most[pid] ? arg0 : @most[pid]; }", ["@left", "@most"]),
        ("k:f { @n++; if (@n % 100 == 0) { @at = nsecs; } }", ["@n", "@at"]),
        ("k:f { @s[tid] = nsecs; } k:g { @d[comm] = nsecs - @s[tid]; delete(@s[tid]); }", ["@d"]),
        ("k:f { @gap = nsecs - @prev; @prev = nsecs; } END { clear(@prev); }", ["@gap"]),
        ("k:f { @gap = nsecs - @prev; @prev = nsecs; }", ["@gap", "@prev"]),
        ("k:f { @last = nsecs; } END { clear(@last); }", ["@last"]),
        ("k:f { @c[comm] = @c[comm] + 1; @n = count(); }", ["@n"]),
        ("k:f { @s[tid] = nsecs; } k:g { $d = nsecs - @s[tid]; delete(@s[tid]); }", []),
    ],
)
def test_a_script_that_neither_counts_nor_prints_shows_what_bpftrace_prints_at_its_end(
    text: str, shown: list[str]
) -> None:
    assert sorted(prepared(text).plan.maps) == sorted(shown)


def test_a_script_that_only_prints_text_gets_a_heartbeat() -> None:
    one = prepared('k:f { printf("x"); @s[tid] = 1; }')
    assert appended(one) == f"interval:s:1 {{ @__bt_n++; {HEARTBEAT} }} END {{ @__bt_n++; {LAST} }}"
    assert one.plan.maps == {}


def test_maps_named_by_front_matter_are_the_only_ones_shown() -> None:
    said = front('[map.s]\ncolumns = ["thread"]\nunit = "ns"\ntid = "thread"\n')
    one = prepared("k:f { @s[tid] = nsecs; @c[pid] = count(); $x = @s[1]; }", front=said)
    assert one.plan.maps == {"@s": MapPlan("@s", "value", (Column("thread", "int"),), "gauge", unit="ns", tid="thread")}
    assert "@c[pid] = count();" in one.text


def test_a_column_renamed_by_front_matter_still_holds_the_process_id() -> None:
    one = prepared("k:f { @[comm, pid] = count(); }", front=front('[map.""]\ncolumns = ["name", "process"]'))
    assert one.plan.maps["@"].pid == "process"


def test_the_badge_of_front_matter_is_shown() -> None:
    one = prepared("k:f { @ = count(); }", front=front('badge = "bytes asked for"\nhelp = "why"'))
    assert one.badges == (ScriptCaveat("note", "bytes asked for", "why"),)


@pytest.mark.parametrize(("interval", "unit"), [(1000, "s:1"), (250, "ms:250"), (2000, "s:2"), (1500, "ms:1500")])
def test_the_interval_is_written_in_whole_units(interval: int, unit: str) -> None:
    one = prepared("k:f { @ = count(); }", interval_ms=interval)
    assert appended(one).startswith(f"interval:{unit} {{")
    assert one.plan.interval_ns == interval * 1_000_000


def test_schemes_can_be_asked_for_where_they_are_exact() -> None:
    text = "k:f { @a[pid] = count(); @b = count(); @c = min(arg0); @d = count(); $x = @d; }"
    one = prepared(text, schemes={"@a": "cumulative", "@b": "bank", "@d": "bank"})
    schemes = {name: plan.scheme for name, plan in one.plan.maps.items()}
    assert schemes == {"@a": "cumulative", "@b": "bank", "@c": "bank", "@d": "cumulative"}


def test_prints_in_end_stay_before_the_last_flush() -> None:
    one = prepared('k:f { @[pid] = count(); } END { print(@, 5); clear(@); printf("bye") }')
    end = " ".join(one.text.partition("END")[2].partition("\n")[0].split())
    prints = "print(@__bt_a0); clear(@__bt_a0); print(@__bt_a1); clear(@__bt_a1);"
    assert end == f'{{ print(@, 5); clear(@); printf("bye") ; @__bt_n++; {prints} {LAST} }}'
    assert one.text.count("END") == 1
    assert one.plan.maps["@"].scheme == "bank"


def test_thirty_maps_have_thirty_pairs_of_banks() -> None:
    one = prepared("k:f { " + "".join(f"@m{i}[pid] = count(); " for i in range(30)) + "}")
    assert len(one.plan.aliases) == 60
    assert one.plan.aliases["@__bt_ab1"] == "@m27"


@pytest.mark.parametrize(
    "text",
    [
        "k:f { @[pid] = count(); } // no newline",
        "k:f {\n @[pid,\n // why\n comm] = /* c */ hist(\n arg0\n )\n}\r\n",
        "k:f { @x++ // one\n}\nk:g\n/pid/\n{ @[pid] += arg0 // two\n}",
    ],
)
def test_an_edit_adds_no_line_before_the_appended_block(text: str) -> None:
    one = prepared(text)
    lines = one.text.rstrip("\n").split("\n")[:-1]
    original = text.removesuffix("\n").split("\n")
    assert len(lines) == len(original)
    for edited, line in zip(lines, original, strict=True):
        comment = line.find("//")
        assert comment < 0 or line[comment:] in edited


@pytest.mark.parametrize("word", ["args->size", "arg1", "pid == 1", "$1"])
def test_a_place_in_the_edited_text_is_found_in_the_original(word: str) -> None:
    text = 'k:f /pid == 1/ { printf("é %d", $1); @b[arg1, comm] = count(); @c = sum(args->size); }'
    one = prepared(text)
    line = one.text.partition("\n")[0]
    column = len(line[: line.index(word)].encode()) + 1
    assert one.original_position(1, column) == (1, len(text[: text.index(word)].encode()) + 1)


def test_a_place_in_a_bank_is_found_at_its_statement() -> None:
    text = "k:f { @b[comm] = count(); @c[pid] = sum(3); }"
    one = prepared(text)
    for word, statement in (("@__bt_a1[comm]", "@b"), ("sum(3)", "@c"), ("@__bt_b0", "@c")):
        column = one.text.index(word) + 1
        assert one.original_position(1, column) == (1, text.index(statement) + 1)


def test_a_place_in_the_appended_block_is_the_end_of_the_original() -> None:
    assert prepared("k:f { @ = count(); }\n").original_position(2, 20) == (2, 1)


def test_a_place_beyond_the_text_is_its_end() -> None:
    assert prepared("k:f { @ = count(); }\n").original_position(99, 99) == (2, 1)


def test_an_unreadable_script_runs_as_it_is() -> None:
    one = prepared("k:f { /* open")
    assert one.text == one.original == "k:f { /* open"
    assert codes(one) == ["as-is", "nothing"]
    assert one.plan.heartbeats == ()
    assert one.runnable
    assert one.original_position(1, 7) == (1, 7)


def test_what_is_not_text_cannot_run() -> None:
    one = prepare(read(b"\0"))
    assert not one.runnable
    assert "NUL" in one.badges[0].explanation


def test_names_that_bttop_adds_are_not_touched_in_a_script_that_has_them() -> None:
    one = prepared("k:f { @__bt_n = count(); }")
    assert not one.is_edited
    assert codes(one) == ["as-is", "shown-at-end"]


def test_a_script_that_would_get_too_long_runs_as_it_is() -> None:
    text = "k:f { " + "@[args->a, args->b] = count(); $x = 1; " * 2600 + "}"
    assert len(text) < LONGEST_SCRIPT
    one = prepared(text)
    assert one.text == text
    assert codes(one) == ["as-is", "shown-at-end"]
    assert len(prepared(text[: text.index("; ") + 2] + "}").text) < LONGEST_TEXT


def test_an_unedited_script_prints_its_maps_as_its_own() -> None:
    script = read("interval:s:1 { print(@); } k:f { @[pid] = count(); }")
    assert isinstance(script, Script)
    one = unedited(script)
    assert one.text == script.text
    assert one.plan.maps["@"].scheme == "own"
    assert codes(one) == ["as-is"]


def test_facts_for_the_program_are_passed_on() -> None:
    one = prepared("k:f { @[ustack] = count(); exit(); } i:s:5 { @x = 1; }")
    assert one.uses_user_stacks
    assert one.exits
    assert [point.text for point in one.attach_points] == ["k:f", "i:s:5"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t:irq:softirq_entry { @[comm] = count(); }", True),
        ("t:net:netif_receive_skb { @[pid] = count(); }", True),
        ("t:sched:sched_wakeup { @[comm, args->pid] = count(); }", True),
        ("t:sched:sched_wakeup { @[args->pid, args.comm] = count(); }", False),
        ("t:irq:softirq_entry { @[args->vec] = count(); }", False),
        ("t:raw_syscalls:sys_enter { @[pid, comm] = count(); }", False),
        ("t:signal:signal_generate { @[pid] = count(); }", False),
    ],
)
def test_who_is_on_the_cpu_in_an_interrupt_may_be_a_bystander(text: str, said: bool) -> None:
    found = {badge.code for badge in prepare(read(text)).badges}
    assert ("interrupted" in found) is said


@pytest.mark.parametrize("text", ["// not __bt_ at all\nk:f { @ = count(); }", 'k:f { @["__bt_"] = count(); }'])
def test_bttops_prefix_in_a_comment_or_a_text_is_no_name(text: str) -> None:
    one = prepared(text)
    assert one.is_edited
    assert codes(one) == []


def test_a_script_with_names_of_bttops_own_runs_as_it_is() -> None:
    one = prepared("k:f { @__bt_x = count(); }")
    assert not one.is_edited
    assert codes(one) == ["as-is", "shown-at-end"]


@pytest.mark.parametrize("function", ["min", "max"])
def test_where_an_empty_map_prints_zero_the_banks_of_a_value_without_a_key_have_one(function: str) -> None:
    text = f"k:f {{ @m = {function}(arg0); @k[pid] = {function}(arg0); @c = count(); @a = avg(arg0); }}"
    one = prepare(read(text), empty_is_zero=True)
    assert f"@__bt_a1[0] = {function}(" in one.text
    assert {name for name, plan in one.plan.maps.items() if plan.under_key} == {"@m"}
    assert not any(plan.under_key for plan in prepare(read(text)).plan.maps.values())


def test_an_iterator_runs_as_it_is_and_its_text_comes_as_it_is() -> None:
    text = 'iter:task { printf("%s\\n", ctx->task->comm); @n[ctx->task->comm] = count(); }'
    one = prepare(read(text))
    assert (one.text, one.plan.raw, one.plan.heartbeats, one.exits) == (text, True, (), True)
    assert one.plan.maps["@n"].is_state
    assert unedited(read(text)).plan == one.plan
    assert not prepare(read("k:f { @n = count(); }")).plan.raw
