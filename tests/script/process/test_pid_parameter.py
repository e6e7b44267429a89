"""Which comparisons make `$1` the pin."""

from __future__ import annotations

import pytest

from bttop.script.language.reader import Script, read
from bttop.script.process.pid_parameter import PidParameter
from bttop.script.process.pin import Pin, pid_parameters
from bttop.script.rewrite.prepare import Prepared, prepare, unedited

COUNT = "{ @ = count(); }"
OPENAT = "tracepoint:syscalls:sys_enter_openat"
SWITCH = "rawtracepoint:sched_switch"
TASK = "(struct task_struct *)"


def parameters(text: str) -> tuple[PidParameter, ...]:
    script = read(text)
    assert isinstance(script, Script), script
    return pid_parameters(script)


def prepared(text: str, pin: Pin | None = None, args: tuple[str, ...] = ()) -> Prepared:
    return prepare(read(text), pin=pin or Pin((7,)), args=args)


def codes(one: Prepared) -> list[str]:
    return [badge.code for badge in one.badges]


IN_PREDICATES = [
    "pid == $1",
    "$1 == pid",
    "pid != $1",
    "tid == $1",
    "($1 == 0 || pid == $1)",
    "pid == $1 || $1 == 0",
    "$1 && pid != $1",
    "!$1 || pid == $1",
    "!(pid == $1)",
    "(pid) == ($1)",
    "(uint64)pid == (uint64)$1",
    "(int32)$1 == pid",
    "$1 ? pid == $1 : 1",
    "$1 == 0 ? 1 : pid == $1",
    "pid == ($1 ? $1 : pid)",
    "($1 == 0 ? tid : $1) == tid",
    "(pid == $1) == 1",
    "arg0 & 7 && pid /* the process */ == $1",
    "args->flags & 1 || $1 == (uint64)pid // the pin\n",
    "curtask->tgid == $1",
    f"({TASK}curtask)->tgid == $1",
    f"({TASK}curtask)->real_parent->tgid == $1",
    f"((uint64)({TASK}arg0)->tgid) == $1",
    f"({TASK}arg0)->signal->pids[1]->numbers[0].nr == $1",
    "args.task->tgid == $1",
    "args.x.tgid == $1",
    "args->pid == $1",
    "(uint64)args->pid == $1",
    "args->common_pid == $1",
    "args->prev_pid == $1",
    "$1 != args.next_pid",
    "args->parent_pid == $1",
    "args->child_pid == $1",
    "args->old_pid == $1",
    "args->dst_tgid == $1",
    "args->upid == $1",
    "ppid == $1",
    "ppid() == $1",
    "pid(init) == $1",
    "ppid(curtask) == $1",
]

IN_BLOCKS = [
    "if (pid == $1) { @ = count(); }",
    "if (pid != $1) { return; } @ = count();",
    "if ($1 != 0 && tid != $1) { return } @ = count();",
    "@[pid == $1 ? 1 : 0] = count();",
    "@ = sum(pid == $1);",
    "while (pid == $1) { @x = 1; }",
    "$t = args->pid; if ($t == $1) { @ = count(); }",
    "let $t = pid; if ($t == $1) { @ = count(); }",
    "let $t : uint64 = (uint64)pid; if ($t == $1) { @ = count(); }",
    "$t = 0; if (arg0) { $t = pid; } if ($t == $1) { @ = count(); }",
    f"$me = {TASK}curtask; if ($me->tgid == $1) {{ @ = count(); }}",
    f"$me = {TASK}arg1; $p = $me->real_parent; if ($p->pid == $1) {{ @ = count(); }}",
    f"$who = arg0 ? args->pid : ({TASK}curtask)->tgid; if ($who == $1) {{ @ = count(); }}",
    "$wanted = $1; if (pid == $wanted) { @ = count(); }",
    "$wanted = $1 ? $1 : 1; if (pid == $wanted) { @ = count(); }",
    "@p = pid; if (@p == $1) { @ = count(); }",
    "@p[arg0] = args->pid; if (@p[arg0] == $1) { @ = count(); }",
    "@p[arg0] = (pid, comm); if (@p[arg0].0 == $1) { @ = count(); }",
    "@t = $1; if (pid == @t) { @ = count(); }",
    "@bytes[pid] = count(); for ($kv : @bytes) { if ($kv.0 == $1) { print($kv); } }",
    "@bytes[comm, pid] = count(); for ($kv : @bytes) { if ($kv.0.1 == $1) { print($kv); } }",
    "@owner[arg0] = pid; for ($kv : @owner) { if ($kv.1 == $1) { print($kv); } }",
    "@ours[$1] = 1; if (@ours[tid]) { @ = count(); }",
    "@ours[arg0, $1] = 1; if (@ours[arg0, (uint64)pid]) { @ = count(); }",
    "@ours[$1] = 1; if (has_key(@ours, pid)) { @ = count(); }",
]

