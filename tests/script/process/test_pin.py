from __future__ import annotations

import pytest

from bttop.script.language.probe_context import context_of, context_of_probe
from bttop.script.language.reader import Script, read
from bttop.script.process.pin import NO_PROCESS, Pin
from bttop.script.rewrite.prepare import Prepared, prepare, unedited

BLOCK = '{ printf("x"); }'


def pinned(text: str, pin: Pin | None = None, **options: object) -> Prepared:
    return prepare(read(text), pin=pin or Pin(pids=(7,)), **options)  # type: ignore[arg-type]


def first_line(one: Prepared) -> str:
    return one.text.partition("\n")[0]


def codes(one: Prepared) -> list[str]:
    return [badge.code for badge in one.badges]


@pytest.mark.parametrize(
    ("pin", "condition"),
    [
        (Pin(pids=(7,)), "pid == 7"),
        (Pin(pids=(7, 8)), "pid == 7 || pid == 8"),
        (Pin(comm="java"), 'comm == "java"'),
        (Pin(comm='a"b\\c'), 'comm == "a\\"b\\\\c"'),
        (Pin(comm="a-very-long-thread-name"), 'comm == "a-very-long-thr"'),
        (Pin(comm="\udcffa"), 'comm == "\\xffa"'),
        (Pin(comm="é" * 8), 'comm == "ééééééé\\xc3"'),
        (Pin(cgroups=("/sys/fs/cgroup/x",)), 'cgroup == cgroupid("/sys/fs/cgroup/x")'),
        (Pin(cgroups=("/x", "/x/y")), 'cgroup == cgroupid("/x") || cgroup == cgroupid("/x/y")'),
        (Pin(pids=(7, 8), comm="x"), '(pid == 7 || pid == 8) && (comm == "x")'),
    ],
)
def test_a_probe_without_predicate_gets_the_condition(pin: Pin, condition: str) -> None:
    assert first_line(pinned(f"uprobe:/bin/a:f{BLOCK}", pin)) == f"uprobe:/bin/a:f /{condition}/ {BLOCK}"


def test_an_existing_predicate_is_joined_as_a_comparison() -> None:
    one = pinned(f"uprobe:/a:f /@p[tid] || 4 / 2 // no\n/ {BLOCK}")
    assert one.text.startswith(f"uprobe:/a:f /(pid == 7) && ((@p[tid] || 4 / 2 // no\n) != 0)/ {BLOCK}")


@pytest.mark.parametrize("point", ["BEGIN", "END", "interval:s:1", "i:ms:5"])
def test_what_belongs_to_no_process_is_never_restricted(point: str) -> None:
    one = pinned(f"{point} {{ @x = 1; }} uprobe:/a:f {BLOCK}")
    assert one.text.startswith(f"{point} {{ @x = 1; ")
    assert f"}} uprobe:/a:f  /pid == 7/ {BLOCK}" in one.text
    assert one.text.count("pid ==") == 1
    assert codes(one) == []


@pytest.mark.parametrize(
    ("point", "context"),
    [
        ("tracepoint:raw_syscalls:sys_enter", "exact"),
        ("t:syscalls:sys_enter_*", "exact"),
        ("tracepoint:sched:sched_switch", "exact"),
        ("rawtracepoint:sched_switch", "exact"),
        ("uprobe:/a:f", "exact"),
        ("usdt:/a:p:f", "exact"),
        ("profile:hz:99", "exact"),
        ("software:faults:1", "exact"),
        ("kprobe:vfs_read", "exact"),
        ("fentry:vmlinux:vfs_read", "exact"),
        ("kprobe:do_sys_openat2", "exact"),
        ("kprobe:tcp_sendmsg", "exact"),
        ("tracepoint:tcp:tcp_rcv_space_adjust", "exact"),
        ("kprobe:tcp_retransmit_skb", "inexact"),
        ("tracepoint:tcp:tcp_retransmit_skb", "inexact"),
        ("tracepoint:sched:sched_wakeup", "inexact"),
        ("tracepoint:block:block_rq_issue", "inexact"),
        ("tracepoint:block:block_rq_complete", "foreign"),
        ("rawtracepoint:block_rq_complete", "foreign"),
        ("rawtracepoint:vmlinux:block_rq_complete", "foreign"),
        ("rawtracepoint:softirq_entry", "foreign"),
        ("rawtracepoint:block_rq_issue", "inexact"),
        ("rawtracepoint:vmlinux:sys_enter", "exact"),
        ("rawtracepoint:sock_send_length", "exact"),
        ("rawtracepoint:tcp_retransmit_skb", "inexact"),
        ("tracepoint:irq:softirq_entry", "foreign"),
        ("tracepoint:timer:hrtimer_expire_entry", "foreign"),
        ("BEGIN", "none"),
        ("interval:s:1", "none"),
    ],
)
def test_each_attach_point_has_its_context(point: str, context: str) -> None:
    script = read(f"{point} {BLOCK}")
    assert isinstance(script, Script)
    assert context_of(script.points[0]) == context


