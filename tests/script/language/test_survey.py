from __future__ import annotations

import pytest

from bttop.model.plan import Column
from bttop.script.language.reader import Script, read
from bttop.script.language.survey import MapUse, ScriptSurvey, survey


def surveyed(text: str) -> ScriptSurvey:
    script = read(text)
    assert isinstance(script, Script)
    return survey(script)


def in_block(statements: str) -> dict[str, MapUse]:
    return dict(surveyed(f"k:f {{ {statements} }}").maps)


@pytest.mark.parametrize(
    "call", ["count()", "sum(1)", "avg(1)", "min(1)", "max(1)", "stats(1)", "hist(1)", "lhist(1,0,9,1)"]
)
def test_a_map_that_is_only_assigned_from_one_aggregation_is_pure(call: str) -> None:
    use = in_block(f"@[pid] = {call};")["@"]
    assert use.pure
    assert use.aggregation == call.partition("(")[0]


@pytest.mark.parametrize(
    "more",
    [
        "if (@ > 5) { @x = 1; }",
        "@x[@] = count();",
        "delete(@[1]);",
        "delete(@, 1);",
        "$x = @;",
        "print(@[pid]);",
        "print((@, 1));",
        "for ($kv : @) { }",
        "@ = 5;",
        "@ = sum(1);",
        "@[pid] = count();",
        "@++;",
        "my_macro(@);",
        "@ = count() + 1;",
    ],
)
def test_a_map_that_is_used_otherwise_too_is_not_pure(more: str) -> None:
    assert not in_block(f"@ = count(); {more}")["@"].pure


@pytest.mark.parametrize("more", ["print(@);", "print(@, 5, 2);", "clear(@);", "zero(@);"])
def test_printing_and_clearing_are_no_reads(more: str) -> None:
    assert in_block(f"@ = count(); {more}")["@"].pure


@pytest.mark.parametrize("text", ["k:f /@x/ { @x = count(); }", "#define Y @x\nk:f { @x = count(); }"])
def test_a_map_in_a_predicate_or_preprocessor_line_is_read(text: str) -> None:
    assert not surveyed(text).maps["@x"].pure


def test_the_parameter_of_a_macro_is_no_map_of_the_script() -> None:
    assert "@p" not in surveyed("macro inc(@p) { @p++; } k:f { @x = count(); }").maps


def test_a_declared_map_is_known_as_declared() -> None:
    assert surveyed("let @m = lruhash(10); k:f { @m[pid] = count(); }").maps["@m"].declared


@pytest.mark.parametrize(
    ("statements", "aggregation"),
    [("@++;", "count"), ("++@;", "count"), ("@ += 2;", "sum"), ("@++; @ += arg0", "sum")],
)
def test_a_map_that_only_grows_is_counted(statements: str, aggregation: str) -> None:
    use = in_block(statements)["@"]
    assert use.only_counted
    assert use.aggregation == aggregation


@pytest.mark.parametrize(
    "statements", ["@++; $x = @;", "@--;", "@ -= 1;", "$x = @++;", "@++; delete(@);", "@++; @ = 0;"]
)
def test_a_counter_that_is_used_as_state_is_not_only_counted(statements: str) -> None:
    assert not in_block(statements)["@"].only_counted


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("pid", Column("pid", "int")),
        ("tid", Column("tid", "int")),
        ("arg1", Column("arg1", "int")),
        ("comm", Column("comm", "text")),
        ("args->count", Column("count")),
        ("args.next_comm", Column("next_comm")),
        ("ntop(args->daddr)", Column("daddr", "text")),
        ("ntop(args->family, args->daddr)", Column("daddr", "text")),
        ("str(args->filename)", Column("filename", "text")),
        ("str(args->filename, 64)", Column("filename", "text")),
        ("kstack", Column("kstack", "stack")),
        ("ustack(perf, 3)", Column("ustack", "stack", depth=3)),
        ("ksym(arg0)", Column("arg0", "text")),
        ('usym(reg("ip"))', Column("usym", "text")),
        ("(uint64)args->sk", Column("sk")),
        ("((struct sock *)arg0)->__sk_common.skc_dport", Column("skc_dport")),
        ("@start[tid]", Column("start")),
        ("$delta", Column("delta")),
        ("arg2 / 1024", Column("arg2/1024")),
        ('"read"', Column("key", "text")),
        ("1", Column("key", "int")),
        ("probe", Column("probe", "text")),
        ("cgroup", Column("cgroup", "int")),
    ],
)
def test_a_key_part_gives_its_column_title_and_kind(key: str, column: Column) -> None:
    assert in_block(f"@[{key}] = count();")["@"].keys.columns == (column,)


def test_titles_of_several_statements_are_joined() -> None:
    use = in_block("@[pid, args->a] = count(); @[pid, args->b] = count();")["@"]
    assert use.keys.columns == (Column("pid", "int"), Column("a/b"))


def test_equal_titles_are_told_apart() -> None:
    use = in_block("@[args->x, (int8)args->x, args->x] = count();")["@"]
    assert [column.title for column in use.keys.columns] == ["x", "x 2", "x 3"]


def test_a_tuple_key_has_the_columns_of_its_parts() -> None:
    assert in_block("@[(pid, comm)] = count();")["@"].arity == 2


def test_a_map_of_two_arities_is_no_aggregation() -> None:
    assert not in_block("@ = count(); @[pid] = count();")["@"].pure


def test_the_columns_of_process_and_thread_ids_are_known() -> None:
    keys = in_block("@[comm, tid, pid] = count();")["@"].keys
    assert (keys.pid, keys.tid) == ("pid", "tid")
    assert in_block("@[args->next_pid] = count();")["@"].keys.tid == "next_pid"


def test_a_system_call_number_has_its_decoder() -> None:
    use = surveyed("tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }").maps["@"]
    assert use.keys.columns == (Column("id", "int", "syscall"),)
    other = surveyed("tracepoint:a:b { @[args->id] = count(); }").maps["@"]
    assert other.keys.columns == (Column("id"),)


def test_facts_about_the_whole_script() -> None:
    seen = surveyed('k:f { @[ustack] = count(); exit(); } interval:s:$2 { printf("%d", args.usym); }')
    assert seen.user_stacks
    assert seen.exits
    assert seen.positional == {"$2"}
    assert seen.writing_probes == {1}


def test_a_field_is_no_builtin() -> None:
    seen = surveyed("k:f { @ = args->ustack; @x = $y.exit; }")
    assert not seen.user_stacks
    assert not seen.exits


@pytest.mark.parametrize(
    ("statements", "stack"),
    [
        ("@m[pid] = kstack;", Column("kstack", "stack")),
        ("@m[pid] = ustack(perf, 5); @m[1] = ustack(perf, 5);", Column("ustack", "stack", depth=5)),
        ("@m[pid] = kstack; @m[1] = ustack;", None),
        ("@m[pid] = kstack; @m[1] = 3;", None),
        ("@m[pid] = (kstack, 1);", None),
        ("@m[kstack] = count();", None),
    ],
)
def test_a_map_to_which_only_one_kind_of_stack_is_assigned_stores_stacks(statements: str, stack: Column | None) -> None:
    assert in_block(statements)["@m"].stack == stack