IN_SCRIPTS = [
    f"#define WANTED $1\n{OPENAT} /pid == WANTED/ {COUNT}",
    f"# define WANTED (uint64)$1 // the process\n{OPENAT} /WANTED == pid/ {COUNT}",
    f"#define FIRST $1\n#define WANTED FIRST\n{OPENAT} /pid == WANTED/ {COUNT}",
    f"#define MINE (pid == $1)\n{OPENAT} /MINE/ {COUNT}",
    f"#define MINE $t->tgid == $1\n{SWITCH} {{ $t = {TASK}arg2; if (MINE) {COUNT} }}",
    f"#define ME pid\n{OPENAT} /ME == $1/ {COUNT}",
    f"macro mine() {{ pid == $1 }}\n{OPENAT} /mine()/ {COUNT}",
    f"macro is_mine($p) {{ $p == $1 }}\n{OPENAT} {{ $q = pid; if (is_mine($q)) {COUNT} }}",
    f"macro is_mine(p) {{ p == $1 }}\n{OPENAT} /is_mine(args.pid)/ {COUNT}",
    f"macro wanted() {{ $1 }}\n{OPENAT} /pid == wanted()/ {COUNT}",
    f"macro group(t) {{ if (1) {{ 1 }} $x = 1; t.tgid }}\n{OPENAT} /group(curtask) == $1/ {COUNT}",
    f"BEGIN {{ @target = $1; }}\n{OPENAT} /pid == @target/ {COUNT}",
    f"BEGIN {{ if ($1 == 0) {{ exit(); }} }}\n{OPENAT} /pid == $1/ {COUNT}",
    f'BEGIN {{ printf("tracing %d", $1); }}\n{OPENAT} /pid == $1/ {COUNT}',
    f"BEGIN {{ @ours[$1] = 1; }} t:sched:sched_process_fork /@ours[args->parent_pid]/ {COUNT}",
    f"k:tcp_sendmsg {{ @owner[arg0] = (uint64)pid; }} k:g /$1 == 0 || @owner[arg0] == $1/ {COUNT}",
    f"k:g /comm == str($1) || pid == $1/ {COUNT}",
    f"t:syscalls:sys_exit_clone /args->ret == $1/ {COUNT}",
    f"t:sched:sched_wakeup {{ if (args->pid == $1) {COUNT} }}",
    f"{SWITCH} {{ $to = {TASK}arg2; if ($1 == 0 || $to->tgid == $1) {{ @[$to->comm] = count(); }} }}",
]

A_PIN = [
    *(f"{OPENAT} /{predicate}/ {COUNT}" for predicate in IN_PREDICATES),
    *(f"{OPENAT} {{ {block} }}" for block in IN_BLOCKS),
    *IN_SCRIPTS,
]