def test_the_worst_attach_point_decides_for_its_probe() -> None:
    script = read(f"t:raw_syscalls:sys_enter, t:sched:sched_wakeup {BLOCK} BEGIN, uprobe:/a:f {BLOCK}")
    assert isinstance(script, Script)
    assert [context_of_probe(probe) for probe in script.probes] == ["inexact", "none"]


def test_an_inexact_probe_is_restricted_with_a_badge() -> None:
    one = pinned(f"t:sched:sched_wakeup {BLOCK}")
    assert "/pid == 7/" in one.text
    assert codes(one) == ["pin-inexact"]
    assert "t:sched:sched_wakeup" in one.badges[0].explanation


def test_a_foreign_probe_is_not_restricted_and_says_so() -> None:
    one = pinned(f"t:irq:softirq_entry {BLOCK}")
    assert "pid" not in one.text
    assert codes(one) == ["unpinned"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('iter:task { printf("%d", ctx->task->tgid); }', ["unpinned"]),
        ('iter:task { if (ctx->task->tgid == $1) { printf("x"); } }', []),
        ("interval:ms:10 { @[comm] = count(); }", ["unpinned"]),
        ("interval:ms:10 /pid == $1/ { @ = count(); }", []),
        ("interval:s:1 { @ticks = count(); } uprobe:/a:f { @ = count(); }", []),
        ("BEGIN { @me = pid; } uprobe:/a:f { @ = count(); }", []),
    ],
)
def test_a_probe_without_a_process_that_shows_processes_is_not_pinned(text: str, found: list[str]) -> None:
    one = pinned(text)
    assert codes(one) == found
    assert one.args == (("7",) if "$1" in text else ())


def test_the_next_side_of_a_switch_is_not_exact() -> None:
    assert codes(pinned("t:sched:sched_switch { @[args->next_comm] = count(); }")) == ["pin-inexact"]
    assert codes(pinned("t:sched:sched_switch { @[args->prev_comm] = count(); }")) == []


@pytest.mark.parametrize(
    "predicate",
    [
        "$1 == 0 || pid == $1",
        "$1 == pid",
        "(uint64)$1 == (uint64)pid",
        "pid == (uint64)$1",
    ],
)
def test_a_script_that_compares_a_pid_with_its_parameter_takes_the_pin_there(predicate: str) -> None:
    one = pinned(f"t:tcp:tcp_retransmit_skb /{predicate}/ {BLOCK}")
    assert one.args == ("7",)
    assert first_line(one) == f"t:tcp:tcp_retransmit_skb /{predicate}/ {BLOCK}"
    assert codes(one) == []


@pytest.mark.parametrize("predicate", ["arg0 > $1", "arg0 == $1", "pid == 5 && arg0 == $1", "$1 == arg0 && pid"])
def test_another_parameter_is_not_taken_for_the_pin(predicate: str) -> None:
    script = read(f"kprobe:vfs_read /{predicate}/ {BLOCK}")
    assert isinstance(script, Script)
    one = prepare(script, pin=Pin(pids=(7,)))
    assert one.args == ("0",)
    assert "(pid == 7)" in one.text


@pytest.mark.parametrize("pin", [Pin(comm="java"), Pin(pids=(1,), cgroups=("/x",)), Pin(comm="x", children=True)])
def test_what_a_parameter_cannot_hold_widens_the_comparison_where_that_is_exact(pin: Pin) -> None:
    one = pinned(f"k:vfs_read /$1 == 0 || pid == $1/ {BLOCK}", pin)
    assert one.args == (str(NO_PROCESS),)
    assert first_line(one) == f"k:vfs_read /$1 == 0 || (pid == $1 || ({pin.condition}))/ {BLOCK}"
    assert ("task_newtask" in one.text) == pin.children
    assert codes(one) == []


@pytest.mark.parametrize(
    "text",
    [
        f"t:tcp:tcp_probe /$1 == 0 || pid == $1/ {BLOCK}",
        f"k:vfs_read {{ @pid[1] = pid; }} k:vfs_write /$1 == 0 || @pid[1] == $1/ {BLOCK}",
        "rawtracepoint:sched_switch { $to = (struct task_struct *)arg2; if ($to->tgid == $1) { @ = count(); } }",
        f"BEGIN {{ @watched[$1] = 1; }} k:vfs_read /@watched[pid]/ {BLOCK}",
    ],
)
def test_what_a_parameter_cannot_hold_is_not_pinned_elsewhere(text: str) -> None:
    one = pinned(text, Pin(comm="java"))
    assert codes(one)[0] == "unpinned"
    assert one.args == ("0",)
    assert "comm ==" not in one.text


