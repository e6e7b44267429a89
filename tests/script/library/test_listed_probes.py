"""The listing of `bpftrace -lv` as probes with arguments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.script.library.listed_probes import ListedProbe, listed_probes
from bttop.script.library.starters import Argument

RELEASES = {
    "0.17": (
        "WARNING: Could not read symbols\ntracepoint:sched:sched_switch\n    char prev_comm[16]\n    pid_t prev_pid\n"
        "kfunc:vfs_read\n    struct file * file\n    int retval\nhardware:*:\n"
    ),
    "0.23": (
        "hardware:cycles:\ntracepoint:sched:sched_switch\n    char prev_comm[16]\n    pid_t prev_pid\n"
        "fentry:vmlinux:vfs_read\n    struct file * file\n    int retval\n"
    ),
}
SWITCH = ListedProbe(
    "tracepoint:sched:sched_switch", (Argument("char[16]", "prev_comm"), Argument("pid_t", "prev_pid"))
)
READ = (Argument("struct file *", "file"), Argument("int", "retval"))


@pytest.mark.parametrize(
    ("release", "probes"),
    [
        ("0.17", [SWITCH, ListedProbe("kfunc:vfs_read", READ), ListedProbe("hardware:*")]),
        ("0.23", [ListedProbe("hardware:cycles"), SWITCH, ListedProbe("fentry:vmlinux:vfs_read", READ)]),
    ],
)
def test_every_probe_has_its_arguments(release: str, probes: list[ListedProbe]) -> None:
    assert list(listed_probes(RELEASES[release].split("\n"))) == probes


def test_an_argument_of_another_form_is_kept_as_a_whole() -> None:
    (probe,) = listed_probes(["kfunc:f", "    int (*)(void *);"])
    assert probe.arguments == (Argument("int (*)(void *)", ""),)


def test_a_line_that_is_no_probe_ends_the_arguments() -> None:
    (probe,) = listed_probes(["uprobe:/bin/x:f", "Error while reading", "    int lost"])
    assert probe == ListedProbe("uprobe:/bin/x:f")


@given(st.lists(st.text()))
def test_no_listing_makes_it_fail(lines: list[str]) -> None:
    assert all(one.name for one in listed_probes(lines))
