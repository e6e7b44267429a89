"""The next question about a row."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.script.library import row_programs
from bttop.script.library.follow_ups import (
    _LIKELY_OF_PROGRAMS,
    _LIKELY_OF_SYSCALLS,
    FollowUp,
    RowFacts,
    follow_ups,
    ladder,
    pin_of,
)
from bttop.script.library.probe_files import Library, ProbeFile, probe_file
from bttop.script.library.starters import Argument
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import prepare

LIBRARY = Library.load([Path(__file__).parents[3] / "probes"])
ROWS = {
    "process": RowFacts(pid=42, tid=43, comm="java"),
    "name": RowFacts(comm="java"),
    "syscall": RowFacts(
        pid=42, syscall="openat", syscall_number=257, arguments=(Argument("const char *", "filename"),)
    ),
    "number": RowFacts(syscall="stat", syscall_number=4),
    "address": RowFacts(address="10.40.12.91"),
    "address 6": RowFacts(address="fe80::1%eth0"),
    "kernel function": RowFacts(pid=42, function="tcp_sendmsg+12"),
    "user function": RowFacts(function="SSL_read", binary="/usr/lib/libssl.so.3"),
    "file": RowFacts(file="/etc/resolv.conf"),
}


def titles(facts: RowFacts) -> list[str]:
    return [one.title for one in follow_ups(facts)]


def named(facts: RowFacts, title: str) -> FollowUp:
    return next(one for one in follow_ups(facts) if one.title == title)


@pytest.mark.parametrize("facts", ROWS.values(), ids=ROWS)
def test_every_question_is_a_probe_of_the_library_or_one_that_can_be_prepared(facts: RowFacts) -> None:
    assert follow_ups(facts)
    for one in follow_ups(facts):
        if one.library:
            assert one.text == ""
            assert isinstance(LIBRARY.find(one.library), ProbeFile), one.library
            continue
        file = probe_file(Path("x.bt"), one.text)
        assert isinstance(file, ProbeFile), file
        prepared = prepare(file.script, front=file.front, pin=one.pin)
        assert prepared.is_edited
        assert {plan.scheme for plan in prepared.plan.maps.values()} <= {"bank", "cumulative"}
        assert file.front is not None
        assert set(prepared.plan.maps) >= set(file.front.maps)


@pytest.mark.parametrize("facts", ROWS.values(), ids=ROWS)
def test_a_pinned_question_is_held_to_the_process_without_doubt(facts: RowFacts) -> None:
    for one in follow_ups(facts):
        if one.text and one.pin is not None and one.pin.pids:
            file = probe_file(Path("x.bt"), one.text)
            assert isinstance(file, ProbeFile)
            prepared = prepare(file.script, front=file.front, pin=one.pin)
            assert {badge.code for badge in prepared.badges} <= {"note"}
            assert prepared.args == ("42",) or "pid == 42" in prepared.text


def test_a_process_is_asked_about_from_all_sides() -> None:
    found = titles(RowFacts(pid=42))
    assert found[:5] == [
        "its system calls",
        "its system call latencies",
        "its stacks on the CPU",
        "its stacks off the CPU",
        "its time on and off the CPU",
    ]
    assert {"its files", "its sockets", "its threads' switches", "its lock waits"} <= set(found)
    assert all(one.pin == Pin(pids=(42,)) for one in follow_ups(RowFacts(pid=42)))


def test_a_row_without_a_pid_is_pinned_by_its_name() -> None:
    assert pin_of(RowFacts(comm="java")) == Pin(comm="java")
    assert pin_of(RowFacts(pid=42, comm="java")) == Pin(pids=(42,))


@pytest.mark.parametrize("facts", [RowFacts(), RowFacts(pid=0, comm="swapper/0"), RowFacts(tid=0, comm="swapper/0")])
def test_nobody_and_the_idle_task_are_asked_nothing(facts: RowFacts) -> None:
    assert pin_of(facts) is None
    assert follow_ups(facts) == ()


def test_the_question_that_is_on_the_screen_is_not_offered_again() -> None:
    assert "its files" not in titles(RowFacts(pid=42, program="opens"))


def test_a_letter_is_the_same_question_on_every_row_and_each_question_has_one() -> None:
    meant: dict[str, str] = {}
    for facts in ROWS.values():
        letters = [one.letter for one in follow_ups(facts)]
        assert len(set(letters)) == len(letters)
        for one in follow_ups(facts):
            of_row = (facts.syscall, facts.address, facts.function.partition("+")[0], facts.file)
            title = functools.reduce(lambda text, part: text.replace(part, "…") if part else text, of_row, one.title)
            assert re.fullmatch(r"[A-Za-z1-9]", one.letter)
            assert one.letter not in "ejkqvz"  # what the menu does with them is something else
            assert meant.setdefault(one.letter, title) == title


@pytest.mark.parametrize(
    ("facts", "first"),
    [
        (RowFacts(pid=42, syscall="mmap"), "its memory maps"),
        (RowFacts(pid=42, syscall="futex"), "its stacks off the CPU"),
        (RowFacts(pid=42, syscall="fsync"), "fsync: from which code"),
        (RowFacts(pid=42, syscall="openat"), "its files"),
        (RowFacts(pid=42, syscall="pwrite64"), "its writes"),
        (RowFacts(pid=42, syscall="uname"), "uname: latency"),
        (RowFacts(pid=42, address="10.0.0.7", program="retransmits"), "retransmits to 10.0.0.7"),
        (RowFacts(pid=42, program="vfs_read 2"), "its reads"),
        (RowFacts(pid=42, tid=43, program="sched_switch"), "this thread's stacks on the CPU"),
        (RowFacts(file="/nope", pid=42, program="opens"), "who opens /nope"),
        (RowFacts(pid=42), "its system calls"),
    ],
)
def test_the_likeliest_question_for_the_kind_of_row_is_first(facts: RowFacts, first: str) -> None:
    assert titles(facts)[0] == first


def test_the_likeliest_questions_exist() -> None:
    letters = {one.letter for facts in ROWS.values() for one in follow_ups(facts)} | {"1"}
    for likely in (*(likely for likely, _ in _LIKELY_OF_SYSCALLS), *_LIKELY_OF_PROGRAMS.values()):
        assert set(likely) <= letters
    for name in _LIKELY_OF_PROGRAMS:
        assert isinstance(LIBRARY.find(name), ProbeFile)
    for _, names in _LIKELY_OF_SYSCALLS:
        assert all(row_programs.syscall_event(name) for name in names)


def test_a_system_call_is_asked_for_time_callers_code_arguments_and_result() -> None:
    found = titles(ROWS["syscall"])
    assert set(found) >= {
        "openat: latency",
        "openat: from which code",
        "openat: who calls it",
        "openat: count by filename",
        "openat: what it returns",
    }
    assert ("tracepoint", "syscalls:sys_enter_openat") in named(ROWS["syscall"], "openat: latency").wants


def test_a_call_whose_event_is_called_otherwise_is_asked_by_that_name() -> None:
    assert named(ROWS["number"], "stat: latency").wants == (
        ("tracepoint", "syscalls:sys_enter_newstat"),
        ("tracepoint", "syscalls:sys_exit_newstat"),
    )


def test_arguments_without_names_are_asked_by_the_number_of_the_call() -> None:
    assert "args->id == 4 " in named(ROWS["number"], "stat: arguments").text
    assert "stat: arguments" not in titles(RowFacts(syscall="stat"))


def test_a_call_that_never_returns_is_not_timed() -> None:
    assert titles(RowFacts(syscall="exit_group")) == ["exit_group: who calls it"]


def test_who_calls_is_asked_about_everybody() -> None:
    assert named(ROWS["syscall"], "openat: who calls it").pin is None


def test_from_which_code_is_asked_about_the_process_of_the_row() -> None:
    assert named(ROWS["syscall"], "openat: from which code").pin == Pin(pids=(42,))
    assert "stat: from which code" not in titles(ROWS["number"])


@pytest.mark.parametrize(
    ("address", "compared"),
    [
        ("10.40.12.91", "args->daddr[0] == 10 && args->daddr[1] == 40"),
        ("::ffff:10.40.12.91", "args->daddr[0] == 10 && args->daddr[1] == 40"),
        ("fe80::1%eth0", "args->daddr_v6[0] == 254 && args->daddr_v6[1] == 128"),
    ],
)
def test_a_destination_is_compared_byte_by_byte(address: str, compared: str) -> None:
    assert compared in follow_ups(RowFacts(address=address))[0].text


@pytest.mark.parametrize("address", ["sent", "300.1.1.1", "1.2.3", "example.org", "/run/x.sock"])
def test_what_is_no_address_is_no_destination(address: str) -> None:
    assert follow_ups(RowFacts(address=address)) == ()


def test_a_function_is_counted_and_timed_where_it_lives() -> None:
    kernel = named(ROWS["kernel function"], "tcp_sendmsg: latency")
    assert kernel.wants == (("kprobe", "tcp_sendmsg"), ("kretprobe", "tcp_sendmsg"))
    user = named(ROWS["user function"], "SSL_read: latency")
    assert user.wants[0] == ("uprobe", "/usr/lib/libssl.so.3:SSL_read")
    assert "kstack" in named(ROWS["kernel function"], "tcp_sendmsg: calls").text
    assert "ustack" in named(ROWS["user function"], "SSL_read: calls").text


@pytest.mark.parametrize(
    ("function", "binary"),
    [
        ("0x4005d0", ""),
        ("ns::f(int)", ""),
        ("f", "relative"),
        ("f", '/a"b'),
        ("operator+", "/bin/x"),
        ("f{", "/x"),
        ("", ""),
    ],
)
def test_what_cannot_be_written_as_a_function_is_not_asked(function: str, binary: str) -> None:
    assert follow_ups(RowFacts(function=function, binary=binary)) == ()


def test_a_path_with_a_blank_is_quoted() -> None:
    found = follow_ups(RowFacts(function="f", binary="/opt/my app/x"))[0]
    assert found.wants == (("uprobe", '"/opt/my app/x":f'),)


def test_a_long_path_cannot_be_compared() -> None:
    assert follow_ups(RowFacts(file="/" + "x" * 60)) == ()
    assert titles(RowFacts(file="/etc/passwd")) == ["who opens /etc/passwd"]


def test_the_ladder_is_six_pinned_probes_of_the_library() -> None:
    found = ladder(42)
    assert [one.library for one in found] == [
        *("syscalls", "retransmits", "sched_switch"),
        *("vfs_read", "vfs_write", "profile"),
    ]
    assert all(one.pin == Pin(pids=(42,)) for one in found)
    assert all(isinstance(LIBRARY.find(one.library), ProbeFile) for one in found)


texts = st.text(max_size=12)


@given(
    st.builds(
        RowFacts,
        pid=st.none() | st.integers(),
        comm=texts,
        syscall=texts,
        address=texts,
        function=texts,
        binary=texts,
        file=texts,
    )
)
def test_any_row_gives_questions_that_can_be_read(facts: RowFacts) -> None:
    for one in follow_ups(facts):
        assert one.library or isinstance(probe_file(Path("x.bt"), one.text), ProbeFile)


def test_the_file_of_an_fsync_is_asked_before_its_arguments_are_listed() -> None:
    asked = {one.letter: one for one in follow_ups(RowFacts(pid=7, comm="db", syscall="fsync", syscall_number=74))}
    assert asked["1"].title == "fsync: count by open file"
    assert "args->fd" in asked["1"].text
    assert asked["S"].why == "Which code makes it? 1 shows on which files."
    assert asked["1"].why == "On which files is it called?"
    assert "A" not in asked