@pytest.mark.parametrize(("operator", "tail"), [("==", ' || (comm == "x")'), ("!=", ' && !((comm == "x"))')])
def test_a_condition_widens_only_comparisons_with_the_current_process(operator: str, tail: str) -> None:
    text = f"t:syscalls:sys_enter_kill /pid {operator} $1 && args->pid {operator} $1/ {BLOCK}"
    wanted = f"t:syscalls:sys_enter_kill /(pid {operator} $1{tail}) && args->pid {operator} $1/ {BLOCK}"
    assert first_line(pinned(text, Pin(comm="x"))) == wanted


CHILD = "@__bt_kids[(uint64){}] == 1"


def test_children_are_followed_by_two_probes_behind_the_scripts_last_line() -> None:
    one = pinned(f"uprobe:/bin/a:f {BLOCK}", Pin((7, 8), children=True))
    condition = f"(pid == 7 || pid == 8) || {CHILD.format('pid')}"
    assert first_line(one) == f"uprobe:/bin/a:f  /{condition}/ {BLOCK}"
    assert one.text.split("\n")[1] == (
        f"tracepoint:task:task_newtask /(args->clone_flags & 65536) == 0 && ({condition})/ "
        "{ @__bt_kids[(uint64)args->pid] = 1; } "
        f"tracepoint:sched:sched_process_free /{CHILD.format('args->pid')}/ "
        "{ delete(@__bt_kids[(uint64)args->pid]); }"
    )
    assert "print(@__bt_kids" not in one.text
    assert [point.text for point in one.attach_points] == ["uprobe:/bin/a:f"]


def test_children_of_whatever_is_pinned_are_followed() -> None:
    one = pinned(f"uprobe:/bin/a:f /arg0/ {BLOCK}\n", Pin((7,), comm="x", children=True))
    assert first_line(one).startswith('uprobe:/bin/a:f /(((pid == 7) && (comm == "x")) || @__bt_kids')
    assert first_line(one).endswith(f" == 1) && ((arg0) != 0)/ {BLOCK}")


@pytest.mark.parametrize("pin", [Pin(children=True), Pin((7,))])
def test_without_anything_to_follow_nothing_is_appended(pin: Pin) -> None:
    assert "__bt_kids" not in pinned(f"uprobe:/bin/a:f {BLOCK}", pin).text


def test_where_nothing_can_be_pinned_nothing_is_followed() -> None:
    assert "__bt_kids" not in pinned(f"t:irq:softirq_entry {BLOCK}", Pin((7,), children=True)).text


@pytest.mark.parametrize(
    ("written", "widened"),
    [
        ("pid == $1", "(pid == $1 || pid == 8 || KID(pid))"),
        ("$1 == 0 || pid == $1", "$1 == 0 || (pid == $1 || pid == 8 || KID(pid))"),
        ("arg0 && ($1 == pid)", "arg0 && (($1 == pid || pid == 8 || KID(pid)))"),
        ("pid != $1 && arg0", "(pid != $1 && !(pid == 8) && !(KID(pid))) && arg0"),
        ("(uint64)$1 == (uint64)tid", "((uint64)$1 == (uint64)tid || ((uint64)tid) == 8 || KID(((uint64)tid)))"),
        ("@owner[args->sk, 1] == ($1)", "(@owner[args->sk, 1] == ($1) || X == 8 || KID(X))"),
        ("args->a_pid /* x */ == $1", "(args->a_pid /* x */ == $1 || (args->a_pid) == 8 || KID((args->a_pid)))"),
    ],
)
def test_several_processes_widen_the_comparison_with_the_parameter(written: str, widened: str) -> None:
    text = f"t:tcp:tcp_probe /{written}/ {BLOCK} k:tcp_sendmsg {{ @owner[arg0, 1] = pid; }}"
    one = pinned(text, Pin((7, 8), children=True))
    for operand in ("pid", "((uint64)tid)", "X", "(args->a_pid)"):
        widened = widened.replace(f"KID({operand})", CHILD.format(operand))
    wanted = widened.replace("X", "(@owner[args->sk,1])")
    assert first_line(one).startswith(f"t:tcp:tcp_probe /{wanted}/ {BLOCK}")
    assert one.args == ("7",)
    assert "unpinned" not in codes(one)
    assert isinstance(read(one.text), Script)


