from __future__ import annotations

import pytest

from bttop.model.plan import Column
from bttop.script.front_matter.front_matter import FrontMatter, read_front_matter
from bttop.script.language.reader import Script, read
from bttop.script.rewrite.prepare import prepare, unedited
from bttop.script.rewrite.suggestions import Suggestion


def offered(text: str, **options: object) -> tuple[Suggestion, ...]:
    return prepare(read(text), **options).suggestions  # type: ignore[arg-type]


def the_suggestion(text: str, **options: object) -> Suggestion:
    (one,) = offered(text, **options)
    assert isinstance(read(one.rewritten), Script)
    return one


@pytest.mark.parametrize(
    ("written", "better"),
    [
        ("/args->prev_pid == 18421/", "/pid == 18421/"),
        ("/args->prev_pid==$1/", "/pid==$1/"),
        ("/18421 != args.prev_pid && args->prev_state/", "/18421 != pid && args->prev_state/"),
    ],
)
def test_a_thread_id_that_is_compared_with_a_process_id_is_offered_as_pid(written: str, better: str) -> None:
    one = the_suggestion(f"t:sched:sched_switch {written} {{ @[args->next_comm] = count(); }}")
    assert one.code == "thread-id"
    assert one.rewritten == f"t:sched:sched_switch {better} {{ @[args->next_comm] = count(); }}"


@pytest.mark.parametrize(
    "probe",
    [
        "t:sched:sched_pi_setprio /args->next_pid == 5/",
        "t:sched:sched_switch /args->next_pid == 5 || args->next_pid == 6/",
        "t:sched:sched_pi_setprio /args->prev_pid == 5/",
        "t:sched:sched_switch /args->prev_pid != 0/",
        "t:sched:sched_switch /args->prev_pid == @x/",
    ],
)
def test_where_pid_would_say_something_else_it_is_not_offered(probe: str) -> None:
    assert offered(f"{probe} {{ @ = count(); }}") == ()


def test_the_next_thread_is_offered_to_be_looked_up_among_those_of_the_process() -> None:
    one = the_suggestion("t:sched:sched_switch /args->next_pid == 18421/ { @[comm] = count(); }")
    assert one.code == "thread-id"
    assert one.rewritten.splitlines() == [
        "t:sched:sched_switch /@threads[(uint64)args->next_pid] == 1/ { @[comm] = count(); }",
        "tracepoint:sched:sched_switch /pid == 18421/ { @threads[(uint64)tid] = 1; }",
        "tracepoint:task:task_newtask /pid == 18421 && (args->clone_flags & 65536) != 0/ "
        "{ @threads[(uint64)args->pid] = 1; }",
        "tracepoint:sched:sched_process_free /@threads[(uint64)args->pid] == 1/ "
        "{ delete(@threads[(uint64)args->pid]); }",
    ]
    assert [use.aggregation for use in prepare(read(one.rewritten)).plan.maps.values()] == ["count"]


@pytest.mark.parametrize(
    ("written", "better"),
    [
        ("/$1 != args.next_pid/", "/1 != @threads[(uint64)args.next_pid]/"),
        ("/args->next_pid==7 && pid == 9/", "/@threads[(uint64)args->next_pid]==1 && pid == 9/"),
    ],
)
def test_the_rest_of_the_comparison_stays_as_it_is(written: str, better: str) -> None:
    assert the_suggestion(f"t:sched:sched_switch {written} {{ @ = count(); }}").rewritten.splitlines()[0].split(" {")[
        0
    ] == (f"t:sched:sched_switch {better}")


def test_the_threads_get_a_map_that_the_script_does_not_have() -> None:
    one = the_suggestion("t:sched:sched_switch /args->next_pid == 5/ { @threads = count(); @threads2 = count(); }")
    assert "/@threads3[" in one.rewritten


def test_all_system_calls_are_offered_as_one_probe_with_their_names() -> None:
    one = the_suggestion("tracepoint:syscalls:sys_enter_* { @[probe] = count(); }")
    assert one.code == "one-probe"
    assert "18 s" in one.explanation
    assert one.rewritten.endswith("\n\ntracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }\n")
    front = read_front_matter(one.rewritten)
    assert isinstance(front, FrontMatter)
    (column,) = prepare(read(one.rewritten), front=front).plan.maps["@"].columns
    assert column == Column("syscall", "int", "syscall")


def test_the_rest_of_the_script_stays_in_the_offer_of_one_probe() -> None:
    one = the_suggestion("// mine\nt:syscalls:sys_exit_* /pid == 5/ { @a[comm, probe] = count(); }\nEND { clear(@a); }")
    assert one.rewritten.endswith(
        "// mine\ntracepoint:raw_syscalls:sys_exit /pid == 5/ { @a[comm, args->id] = count(); }\nEND { clear(@a); }\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "t:syscalls:sys_enter_* { @[args->count] = count(); }",
        't:syscalls:sys_enter_* { printf("%s", probe); @[probe] = count(); }',
        "t:syscalls:sys_enter_*, k:f { @[probe] = count(); }",
        "t:syscalls:sys_enter_* { @[probe] = count(); } k:f { @[probe] = count(); }",
        "t:syscalls:sys_enter_*at { @[probe] = count(); }",
        't:syscalls:sys_enter_* { @[strncmp(probe, "x", 1)] = count(); }',
    ],
)
def test_where_a_number_cannot_take_the_probes_place_it_is_not_offered(text: str) -> None:
    assert offered(text) == ()


def test_without_probe_in_a_key_only_the_attach_point_changes() -> None:
    one = the_suggestion("t:syscalls:sys_enter_* { @[comm] = count(); }")
    assert one.rewritten == "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }"


