from __future__ import annotations

import pytest

from bttop.script.language.reader import read
from bttop.script.process.pin import Pin
from bttop.script.process.self_exclusion import Exclusion
from bttop.script.rewrite.prepare import Prepared, prepare

OURS = Exclusion((7, 8), ("bpftrace",), 100)
CONDITION = 'pid != 7 && pid != 8 && (pid < 100 || comm != "bpftrace")'
OF_NEXT = 'args->next_pid != 7 && args->next_pid != 8 && args->next_comm != "bpftrace"'
BLOCK = "{ @[pid] = count(); }"


def without(text: str, exclusion: Exclusion = OURS, pin: Pin | None = None) -> Prepared:
    return prepare(read(text), exclude=exclusion, pin=pin)


def test_a_probe_in_the_context_of_the_process_passes_over_those_left_out() -> None:
    one = without(f"t:raw_syscalls:sys_enter {BLOCK}")
    assert one.text.startswith(f"t:raw_syscalls:sys_enter  /{CONDITION}/ {{")
    assert one.itself == "left out, in the kernel"


def test_the_scripts_own_condition_is_asked_first_and_as_a_comparison() -> None:
    one = without(f"t:raw_syscalls:sys_enter /$1 == 0 || pid == $1/ {BLOCK}")
    assert one.text.startswith(f"t:raw_syscalls:sys_enter /(($1 == 0 || pid == $1) != 0) && ({CONDITION})/ {{")


def test_no_line_moves() -> None:
    text = f't:raw_syscalls:sys_enter\n/comm == "a" // b\n/\n{BLOCK}\nuprobe:/a:f {BLOCK}\n'
    one = without(text)
    assert [line.partition(" /")[0] for line in one.text.splitlines()][4].startswith("uprobe:/a:f")
    assert one.original_position(2, 3) == (2, 2)


@pytest.mark.parametrize(
    ("exclusion", "condition"),
    [
        (Exclusion((7,)), "pid != 7"),
        (Exclusion(comms=("bpftrace",)), 'comm != "bpftrace"'),
        (Exclusion(comms=("a", "b")), 'comm != "a" && comm != "b"'),
        (Exclusion(comms=("a", "b"), since=5), '(pid < 5 || (comm != "a" && comm != "b"))'),
        (Exclusion((7,), ('a"b',)), 'pid != 7 && comm != "a\\"b"'),
        (Exclusion(since=5), ""),
    ],
)
def test_the_condition(exclusion: Exclusion, condition: str) -> None:
    assert exclusion.condition == condition


@pytest.mark.parametrize("pin", [Pin(pids=(7,)), Pin(comm="bpftrace"), Pin(cgroups=("/x",))])
def test_a_pin_holds_alone_also_when_it_names_what_is_left_out(pin: Pin) -> None:
    one = without(f"uprobe:/a:f {BLOCK}", pin=pin)
    assert f"/{pin.condition}/" in one.text
    assert "pid != 7" not in one.text


@pytest.mark.parametrize(
    "text",
    [
        "t:block:block_rq_issue { @[pid] = count(); }",
        "t:irq:softirq_entry { @ = count(); }",
        "BEGIN { @x = 1; }",
        # What leaves the CPU tells when the next one came.
        "t:sched:sched_switch { $s = @s[cpu]; @s[cpu] = nsecs; @r = hist(nsecs - $s); }",
        "t:sched:sched_switch { $s = @s[args->next_pid]; @s[args->prev_pid] = nsecs; @off = hist(nsecs - $s); }",
        # The owner of a socket is looked up in a timer.
        "t:sock:sock_send_length { @o[args->sk] = pid; } t:tcp:tcp_retransmit_skb { @r[@o[args->skaddr]] = count(); }",
    ],
)
def test_what_others_events_need_is_left_as_it_is(text: str) -> None:
    one = without(text)
    assert "pid != 7" not in one.text
    assert one.itself != "left out, in the kernel" or text.startswith("BEGIN")


def test_a_pair_of_probes_in_the_process_itself_is_left_out_as_a_pair() -> None:
    one = without("u:/a:f { @s[tid] = nsecs; } ur:/a:f /@s[tid]/ { @t = hist(nsecs - @s[tid]); delete(@s[tid]); }")
    assert one.text.count("pid != 7") == 2


