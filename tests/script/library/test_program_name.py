"""Names of programs that have no file."""

from __future__ import annotations

import pytest

from bttop.script.language.reader import read
from bttop.script.library.program_name import LONGEST, name_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("kprobe:tcp_sendmsg { @ = count(); }", "tcp_sendmsg"),
        ("BEGIN { @x = 1; } t:syscalls:sys_enter_open* { @ = count(); }", "sys_enter_open*"),
        ("interval:s:1 { print(@); } software:faults:100, kprobe:b { @ = count(); }", "faults"),
        ("profile:hz:99 { @[comm] = count(); }", "profile"),
        ('uprobe:/lib/x86_64-linux-gnu/libc.so.6:"std::sort" { @ = count(); }', "sort"),
        ("uprobe:/usr/bin/bash { @ = count(); }", "bash"),
        ("hardware:cache-misses:1000000 { @ = count(); }", "cache-misses"),
        ("BEGIN { exit(); }", "asked"),
        ("kprobe:x {", "asked"),
        ("", "asked"),
    ],
)
def test_a_program_is_called_by_its_first_probe_that_asks(text: str, name: str) -> None:
    assert name_of(read(text)) == name


def test_a_long_name_is_cut_to_what_a_rule_has_room_for() -> None:
    assert name_of(read(f"kprobe:{'a' * 300} {{ @ = count(); }}")) == "a" * LONGEST