def test_print_and_clear_are_offered_to_be_left_to_bttop() -> None:
    one = the_suggestion("t:tcp:tcp_retransmit_skb { @[comm] = count(); } interval:s:10 { print(@); clear(@); }")
    assert one.code == "exact"
    assert one.rewritten == "t:tcp:tcp_retransmit_skb { @[comm] = count(); }\n"
    assert prepare(read(one.rewritten)).plan.maps["@"].scheme == "bank"


@pytest.mark.parametrize(
    "block",
    [
        "{ print(@); }",
        "{ print(@, 10); time(); clear(@); }",
        "{ if (1) { print(@); clear(@); } }",
        "/@go/ { print(@); clear(@); }",
        "{ clear(@); print(@); }",
        "{ print(@); clear(@); @go = 1; }",
    ],
)
def test_an_interval_that_does_more_than_print_and_clear_is_left_alone(block: str) -> None:
    assert offered(f"k:f {{ @ = count(); }} interval:s:10 {block}") == ()


def test_increments_that_stay_are_offered_as_counts() -> None:
    text = "k:f { @m[comm]++; ++@n; @s += arg2; }"
    assert offered(text) == ()
    [one] = unedited(read(text)).suggestions
    assert one.code == "count"
    assert one.rewritten == "k:f { @m[comm] = count(); @n = count(); @s = sum( arg2); }"


def test_increments_of_a_script_that_prints_by_itself_lose_updates_and_are_offered_as_counts() -> None:
    one = prepare(read("k:f { @m[comm]++; } i:s:1 { print(@m); }"))
    assert [badge.code for badge in one.badges] == ["loses-updates"]
    assert [suggestion.code for suggestion in one.suggestions] == ["count"]


@pytest.mark.parametrize(
    "text", ["k:f { @m++; if (@m > 5) { } }", "k:f { @m++; delete(@m); }", "k:f { @m = count(); }"]
)
def test_counters_that_are_read_and_counts_are_left_alone(text: str) -> None:
    assert unedited(read(text)).suggestions == ()


def test_a_script_that_runs_as_it_is_has_offers_too() -> None:
    assert [one.code for one in unedited(read("k:f { @m++; }")).suggestions] == ["count"]


@pytest.mark.parametrize(
    ("probe", "raw"),
    [
        ("tracepoint:block:block_rq_complete { @ = count(); }", "rawtracepoint:block_rq_complete { @ = count(); }"),
        (
            "t:tcp:tcp_retransmit_skb { @[kstack] = count(); }",
            "rawtracepoint:tcp_retransmit_skb { @[kstack] = count(); }",
        ),
        ("t:sched:sched_switch /pid == 5/ { @ = count(); }", "rawtracepoint:sched_switch /pid == 5/ { @ = count(); }"),
    ],
)
def test_a_tracepoint_that_may_be_skipped_is_offered_as_a_raw_one(probe: str, raw: str) -> None:
    assert offered(probe) == (), "not on every release"
    one = the_suggestion(probe, raw_tracepoints=True)
    assert (one.code, one.rewritten) == ("raw", raw)


@pytest.mark.parametrize(
    ("written", "raw"),
    [
        (
            "t:raw_syscalls:sys_enter { @[args->id] = count(); }",
            "rawtracepoint:sys_enter { @[(int64)arg1] = count(); }",
        ),
        (
            "t:raw_syscalls:sys_exit /args.ret < 0/ { @[comm] = min(args.ret); }",
            "rawtracepoint:sys_exit /(int64)arg1 < 0/ { @[comm] = min((int64)arg1); }",
        ),
        (
            "t:sched:sched_switch { @[args->next_comm] = count(); }",
            "rawtracepoint:sched_switch { @[((struct task_struct *)arg2)->comm] = count(); }",
        ),
        (
            "t:sched:sched_wakeup { @[args->pid, args->comm] = count(); }",
            "rawtracepoint:sched_wakeup { @[((struct task_struct *)arg0)->pid, "
            "((struct task_struct *)arg0)->comm] = count(); }",
        ),
    ],
)
def test_fields_are_taken_from_the_raw_arguments_and_columns_keep_their_titles(written: str, raw: str) -> None:
    one = the_suggestion(written, raw_tracepoints=True)
    assert one.rewritten.endswith(f"\n\n{raw}\n")
    front = read_front_matter(one.rewritten)
    assert isinstance(front, FrontMatter)
    before, after = prepare(read(written)).plan.maps["@"], prepare(read(one.rewritten), front=front).plan.maps["@"]
    assert [column.decoder for column in after.columns] == [column.decoder for column in before.columns]
    assert all(column.title for column in after.columns)


@pytest.mark.parametrize(
    "text",
    [
        "t:syscalls:sys_enter_openat { @ = count(); }",
        "t:raw_syscalls:sys_enter { @[args->args[0]] = count(); }",
        "t:raw_syscalls:sys_exit { @[args->id] = count(); }",
        "t:raw_syscalls:* { @ = count(); }",
        "t:raw_syscalls:sys_enter { @[probe] = count(); }",
        "t:block:block_rq_issue { @[args->rwbs] = count(); }",
        "t:sched:sched_process_exec { @ = count(); }",
        "rawtracepoint:sys_enter { @ = count(); }",
        "k:vfs_read { @ = count(); }",
        "profile:hz:99 { @ = count(); }",
    ],
)
def test_what_has_no_raw_form_that_is_known_is_not_offered_in_one(text: str) -> None:
    assert [one.code for one in offered(text, raw_tracepoints=True) if one.code == "raw"] == []