def test_beside_a_probe_of_another_context_only_what_keeps_nothing_is_left_out() -> None:
    one = without("u:/a:f { @s[tid] = nsecs; } u:/a:g { @n = count(); } t:irq:x { @s[1] = 2; @i = count(); }")
    assert one.text.count("pid != 7") == 1
    assert one.itself.startswith("left out in part")


def test_what_keeps_a_state_for_others_shows_nothing_of_those_left_out_by_that() -> None:
    one = without("u:/a:f { @s[tid] = nsecs; } u:/a:g { @n = count(); } t:irq:x { @s[1] = 2; }")
    assert one.itself == "left out, in the kernel"


NOTED = "t:sock:send { @o[args->sk] = pid; @c[args->sk] = comm; } "
BY_OWNER = '@o[args->skaddr] != 7 && @o[args->skaddr] != 8 && @c[args->skaddr] != "bpftrace"'


def test_whom_a_map_has_noted_before_is_passed_over_where_a_key_names_it() -> None:
    one = without(f"{NOTED} t:tcp:retransmit {{ @r[@o[args->skaddr], @c[args->skaddr]] = count(); }}")
    assert f" if ({BY_OWNER}) {{ if (@__bt_n & 1) {{" in one.text
    assert one.itself == "left out, in the kernel"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "t:tcp:x { @p[args->skaddr] = count(); }",
        "t:tcp:x { @n++; }",
        't:tcp:x { printf("%d", 1); }',
        "t:tcp:x { @q[@o[args->skaddr]] = count(); }",
    ],
)
def test_what_names_nobody_beside_it_is_said(elsewhere: str) -> None:
    one = without(f"{NOTED} t:tcp:retransmit {{ @r[@o[args->skaddr], @c[args->skaddr]] = count(); }} {elsewhere}")
    assert one.itself.startswith("left out in part")


@pytest.mark.parametrize(
    "noting",
    [
        "@o[args->sk] = tid;",
        "@o[args->sk] = pid + 1;",
        "@o[args->sk] = pid; @o[args->skaddr] = 3;",
        "@o[args->sk] = pid; @o[args->sk]++;",
        "@o[args->sk] = comm; @o[args->sk] = pid;",
    ],
)
def test_a_map_that_holds_anything_else_names_nobody(noting: str) -> None:
    one = without(f"t:sock:send {{ {noting} }} t:tcp:retransmit {{ @r[@o[args->skaddr]] = count(); }}")
    assert "!= 7" not in one.text


def test_a_name_alone_is_no_process() -> None:
    one = without(f"{NOTED} t:tcp:retransmit {{ @r[@c[args->skaddr]] = count(); }}")
    assert "!= 7" not in one.text


def test_nobody_is_left_out_unless_asked() -> None:
    one = prepare(read(f"uprobe:/a:f {BLOCK}"))
    assert "pid !=" not in one.text
    assert one.itself == ""


@pytest.mark.parametrize(
    ("statement", "guard"),
    [
        ("@out[pid, comm] = count();", CONDITION),
        (
            "@in[args->next_comm] = count();",
            'args->next_pid != 7 && args->next_pid != 8 && args->next_comm != "bpftrace"',
        ),
        ("@in[args.next_pid] = count();", 'args.next_pid != 7 && args.next_pid != 8 && args.next_comm != "bpftrace"'),
    ],
)
def test_at_a_switch_each_statement_passes_over_whom_its_keys_name(statement: str, guard: str) -> None:
    one = without(f"t:sched:sched_switch {{ @last[cpu] = nsecs; {statement} @all = count(); }}")
    assert f" if ({guard}) {{ if (@__bt_n & 1) {{" in one.text
    assert one.text.count("!= 7") == 1
    assert one.itself.startswith("left out in part")


def test_statements_about_different_ones_do_not_share_a_guard() -> None:
    one = without("t:sched:sched_switch { @o[pid] = count(); @i[args->next_pid] = count(); @l[cpu] = nsecs; }")
    assert one.text.count("if (@__bt_n & 1)") == 3  # two statements and the interval
    assert one.original_position(1, 10_000) == (1, 91)