@pytest.mark.parametrize("text", A_PIN)
def test_a_parameter_that_is_compared_with_a_process_id_is_the_pin(text: str) -> None:
    assert [one.name for one in parameters(text)] == ["$1"]
    one = prepared(text)
    assert one.args == ("7",)
    assert "pid == 7" not in one.text
    assert unedited(read(text), pin=Pin((7,))).args == ("7",)


IN_OTHER_PREDICATES = [
    "args->count > $1",
    "args->count == $1",
    "pid > $1",
    "uid == $1",
    "args->dport == $1",
    "arg0 == $1 && pid",
    "pid == 5 && arg0 == $1",
    "args->tid == $1",
    "args->pidfd == $1",
    "args->rapid == $1",
    "args->flags & pid == $1 + 1",
    "pid + 1 == $1",
    "pid == $1 * 2",
    "!pid == $1",
    "-pid == $1",
    "@pid == $1",
    "@owner_pid[arg0] == $1",
    "@tids[tid] == $1",
    "comm == str($1)",
    "strcontains(comm, str($1))",
    "pid_of(arg0) == $1",
    'cpu == $1 && comm == "pid == $1"',
    f"({TASK}curtask)->nsproxy->pid_ns_for_children->ns.inum == $1",
    f"({TASK}curtask)->nsproxy->pid_ns_for_children.ns.inum == $1",
    f"({TASK}curtask)->thread_pid == $1",
    f"({TASK}curtask)->cred->uid.val == $1",
    "(pid == 5) == $1",
    "pid == 5 || cgroup == $1 // pid == $1\n",
    "@watched[$1]",
]

IN_OTHER_BLOCKS = [
    "$tidy = args->flags; if ($tidy != $1) { @opens[comm] = count(); }",
    "$pid = args->len; if ($pid == $1) { @ = count(); }",
    "$pid = pid; $pid = args->len; if ($pid == $1) { @ = count(); }",
    "$pid = pid; $pid += 1; if ($pid == $1) { @ = count(); }",
    "$pid = pid; $pid++; if ($pid == $1) { @ = count(); }",
    "@pid[comm] = count(); if (@pid[comm] == $1) { @ = count(); }",
    "@pid++; if (@pid == $1) { @ = count(); }",
    "@x = $1; @x += 1; if (@x == pid) { @ = count(); }",
    "@p[arg0] = (pid, nsecs); if (@p[arg0].1 == $1) { @ = count(); }",
    "@ours[pid] = 1; if (@ours[pid] == $1) { @ = count(); }",
    "@n[pid] = count(); for ($kv : @n) { if ($kv.1 == $1) { print($kv); } }",
    "@n[pid, cpu] = count(); for ($kv : @n) { if ($kv.0.1 == $1) { print($kv); } }",
    "@n[pid, $1] = count(); @n[pid, cpu] = count();",
    "$x = $x; if ($x == $1) { @ = count(); }",
    "@x[tid] = $1; @ = hist($1);",
    "if (($1 ? $1 : cpu) == pid) { @ = count(); }",
]

IN_OTHER_SCRIPTS = [
    f"#define LIMIT $1\n{OPENAT} /args->flags > LIMIT && pid/ {COUNT}",
    f"#define PID cpu\n{OPENAT} /PID == $1/ {COUNT}",
    f"// #define X (pid == $1)\n{OPENAT} /cpu == $1/ {COUNT}",
    f"macro pid() {{ 1 }}\n{OPENAT} /pid() == $1/ {COUNT}",
    f"macro is($p) {{ $p == $1 }}\n{OPENAT} {{ $pid = cpu; if (is($pid)) {COUNT} }}",
    f"t:jbd2:jbd2_commit_logging /args->tid == $1/ {COUNT}",
    f"t:jbd2:jbd2_commit_logging /args->transaction == $1/ {COUNT}",
    f"{OPENAT} {{ $t = pid; }} k:f {{ $t = cpu; if ($t == $1) {COUNT} }}",
]

