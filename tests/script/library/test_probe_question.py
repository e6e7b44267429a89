"""Searches for probes: what bpftrace is asked by release, and what matches."""

from __future__ import annotations

import pytest

from bttop.model.record.release import Release
from bttop.script.library.listed_probes import ListedProbe
from bttop.script.library.probe_names import ProbeNames
from bttop.script.library.probe_question import (
    ProbeQuestion,
    closest,
    is_question,
    nearby,
    read_question,
    with_function_arguments,
)
from bttop.script.library.starters import Argument

RELEASES = (OLD, MIDDLE, NEW) = Release(0, 17), Release(0, 23), Release(0, 27)
PROGRAM = ["-lv", "-e", 'config = { missing_probes = "ignore" } usdt:/bin/x:* { }']


@pytest.mark.parametrize(
    ("search", "asked"),
    [
        ("tracepoint:tcp:*", [["-lv", "tracepoint:tcp:*"]] * 3),
        ("t:tcp:*", [["-lv", "tracepoint:tcp:*"]] * 3),
        ("t:tcp:tcp_prob?", [["-lv", "tracepoint:tcp:tcp_prob*"]] * 3),
        ("t:tcp", [["-lv", "tracepoint:*"]] * 3),
        ("kprobe:tcp_*", [["-lv", "kprobe:tcp_*"]] * 3),
        ("kretprobe:tcp_*", [["-lv", "kprobe:tcp_*"]] * 3),
        ("fentry:tcp_*", [["-lv", "kfunc:tcp_*"], ["-lv", "fentry:tcp_*"], ["-lv", "fentry:tcp_*"]]),
        ("kretfunc:tcp_*", [["-lv", "kfunc:tcp_*"], ["-lv", "fentry:tcp_*"], ["-lv", "fentry:tcp_*"]]),
        ("hardware:cache*", [["-lv", "hardware:*"]] * 3),
        ("s:cpu", [["-lv", "software:*"]] * 3),
        ("U:/bin/x:*", [["-lv", "usdt:/bin/x:*"], ["-lv", "usdt:/bin/x:*"], PROGRAM]),
        ("rawtracepoint:sched*", [[], ["-lv", "rawtracepoint:sched*"], ["-lv", "rawtracepoint:sched*"]]),
        ("nosuch:x", [[], [], []]),
    ],
)
def test_every_release_is_asked_what_it_can_answer(search: str, asked: list[list[str]]) -> None:
    question = read_question(search)
    found = [[question.search(one, release) for one in question.providers(release)] for release in RELEASES]
    assert found == [[one] if one else [] for one in asked]


@pytest.mark.parametrize(
    ("search", "providers"),
    [
        ("*tcp*", ("hardware", "software", "tracepoint", "rawtracepoint", "kprobe", "fentry", "iter")),
        ("*:tcp:x", ("hardware", "software", "tracepoint", "rawtracepoint", "kprobe", "fentry", "iter")),
        ("*tracepoint:x", ("tracepoint", "rawtracepoint")),
        ("t*:tcp:x", ("tracepoint",)),
    ],
)
def test_a_wildcard_in_the_provider_includes_all_that_match(search: str, providers: tuple[str, ...]) -> None:
    assert read_question(search).providers(MIDDLE) == providers


def matched(search: str, provider: str, *names: str) -> list[str]:
    return [one.name for one in read_question(search).matches(provider, [ListedProbe(name) for name in names])]


@pytest.mark.parametrize(
    ("search", "provider", "listed", "found"),
    [
        ("t:tcp:*", "tracepoint", ["tracepoint:tcp:b", "tracepoint:tcp:a"], ["tracepoint:tcp:a", "tracepoint:tcp:b"]),
        ("t:tcp:?", "tracepoint", ["tracepoint:tcp:a", "tracepoint:tcp:ab"], ["tracepoint:tcp:a"]),
        ("t:tcp", "tracepoint", ["tracepoint:tcp:a", "tracepoint:x:tcp", "tracepoint:x:a"],
         ["tracepoint:tcp:a", "tracepoint:x:tcp"]),
        ("*read", "tracepoint", ["tracepoint:x:sys_read", "tracepoint:read_x:y"], ["tracepoint:x:sys_read"]),
        ("t:[a]:*", "tracepoint", ["tracepoint:a:x"], []),
        ("kr:vfs_r*", "kretprobe", ["kprobe:vfs_read", "kprobe:vfs_write"], ["kretprobe:vfs_read"]),
        ("fentry:vmlinux:vfs_*", "fentry", ["kfunc:vfs_read"], ["fentry:vfs_read"]),
        ("fentry:vfs_*", "fentry", ["fentry:vmlinux:vfs_read"], ["fentry:vmlinux:vfs_read"]),
        ("fexit:vfs_*", "fexit", ["fentry:vmlinux:vfs_read"], ["fexit:vmlinux:vfs_read"]),
        ("h:cache*", "hardware", ["hardware:*"], ["hardware:cache-misses", "hardware:cache-references"]),
        ("h:cache*", "hardware", ["hardware:cache-misses", "hardware:cycles"], ["hardware:cache-misses"]),
        ("software:c?", "software", ["software:*"], ["software:cs"]),
        ("uprobe:libc:mall*", "uprobe", ["uprobe:/lib/libc.so.6:malloc"], ["uprobe:/lib/libc.so.6:malloc"]),
        ("uprobe:libc:mallo?", "uprobe", ["uprobe:/l:malloc", "uprobe:/l:mallocs"], ["uprobe:/l:malloc"]),
        ("ur:/bin/x:f", "uretprobe", ["uprobe:/bin/x:f"], ["uretprobe:/bin/x:f"]),
        ("k:a", "kprobe", ["tracepoint:x:a", "kprobe:a", "kprobe:a"], ["kprobe:a"]),
    ],
)  # fmt: skip
def test_matches_are_sorted_under_the_name_that_was_searched(
    search: str, provider: str, listed: list[str], found: list[str]
) -> None:
    assert matched(search, provider, *listed) == found


