from __future__ import annotations

import mmap
import os
import platform

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.format import flag_words
from bttop.model.format.flag_words import map_flags, open_flags, operation_of_letters, protection, request_operation

HERE = platform.machine()


@pytest.mark.parametrize(
    "name",
    [
        "O_WRONLY",
        "O_RDWR",
        "O_CREAT",
        "O_EXCL",
        "O_NOCTTY",
        "O_TRUNC",
        "O_APPEND",
        "O_NONBLOCK",
        "O_DSYNC",
        "O_SYNC",
        "O_ASYNC",
        "O_NOATIME",
        "O_CLOEXEC",
        "O_PATH",
        "O_TMPFILE",
        "O_DIRECTORY",
        "O_NOFOLLOW",
        "O_DIRECT",
    ],
)
def test_each_flag_of_open_has_the_name_of_the_c_library(name: str) -> None:
    assert name in open_flags(getattr(os, name), HERE).split("|")


@pytest.mark.parametrize(
    ("number", "machine", "text"),
    [
        (0, "x86_64", "O_RDONLY"),
        (0o1101, "x86_64", "O_WRONLY|O_CREAT|O_TRUNC"),
        (0o2200000, "x86_64", "O_RDONLY|O_CLOEXEC|O_DIRECTORY"),
        (0o2200000, "aarch64", "O_RDONLY|O_CLOEXEC|O_DIRECT"),
        (0o2200000, "ppc64le", "O_RDONLY|O_CLOEXEC|O_LARGEFILE"),
        (0x40000000, "x86_64", "O_RDONLY|0x40000000"),
        (3, "x86_64", "3"),
        (0o1101, "mips64", "577"),
    ],
)
def test_flags_of_open_are_joined_and_differ_by_machine(number: int, machine: str, text: str) -> None:
    assert open_flags(number, machine) == text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (map_flags(mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, HERE), {"MAP_PRIVATE", "MAP_ANONYMOUS"}),
        (map_flags(mmap.MAP_SHARED | mmap.MAP_POPULATE, HERE), {"MAP_SHARED", "MAP_POPULATE"}),
        (map_flags(0x22 | 0x4000, "x86_64"), {"MAP_PRIVATE", "MAP_ANONYMOUS", "MAP_NORESERVE"}),
        (map_flags(0x22 | 0x40, "ppc64le"), {"MAP_PRIVATE", "MAP_ANONYMOUS", "MAP_NORESERVE"}),
        (map_flags(0x22, "mips64"), {"34"}),
        (protection(mmap.PROT_READ | mmap.PROT_EXEC), {"PROT_READ", "PROT_EXEC"}),
        (protection(0), {"PROT_NONE"}),
    ],
)
def test_flags_of_mmap_have_their_names(text: str, names: set[str]) -> None:
    assert set(text.split("|")) == names


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "read"),
        (0x801, "write sync"),
        (0x61801, "write preflush fua sync meta"),
        (0x80000, "read readahead"),
        (2 | 1 << 18, "flush preflush"),
        (3, "discard"),
        (34, "driver in"),
        (15, "operation 15"),
    ],
)
def test_the_flags_of_a_block_request_say_what_it_does(number: int, text: str) -> None:
    assert request_operation(number) == text


@pytest.mark.parametrize(
    ("letters", "text"),
    [
        ("R", "read"),
        ("RA", "read readahead"),
        ("WS", "write sync"),
        ("WFSM", "write fua sync meta"),
        ("FWFS", "write preflush fua sync"),
        ("FF", "flush preflush"),
        ("F", "flush"),
        ("D", "discard"),
        ("DES", "secure erase sync"),
        ("N", "other"),
        ("-", "-"),
        ("", ""),
        ("WX", "WX"),
        ("/etc/passwd", "/etc/passwd"),
    ],
)
def test_the_letters_of_a_block_request_say_what_it_does(letters: str, text: str) -> None:
    assert operation_of_letters(letters) == text


@given(st.integers(), st.text())
def test_any_number_and_any_text_is_shown(number: int, text: str) -> None:
    assert open_flags(number, "x86_64")
    assert map_flags(number, "x86_64") is not None
    assert protection(number)
    assert request_operation(number)
    assert isinstance(flag_words.operation_of_letters(text), str)