NO_PIN = [
    *(f"{OPENAT} /{predicate}/ {COUNT}" for predicate in IN_OTHER_PREDICATES),
    *(f"{OPENAT} {{ {block} }}" for block in IN_OTHER_BLOCKS),
    *IN_OTHER_SCRIPTS,
]


@pytest.mark.parametrize("text", NO_PIN)
def test_a_parameter_of_another_role_is_not_the_pin(text: str) -> None:
    assert parameters(text) == ()
    one = prepared(text)
    assert "7" not in one.args
    assert "pid == 7" in one.text


@pytest.mark.parametrize("text", NO_PIN)
def test_a_parameter_of_another_role_is_what_the_user_gave(text: str) -> None:
    assert prepared(text, args=("4096",)).args == ("4096",)


@pytest.mark.parametrize(
    ("args", "passed"),
    [((), ("0", "7")), (("100",), ("100", "7")), (("100", "0"), ("100", "7")), (("100", "0", "x"), ("100", "7", "x"))],
)
def test_the_pin_is_the_parameter_that_the_user_left_out(args: tuple[str, ...], passed: tuple[str, ...]) -> None:
    one = prepared(f"{OPENAT} /args->flags > $1 && ($2 == 0 || pid == $2)/ {COUNT}", args=args)
    assert one.args == passed
    assert "pid == 7" not in one.text


def test_options_by_name_are_no_parameters() -> None:
    text = f'{OPENAT} /pid == $1/ {{ if (getopt("all", false)) {{ print(1); }} @ = count(); }}'
    assert prepared(text, args=("--all",)).args == ("7", "--all")
    assert prepared(text, args=("9", "--all")).args == ("9", "--all")


def test_a_missing_text_before_the_pin_is_empty() -> None:
    assert prepared(f"{OPENAT} /strcontains(comm, str($1)) && pid == $2/ {COUNT}").args == ("", "7")


def test_a_process_that_the_user_gave_is_kept_beside_the_pin() -> None:
    one = prepared(f"{OPENAT} /pid == $1/ {COUNT}", args=("9",))
    assert (one.args, codes(one)) == (("9",), [])
    assert f"/(pid == 7) && ((pid == $1) != 0)/ {COUNT[:2]}" in one.text
    other = prepared(IN_SCRIPTS[-1], args=("9",))
    assert (other.args, codes(other)) == (("9",), ["unpinned"])
    assert "pid == 7" not in other.text


@pytest.mark.parametrize(
    ("text", "badges"),
    [
        (f"{OPENAT} /pid == $1/ {COUNT}", []),
        (f"{OPENAT} /tid == $1/ {COUNT}", ["thread-id"]),
        (f"{OPENAT} {{ $t = {TASK}curtask; if ($t->pid == $1) {COUNT} }}", ["thread-id"]),
        (f"{SWITCH} {{ $t = {TASK}arg2; if ($t->pid == $1) {COUNT} }}", ["thread-id"]),
        (f"{SWITCH} {{ $t = {TASK}arg2; if ($t->tgid == $1) {COUNT} }}", []),
        (f"t:sched:sched_wakeup /args->pid == $1/ {COUNT}", ["thread-id"]),
        (f"t:sched:sched_switch /args->next_pid == $1/ {COUNT}", ["thread-id"]),
        (f"t:sched:sched_process_exec /args->pid == $1/ {COUNT}", []),
        (f"t:syscalls:sys_enter_kill /args->pid == $1/ {COUNT}", []),
    ],
)
def test_a_thread_id_that_takes_the_pin_has_a_badge(text: str, badges: list[str]) -> None:
    one = prepared(text)
    assert (one.args, codes(one)) == (("7",), badges)