@pytest.mark.parametrize("text", ["tracepoint:tcp:*", "k:x", "*tcp*", "vfs_rea?"])
def test_a_provider_or_a_wildcard_makes_a_search(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize("text", ["syscalls", "./my.bt", "vfs_read.bt", "./a:b.bt", "/tmp/a*.bt"])
def test_the_name_of_a_file_is_no_search(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize(
    ("search", "example"), [("profile:*", "profile:hz:99"), ("i:s:1", "interval:s:1"), ("kprobe:x", "")]
)
def test_a_provider_without_a_list_has_an_example(search: str, example: str) -> None:
    assert read_question(search).example == example


@pytest.mark.parametrize(
    ("search", "path"),
    [("u:/bin/x:f", "/bin/x"), ('u:"/bin/x":f', "/bin/x"), ("u:libc:f", ""), ("u:/bin/*:f", ""), ("t:a/b:c", "")],
)
def test_the_file_of_a_search_in_a_program_is_its_path(search: str, path: str) -> None:
    assert read_question(search).path == path


def test_a_kprobe_has_the_arguments_of_its_function_and_a_kretprobe_only_its_value() -> None:
    file, value = Argument("struct file *", "file"), Argument("ssize_t", "retval")
    functions = [ListedProbe("fentry:vmlinux:vfs_read", (file, value))]
    listed = [ListedProbe("kprobe:vfs_read"), ListedProbe("kprobe:other"), ListedProbe("kretprobe:vfs_read")]
    found = [one.arguments for one in with_function_arguments(listed, functions)]
    assert found == [(file,), (), (value,)]


def test_fentry_lists_no_value_and_fexit_does() -> None:
    value = Argument("int", "retval")
    listed = [ListedProbe("fentry:vmlinux:f", (value,))]
    question = ProbeQuestion("fentry:f", "fentry", "f")
    assert [one.arguments for one in question.matches("fentry", listed)] == [()]
    assert [one.arguments for one in question.matches("fexit", listed)] == [(value,)]


NAMES = ProbeNames([b"tracepoint:sched:sched_switch", b"tracepoint:btrfs:btrfs_convert_extent_bit"])


@pytest.mark.parametrize(
    ("search", "searches"),
    [
        ("t:sched:sched_swich", ["tracepoint:*:sched_swich", "*sched_swich*", "tracepoint:sched:sched_switch",
                                 "tracepoint:*:sched_*", "tracepoint:*sched*:*"]),
        ("kprobe:tcp_conn*", ["tracepoint:*:tcp_conn*", "*tcp_conn*", "", "tracepoint:*:tcp_*"]),
        ("t:x:*", ["tracepoint:*x*:*"]),
        ("sched:*", ["tracepoint:sched:*"]),
        ("sched:sched_sw*", ["tracepoint:sched:sched_sw*", "tracepoint:*:sched_sw*", "*sched_sw*", "",
                             "tracepoint:*:sched_*"]),
        ("kprobe:*", []),
    ],
)  # fmt: skip
def test_the_nearest_search_comes_first(search: str, searches: list[str]) -> None:
    assert list(nearby(read_question(search), NAMES)) == searches


def test_only_a_name_with_nearly_the_same_letters_is_close() -> None:
    for misspelt in ("sched_swich", "sched_swithc", "sched_switches", "sched_svitch"):
        assert closest(read_question(f"t:sched:{misspelt}"), NAMES) == "tracepoint:sched:sched_switch"
    for other in ("tcp_conn*", "*", "sched_wakeup", "btrfs"):
        assert closest(read_question(f"kprobe:{other}"), NAMES) == ""
