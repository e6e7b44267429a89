from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.paths import shipped
from bttop.script.language.reader import Script, read
from bttop.script.pasted.one_liner import OneLiner, OneLinerRefused
from bttop.script.pasted.read_line import read_one_liner
from tests.pasted import REFUSED, REFUSED_BY_ENGINE, RUN

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


@pytest.mark.parametrize(("line", "expected"), RUN)
def test_a_pasted_line_gives_what_it_would_run(line: str, expected: OneLiner) -> None:
    assert read_one_liner(line) == expected


@pytest.mark.parametrize(("line", "sentence"), REFUSED)
def test_what_cannot_run_is_refused_in_a_sentence_that_says_what_to_type(line: str, sentence: str) -> None:
    assert read_one_liner(line) == OneLinerRefused(sentence)


@pytest.mark.parametrize("sentence", sorted({sentence for _, sentence in (*REFUSED, *REFUSED_BY_ENGINE)}))
def test_a_refusal_is_one_line_and_has_advice(sentence: str) -> None:
    assert "\n" not in sentence
    assert ": " in sentence or sentence.startswith("there is no process")


@pytest.mark.parametrize("path", sorted(shipped("probes").glob("*.bt")), ids=lambda path: path.stem)
def test_the_text_of_a_script_is_kept_verbatim(path: Path) -> None:
    text = path.read_text()
    assert read_one_liner(text) == OneLiner(text.strip("\n"))


@given(st.sampled_from([line for line, _ in (*RUN, *REFUSED)]), st.integers(0, 80), st.text(max_size=5))
def test_a_damaged_line_is_read_or_refused(line: str, at: int, inserted: str) -> None:
    assert isinstance(read_one_liner(line[:at] + inserted + line[at:]), OneLiner | OneLinerRefused)
    assert isinstance(read_one_liner(line[at:]), OneLiner | OneLinerRefused)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('bpftrace -e "k:f /pid == $(pgrep java)/ { }"', "the shell would replace $(pgrep java)"),
        ('bpftrace -e "k:f /pid == `pgrep java`/ { }"', "the shell would replace `pgrep java`"),
        ('bpftrace -e "k:f /pid == $PID/ { }"', "the shell would replace $PID"),
        ('bpftrace -e "k:f /pid == ${PID}/ { }"', "the shell would replace ${PID}"),
    ],
)
def test_a_word_that_only_a_shell_could_complete_is_named(line: str, reason: str) -> None:
    refused = read_one_liner(line)
    assert isinstance(refused, OneLinerRefused)
    assert refused.reason.startswith(f"{reason}: ")


@pytest.mark.parametrize("text", ["#!/usr/bin/env bpftrace\nk:f { }", "# include <linux/fs.h>\nk:f { }"])
def test_the_first_line_of_a_script_is_no_prompt(text: str) -> None:
    assert program(text) == text


def test_a_program_that_mentions_bpftrace_is_a_program() -> None:
    text = 'k:f /comm != "bpftrace"/ { @ = count(); }'
    assert program(text) == text