@pytest.mark.parametrize(
    "block",
    [
        f"{SWITCH} {{ $to = {TASK}arg2; @[$to->comm] = count(); }}",
        "t:sched:sched_switch { @[args->next_prio] = count(); }",
        "rawtracepoint:sched_switch { @[args.next.comm] = count(); }",
    ],
)
def test_a_switch_that_shows_the_next_thread_is_not_pinned_exactly(block: str) -> None:
    assert codes(prepared(block)) == ["pin-inexact"]


@pytest.mark.parametrize(
    ("constants", "predicate", "changed"),
    [
        ("#define WANTED $1", "pid == WANTED", "(pid == $1 || pid == 8)"),
        ("#define WANTED $1", "WANTED == pid", "($1 == pid || pid == 8)"),
        ("#define A $1\n#define WANTED (A)", "pid == WANTED", "(pid == ($1) || pid == 8)"),
        ("#define MINE (pid == $1)", "arg0 && MINE", "arg0 && ((pid == $1 || pid == 8))"),
        ("#define A $1\n#define MINE pid == A", "MINE", "(pid == $1 || pid == 8)"),
        ("#define LIMIT $2", "arg0 > LIMIT && pid == $1", "arg0 > $2 && (pid == $1 || pid == 8)"),
        ("#define LIMIT 5", "arg0 > LIMIT && pid == $1", "arg0 > LIMIT && (pid == $1 || pid == 8)"),
        ("#define A A + $1", "arg0 > A && pid == $1", "arg0 > A + $1 && (pid == $1 || pid == 8)"),
    ],
)
def test_constants_of_parameters_are_replaced(constants: str, predicate: str, changed: str) -> None:
    """bpftrace 0.27 ends with a segmentation fault on such a constant."""
    one = prepared(f"{constants}\nk:vfs_read /{predicate}/ {COUNT}", Pin((7, 8)))
    assert f"k:vfs_read /{changed}/ " in one.text
    assert one.args == ("7",)
    assert isinstance(read(one.text), Script)


def test_a_constant_is_replaced_in_counted_statements_without_a_pin() -> None:
    one = prepare(read("#define STEP $1\nk:f { @a[STEP] = count(); @b = lhist(arg0 / STEP, 0, STEP, 1); }"))
    assert one.text.count("STEP") >= 1
    assert "= $1;" in one.text
    assert isinstance(read(one.text), Script)


def test_constants_that_multiply_are_not_replaced() -> None:
    lines = [f"#define A{n} A{n - 1} + A{n - 1}" for n in range(1, 40)]
    one = prepare(read("\n".join(["#define A0 $1", *lines, f"k:f /arg0 > A39/ {COUNT}"])))
    assert "/arg0 > A39/" in one.text
    assert len(one.text) < 20_000


HOSTILE = {
    "many assignments": f"{OPENAT} {{ {'@p = pid; ' * 3000} if (@p == $1) {COUNT} }}",
    "parentheses": f"{OPENAT} /{'(' * 4000}pid == $1{')' * 4000}/ {COUNT}",
    "operators": f"{OPENAT} /{'!' * 4000}$1 == pid/ {COUNT}",
    "comparisons": f"{OPENAT} /{' == '.join(['pid == $1'] * 4000)}/ {COUNT}",
    "one assignment": f"{OPENAT} {{ {'$a = ' * 8000} $1; if ($a == pid) {COUNT} }}",
    "keys": f"{OPENAT} /{'@m[' * 4000}$1{']' * 4000} == pid/ {COUNT}",
    "choices": f"{OPENAT} /{'$1 ? pid : ' * 4000} $1 == pid/ {COUNT}",
    "a chain": f"{OPENAT} {{ {' '.join(f'$a{n} = $a{n + 1};' for n in range(3000))} if ($a0 == $1) {COUNT} }}",
}
"""Scripts of up to 120 KiB; reading them must not take a time that grows with the square of their length."""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_script_is_read(name: str) -> None:
    found = [one.name for one in parameters(HOSTILE[name])]
    assert found == (["$1"] if name in ("parentheses", "comparisons", "choices") else [])