def test_a_comparison_inside_a_counted_statement_stays_inside_its_variable() -> None:
    one = pinned("k:vfs_read { @x[pid == $1] = count(); }", Pin((7, 8)))
    assert "= (pid == $1 || pid == 8);" in first_line(one)


@pytest.mark.parametrize("other", ["@x[$1] = 1;", "f($1) == pid;", "$x = $1;", "if ($1) { }", "if (arg0 == $1) { }"])
def test_other_uses_of_the_parameter_hold_the_first_process(other: str) -> None:
    one = pinned(f"k:vfs_read /pid == $1/ {{ {other} }}", Pin((7, 8)))
    assert one.args == ("7",)
    assert first_line(one) == f"k:vfs_read /(pid == $1 || pid == 8)/ {{ {other} }}"


def test_a_parameter_that_is_a_key_stands_for_one_process() -> None:
    text = f"BEGIN {{ @watched[$1] = 1; }} k:vfs_read /@watched[pid]/ {BLOCK}"
    assert (pinned(text).args, codes(pinned(text))) == (("7",), [])
    assert (pinned(text, Pin((7, 8))).args, codes(pinned(text, Pin((7, 8))))) == (("7",), ["pin-inexact"])


@pytest.mark.parametrize("pin", [Pin((7, 8)), Pin((7,), children=True)])
def test_a_script_that_runs_as_it_is_shows_everything_when_its_parameter_holds_too_little(pin: Pin) -> None:
    one = unedited(read(f"k:vfs_read /$1 == 0 || pid == $1/ {BLOCK}"), pin=pin)
    assert one.args == ("0",)
    assert codes(one) == ["as-is", "unpinned"]


def test_parameters_given_by_the_user_are_kept() -> None:
    one = pinned(f"k:vfs_read /pid == $1/ {BLOCK}", args=("9", "x"))
    assert one.args == ("9", "x")
    assert "(pid == 7)" in one.text


@pytest.mark.parametrize("text", ["k:f /comm == str($1)/ { }", "interval:s:$1 { }", "k:f { }"])
def test_a_parameter_that_is_no_number_is_not_made_up(text: str) -> None:
    assert prepare(read(text)).args == ()


def test_a_script_that_counts_its_parameters_gets_none_that_nobody_gave() -> None:
    text = f'k:f {{ if ($# > 0 && pid != $1) {{ return; }} printf("x"); }} BEGIN {BLOCK}'
    assert prepare(read(text)).args == ()
    assert pinned(text).args == ("7",)


def test_without_a_pin_a_numeric_parameter_is_zero() -> None:
    assert prepare(read(f"k:f /$1 == 0 || pid == $1/ {BLOCK}")).args == ("0",)


@pytest.mark.parametrize(
    ("predicate", "field"),
    [
        ("args->prev_pid == 18421", "prev_pid"),
        ("args->prev_pid==18421", "prev_pid"),
        ("18421 == args->next_pid", "next_pid"),
        ("args.next_pid != 18421", "next_pid"),
        ("args->prev_pid == $1", "prev_pid"),
    ],
)
def test_comparing_a_thread_id_with_a_process_id_is_pointed_out(predicate: str, field: str) -> None:
    one = prepare(read(f"t:sched:sched_switch\n/{predicate}/ {BLOCK}"))
    assert codes(one)[0] == "thread-id"
    assert one.badges[0].text == f"{field} is a thread id"
    assert one.badges[0].explanation.startswith("Line 2 compares")


@pytest.mark.parametrize("predicate", ["args->prev_pid != 0", "args->prev_pid == @x", "args->prev_prio == 5"])
def test_other_comparisons_are_not_pointed_out(predicate: str) -> None:
    assert codes(prepare(read(f"t:sched:sched_switch /{predicate}/ {BLOCK}"))) == []


def test_a_script_that_runs_as_it_is_says_that_it_is_not_pinned() -> None:
    script = read(f"k:vfs_read {BLOCK}")
    assert codes(unedited(script, pin=Pin(pids=(7,)))) == ["as-is", "unpinned"]
    assert codes(unedited(script)) == ["as-is"]
    assert codes(prepare(read("k:f { print(1);"), pin=Pin(pids=(7,)))) == ["as-is", "unpinned"]


def test_a_script_that_runs_as_it_is_still_takes_the_pin_as_its_parameter() -> None:
    one = unedited(read(f"k:f /pid == $1/ {BLOCK}"), pin=Pin(pids=(7,)))
    assert one.args == ("7",)
    assert codes(one) == ["as-is"]


def test_an_empty_pin_changes_nothing() -> None:
    assert pinned(f"k:f {BLOCK}", Pin()).text == prepare(read(f"k:f {BLOCK}")).text
