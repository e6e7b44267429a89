"""The answer of `bttop probes SEARCH`, with a made-up bpftrace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bttop.engine.headless.kernel_listing import LONGEST_LISTING, KernelListing
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.tracer.bpftrace_queries import Answer
from bttop.errors import BttopError
from bttop.model.record.release import Release
from bttop.script.library.probe_question import read_question

MIDDLE = Release(0, 23)
SWITCH = "tracepoint:sched:sched_switch\n    char prev_comm[16]\n    pid_t prev_pid\n"
READ = "fentry:vmlinux:vfs_read\n    struct file * file\n    size_t count\n    ssize_t retval\n"
KERNEL = {"tracepoint:sched:*": SWITCH, "kprobe:vfs_*": "kprobe:vfs_read\nkprobe:vfs_write\n", "fentry:vfs_*": READ}
WHOLE = "tracepoint:sched:sched_switch\ntracepoint:syscalls:sys_enter_read\nhardware:*:\n"


class Answers:
    """Stands for bpftrace."""

    def __init__(self, listings: Mapping[str, str], stderr: str = "", code: int | None = 0) -> None:
        self.asked: list[str] = []
        self._listings, self._stderr, self._code = listings, stderr, code

    def __call__(self, words: Sequence[str], limit: int) -> Answer:
        assert limit == LONGEST_LISTING
        self.asked.append(words[-1])
        said = WHOLE if words[-1] == "-l" else self._listings.get(words[-1], "")
        lines = [("stdout", line.encode()) for line in said.splitlines()]
        return Answer((*lines, *[("stderr", line.encode()) for line in self._stderr.splitlines()]), self._code)


def tracefs(folder: Path, *files: str) -> Host:
    for name in files:
        (folder / name).mkdir(parents=True)
    return Host("host", "6.18", "x86_64", 2, folder)


def listing(answers: Answers, host: Host, release: Release = MIDDLE) -> KernelListing:
    return KernelListing(Bpftrace("/bin/bpftrace", release), host, answers)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A kernel with kprobes."""
    return tracefs(tmp_path, "kprobe_events", "events/syscalls/sys_enter_read")


def test_a_tracepoint_is_listed_with_its_arguments_as_c_declares_them(host: Host) -> None:
    found = listing(Answers(KERNEL), host).lines(read_question("t:sched:*"))
    assert found == ["tracepoint:sched:sched_switch", "    char prev_comm[16]", "    pid_t prev_pid"]


def test_a_kprobe_is_listed_with_the_numbers_of_its_arguments(host: Host) -> None:
    found = listing(Answers(KERNEL), host).lines(read_question("k:vfs_*"))
    assert found == [
        "kprobe:vfs_read",
        "    struct file * file  // arg0",
        "    size_t count  // arg1",
        "kprobe:vfs_write",
    ]


def test_a_search_without_a_provider_asks_for_every_kind(host: Host) -> None:
    answers = Answers({"tracepoint:*": SWITCH, "kprobe:*": "kprobe:sched_x\n", "fentry:*": ""})
    found = listing(answers, host).lines(read_question("*"))
    assert [line for line in found if not line.startswith(" ")] == ["tracepoint:sched:sched_switch", "kprobe:sched_x"]


def test_a_kernel_without_kprobes_is_not_asked_for_them(tmp_path: Path) -> None:
    answers = Answers({})
    host = tracefs(tmp_path, "events/syscalls/sys_enter_read")
    with pytest.raises(BttopError) as caught:
        listing(answers, host).lines(read_question("kprobe:vfs_read"))
    assert "this kernel has no kprobes" in caught.value.cause
    assert caught.value.hint == "bttop probes tracepoint:syscalls:sys_enter_read"
    assert answers.asked == ["-l"]


