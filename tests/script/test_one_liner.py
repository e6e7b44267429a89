from __future__ import annotations

import pytest

from bttop.script.language.reader import Script, read
from bttop.script.one_liner import OneLiner, OneLinerRefused, read_one_liner

PROGRAM = "k:f { @[comm] = count(); }"

# What on-call engineers type, verbatim.
TYPED = [
    "tracepoint:syscalls:sys_enter_* { @[probe] = count(); }",
    "tracepoint:tcp:tcp_retransmit_skb { @[pid, comm, ntop(args->family, args->daddr)] = count(); }",
    "tracepoint:tcp:tcp_send_reset { @[comm] = count(); }",
    "tracepoint:sched:sched_switch /args->prev_pid==18421/ { @[args->next_comm] = count(); }",
    "kprobe:vfs_read /pid==18421/ { @bytes = hist(arg2); }",
    "kprobe:vfs_read { @[arg2 % 8] = count(); }",
    "profile:hz:99 /pid==18421/ { @[ustack] = count(); }",
    'kprobe:tcp_sendmsg /comm=="java"/ { @bytes = hist(arg2); }',
    'kprobe:do_mmap /comm=="java"/ { @[ustack] = hist(arg1); }',
    "tracepoint:tcp:tcp_retransmit_skb { @[args->saddr, args->daddr] = count(); } "
    "interval:s:10 { print(@); clear(@); }",
    "uprobe:/usr/lib/x86_64-linux-gnu/libssl.so.3:SSL_read { @[comm] = count(); }",
    "usdt:/usr/lib/postgresql/15/bin/postgres:postgresql:query__start { @[comm] = count(); }",
]


def program(text: str) -> str:
    found = read_one_liner(text)
    assert isinstance(found, OneLiner), found
    return found.program


@pytest.mark.parametrize("text", TYPED)
def test_a_bare_program_is_kept_verbatim(text: str) -> None:
    assert program(text) == text
    assert isinstance(read(text), Script)


@pytest.mark.parametrize("text", TYPED)
@pytest.mark.parametrize("command", ["bpftrace -e", "$ sudo bpftrace -e", "# bpftrace -f json -e"])
def test_a_quoted_program_is_what_the_shell_would_pass(text: str, command: str) -> None:
    assert program(f"{command} '{text}'") == text


@pytest.mark.parametrize(
    "line",
    [
        f"bpftrace -e '{PROGRAM}'",
        f"sudo -E bpftrace -e '{PROGRAM}'",
        f"sudo -u root /usr/bin/bpftrace -e '{PROGRAM}'",
        f"doas bpftrace-0.27 -e '{PROGRAM}'",
        f"timeout 10 bpftrace -e '{PROGRAM}'",
        f"timeout -s INT 10s sudo bpftrace -e '{PROGRAM}'",
        f"env BPFTRACE_STRLEN=100 bpftrace -e '{PROGRAM}'",
        f"% bpftrace -e'{PROGRAM}'",
        f"bpftrace -v -q -o out.txt -B none -e '{PROGRAM}'",
        f"bpftrace -e 'BEGIN {{ }}' -e '{PROGRAM}'",
        "bpftrace -e 'k:f { @['comm'] = count(); }'",
        f'bpftrace \\\n  -e "{PROGRAM}"',
        f"bpftrace -e '{PROGRAM}' | head",
        f"bpftrace -e '{PROGRAM}' > out 2>&1",
        f"bpftrace -e '{PROGRAM}' 2>/dev/null; echo done",
    ],
)
def test_the_ways_to_write_one_command_give_the_same_program(line: str) -> None:
    assert program(line) == PROGRAM


@pytest.mark.parametrize(
    ("quoted", "expected"),
    [
        (r'''"k:f /pid == \$1/ { @[\"x\"] = 1; }"''', 'k:f /pid == $1/ { @["x"] = 1; }'),
        (r'''"a \` b \\ c \n"''', r"a ` b \ c \n"),
        (r"""'it'\''s'""", "it's"),
        (r"""'a\nb'""", r"a\nb"),
        ("'two\nlines'", "two\nlines"),
        (r"a\ b", "a b"),
        ('"a\\\nb"', "ab"),
    ],
)
def test_quotes_are_taken_off_as_a_shell_does(quoted: str, expected: str) -> None:
    assert program(f"bpftrace -e {quoted}") == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('bpftrace -e "k:f /pid == $(pgrep java)/ { }"', "the shell would replace $(pgrep java)"),
        ('bpftrace -e "k:f /pid == `pgrep java`/ { }"', "the shell would replace `pgrep java`"),
        ('bpftrace -e "k:f /pid == $PID/ { }"', "the shell would replace $PID"),
        ('bpftrace -e "k:f /pid == ${PID}/ { }"', "the shell would replace ${…}"),
        ('bpftrace -e "k:f /pid == $1/ { }"', "the shell would replace $1"),
        ("bpftrace -e $'k:f { }'", "only some shells support the quoting $'…'"),
        ("bpftrace -e 'k:f { }", "a ' is not closed"),
        ('bpftrace -e "k:f { }', 'a " is not closed'),
        ("bpftrace -c 'sleep 1' -e 'k:f { }'", "-c starts a command"),
        ("bpftrace -d -e 'k:f { }'", "-d does not trace"),
        ("bpftrace -l 'k:*'", "-l does not trace"),
        ("bpftrace --frobnicate -e 'k:f { }'", "the option --frobnicate is not supported"),
        ("bpftrace -e", "-e needs a value"),
        ("bpftrace -p x -e 'k:f { }'", "x is not a process id"),
        ("bpftrace", "there is no program"),
        ("LD_PRELOAD=x bpftrace -e 'k:f { }'", "the variable LD_PRELOAD is set"),
        ("strace bpftrace -e 'k:f { }'", "`strace` before bpftrace is not supported"),
        ("  \n ", "there is nothing to run"),
    ],
)
def test_what_cannot_be_done_without_running_something_is_refused(line: str, reason: str) -> None:
    refused = read_one_liner(line)
    assert isinstance(refused, OneLinerRefused)
    assert refused.reason.startswith(reason)


def test_the_rest_of_the_command_line_is_told_apart() -> None:
    line = f"BPFTRACE_STRLEN=100 bpftrace -p 42 --unsafe -I inc -e '{PROGRAM}' -- 7 x | head"
    assert read_one_liner(line) == OneLiner(
        program=PROGRAM,
        pid=42,
        args=("7", "x"),
        options=("--unsafe", "-I", "inc"),
        environment=(("BPFTRACE_STRLEN", "100"),),
        notes=(
            "left out: everything from `|` on",
            "-p became the pin: up to bpftrace 0.23 it does not restrict tracepoints and kprobes",
        ),
    )


def test_a_file_is_named_with_its_parameters() -> None:
    found = read_one_liner("sudo bpftrace /usr/sbin/syscount.bt 42")
    assert found == OneLiner(program="", file="/usr/sbin/syscount.bt", args=("42",))


@pytest.mark.parametrize("text", ["#!/usr/bin/env bpftrace\nk:f { }", "# include <linux/fs.h>\nk:f { }"])
def test_the_first_line_of_a_script_is_no_prompt(text: str) -> None:
    assert program(text) == text


def test_a_program_that_mentions_bpftrace_is_a_program() -> None:
    text = 'k:f /comm != "bpftrace"/ { @ = count(); }'
    assert program(text) == text