@pytest.mark.parametrize(
    ("search", "hint"),
    [
        ("kprobe:vfs_read", "bttop probes tracepoint:syscalls:sys_enter_read"),
        ("t:sched:sched_swich", "bttop probes tracepoint:sched:sched_switch"),
        ("k:sched_switch", "bttop probes 'tracepoint:*:sched_switch'"),
        ("nosuch:sched_switch", "bttop probes 'tracepoint:*:sched_switch'"),
        ("t:sche:*", "bttop probes 'tracepoint:*sche*:*'"),
        ("t:nosuch:*", ""),
        ("k:*", ""),
        ("uprobe:/bin/sh:nosuch", "bttop probes 'uprobe:/bin/sh:*'"),
        ("uprobe:/bin/sh:*", ""),
        ("uprobe:/nosuch/file:*", ""),
    ],
)
def test_no_match_is_an_error_with_the_next_best_search(host: Host, search: str, hint: str) -> None:
    with pytest.raises(BttopError) as caught:
        listing(Answers({}), host).lines(read_question(search))
    assert (caught.value.exit_code, caught.value.hint) == (1, hint)


@pytest.mark.parametrize(
    ("search", "release", "stderr", "reason"),
    [
        ("uprobe:/bin/sh:x", Release(0, 23), "stdin:1:1-9: ERROR: bad format", "bad format"),
        ("uprobe:/nosuch/file:*", Release(0, 27), "", "there is no file /nosuch/file"),
        ("rt:x", Release(0, 17), "", "bpftrace 0.17.0 does not find every raw tracepoint"),
        ("rt:x", Release(0, 27), "", "bpftrace 0.27.0 does not find every raw tracepoint"),
        ("nosuch:x", Release(0, 23), "", "bpftrace has no provider 'nosuch'"),
        (":x", Release(0, 23), "", "bpftrace has no provider ''"),
        (
            "uprobe:/bin/sh",
            Release(0, 17),
            "ERROR: uprobe probe type requires 2 arguments",
            "such as uprobe:/bin/bash:*",
        ),
        ("usdt:*", Release(0, 27), "", "a search in a program has its path and a name"),
        ("iter:*", Release(0, 23), "", "bpftrace 0.23.0 finds no iterator that this kernel supports"),
        ("t:a:b", Release(0, 23), "WARNING: something", "nothing here matches t:a:b"),
    ],
)
def test_the_error_has_the_reason(host: Host, search: str, release: Release, stderr: str, reason: str) -> None:
    with pytest.raises(BttopError) as caught:
        listing(Answers({}, stderr, 1), host, release).lines(read_question(search))
    assert caught.value.cause.endswith(reason) or reason in caught.value.cause


def test_a_listing_that_was_cut_is_an_error_and_not_a_shorter_list(host: Host) -> None:
    with pytest.raises(BttopError, match="longer than"):
        listing(Answers(KERNEL, code=None), host).lines(read_question("t:sched:*"))


def test_a_query_that_fails_is_an_error_with_the_command(host: Host) -> None:
    def fails(_words: Sequence[str], _limit: int) -> Answer:
        raise OSError(5, "the tracer has ended")

    with pytest.raises(BttopError, match="the tracer has ended") as caught:
        KernelListing(Bpftrace("/bin/bpftrace", Release(0, 23)), host, fails).lines(read_question("t:sched:*"))
    assert caught.value.hint == "/bin/bpftrace -lv 'tracepoint:sched:*'"


def test_attach_points_that_are_written_and_not_listed_have_an_example(host: Host) -> None:
    with pytest.raises(BttopError, match="such as profile:hz:99"):
        listing(Answers(KERNEL), host).lines(read_question("profile:*"))


def test_thousands_of_probes_are_all_listed(host: Host) -> None:
    names = [f"tracepoint:sched:e{number:05}" for number in range(20_000)]
    answers = Answers({"tracepoint:sched:*": "".join(f"{name}\n    int a\n" for name in reversed(names))})
    found = listing(answers, host).lines(read_question("t:sched:*"))
    assert found == [line for name in names for line in (name, "    int a")]


def test_without_tracefs_the_tracepoints_of_the_version_are_offered(host: Host) -> None:
    unknown = replace(host, tracefs=None, kernel="4.14")
    for search, hint in (("k:tcp_set_state", ""), ("k:do_exit", "bttop probes tracepoint:sched:sched_process_exit")):
        with pytest.raises(BttopError) as caught:
            listing(Answers({}), unknown).lines(read_question(search))
        assert caught.value.hint == hint
