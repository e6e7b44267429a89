"""The probes of the kernel, as a made-up bpftrace lists them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.engine.host.host import Bpftrace
from bttop.engine.host.kernel.kernel_probes import KernelProbes, arguments_in, cache_key
from bttop.engine.tracer.bpftrace_queries import Asker
from bttop.model.record.release import Release
from bttop.script.library.starters import Argument
from tests.engine.asking import queries

PATIENCE = 60.0
BPFTRACE = Bpftrace("/usr/bin/bpftrace", Release(0, 23))
LISTING = b"kprobe:vfs_read\nhardware:*:\nsoftware:faults:\ntracepoint:syscalls:sys_enter_read\n"
SWITCH = """WARNING: something
tracepoint:sched:sched_switch
    char prev_comm[16]
    pid_t prev_pid
    const char * name
    __data_loc char[] text
    unsigned long args[6]
    struct file * file

tracepoint:sched:sched_wakeup
    int other
"""
FEXIT = "fentry:vmlinux:vfs_read\n    struct file * file\n    size_t count\n    ssize_t retval\n"


class Answers:
    """Stands for bpftrace: what it was asked, and what it says."""

    def __init__(self, listing: bytes = LISTING) -> None:
        self.asked: list[list[str]] = []
        self.listing = listing
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, words: Sequence[str], limit: int) -> bytes:
        self.may_answer.wait(PATIENCE)
        self.asked.append(list(words))
        return self.listing if words[1] == "-l" else SWITCH.encode()


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def probes(answers: Answers, tmp_path: Path) -> Iterator[KernelProbes]:
    made = KernelProbes(BPFTRACE, tmp_path / "cache", ask=answers)
    yield made
    answers.may_answer.set()
    made.close()


def loaded(probes: KernelProbes) -> KernelProbes:
    probes.start()
    wait_until(lambda: probes.loaded)
    return probes


def test_nothing_is_known_and_nothing_waits_before_the_listing_is_there(probes: KernelProbes, answers: Answers) -> None:
    answers.may_answer.clear()
    probes.start()
    assert not probes.loaded
    assert list(probes.search("vfs")) == []
    assert probes.arguments("kprobe:vfs_read") is None
    assert probes.hint("kprobe:vfs_read") == ""
    answers.may_answer.set()
    wait_until(lambda: probes.loaded)
    assert list(probes.search("vfs")) == ["kprobe:vfs_read"]


def test_junk_is_no_probe(probes: KernelProbes) -> None:
    assert len(loaded(probes).names) == 3
    assert probes.failure == ""


def test_a_hint_is_given_where_this_kernel_has_the_tracepoint(probes: KernelProbes) -> None:
    assert "tracepoint:syscalls:sys_enter_read reports about the same" in loaded(probes).hint("kprobe:vfs_read")
    assert probes.hint("kprobe:vfs_write") == ""


def test_the_listing_is_kept_for_the_next_start(probes: KernelProbes, tmp_path: Path) -> None:
    loaded(probes)
    later = Answers()
    again = loaded(KernelProbes(BPFTRACE, tmp_path / "cache", ask=later))
    assert list(again.search("vfs")) == ["kprobe:vfs_read"]
    assert later.asked == []
    again.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="a normal user trusts everybody with what is theirs alone")
@pytest.mark.parametrize("place", ["the file", "its folder"])
def test_root_takes_no_listing_that_another_user_could_have_written(
    probes: KernelProbes, tmp_path: Path, place: str
) -> None:
    loaded(probes)
    kept = tmp_path / "cache" / f"probes-{cache_key(BPFTRACE)}"
    (kept if place == "the file" else kept.parent).chmod(0o757)
    later = Answers()
    again = loaded(KernelProbes(BPFTRACE, tmp_path / "cache", ask=later))
    assert later.asked == [[BPFTRACE.path, "-l"]]
    again.close()


def test_another_release_lists_anew(probes: KernelProbes, tmp_path: Path) -> None:
    loaded(probes)
    later = Answers()
    other = loaded(KernelProbes(Bpftrace(BPFTRACE.path, Release(0, 24)), tmp_path / "cache", ask=later))
    assert later.asked == [[BPFTRACE.path, "-l"]]
    other.close()


def test_listings_of_earlier_boots_do_not_pile_up(probes: KernelProbes, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    for number in range(9):
        (folder / f"probes-{number}").write_bytes(b"old")
        os.utime(folder / f"probes-{number}", (number, number))
    loaded(probes)
    kept = {path.name for path in folder.iterdir()}
    assert len(kept) == 4
    assert f"probes-{cache_key(BPFTRACE)}" in kept


def test_a_cache_that_cannot_be_written_costs_nothing_else(tmp_path: Path, answers: Answers) -> None:
    (tmp_path / "file").write_text("")
    probes = loaded(KernelProbes(BPFTRACE, tmp_path / "file", ask=answers))
    assert len(probes.names) == 3
    probes.close()


def test_an_empty_listing_is_a_failure_and_is_not_kept(tmp_path: Path) -> None:
    probes = loaded(KernelProbes(BPFTRACE, tmp_path, ask=Answers(b"")))
    assert "no probes" in probes.failure
    assert list(tmp_path.iterdir()) == []
    probes.close()


def test_a_bpftrace_that_does_not_start_is_a_failure(tmp_path: Path) -> None:
    missing = Bpftrace(str(tmp_path / "missing"), Release(0, 23))
    with queries() as through:
        probes = loaded(KernelProbes(missing, tmp_path, ask=Asker(through).ask))
        assert "cannot be listed" in probes.failure
        assert "No such file" in probes.failure
        probes.close()


def test_arguments_are_asked_for_once(probes: KernelProbes, answers: Answers) -> None:
    loaded(probes)
    assert probes.arguments("tracepoint:sched:sched_switch") is None
    wait_until(lambda: probes.arguments("tracepoint:sched:sched_switch") is not None)
    assert probes.arguments("tracepoint:sched:sched_switch") == tuple(
        arguments_in(SWITCH, "tracepoint:sched:sched_switch")
    )
    assert answers.asked[1:] == [[BPFTRACE.path, "-lv", "tracepoint:sched:sched_switch"]]


def test_the_last_question_is_answered_first(probes: KernelProbes, answers: Answers) -> None:
    answers.may_answer.clear()
    probes.start()
    for name in ("a", "b", "a", "c"):
        probes.arguments(f"kprobe:{name}")
    answers.may_answer.set()
    wait_until(lambda: len(answers.asked) == 4)
    assert [words[-1] for words in answers.asked[1:]] == ["kprobe:c", "kprobe:a", "kprobe:b"]


@pytest.mark.parametrize(
    "probe", ["tracepoint:*:x", "-v", "--info", "a b:c", "kprobe:", "", "kprobe:a,kprobe:b", "BEGIN"]
)
def test_what_is_no_single_probe_is_not_asked_for(probes: KernelProbes, answers: Answers, probe: str) -> None:
    assert loaded(probes).arguments(probe) == ()
    assert probes.arguments("kprobe:last") is None
    wait_until(lambda: probes.arguments("kprobe:last") is not None)
    assert len(answers.asked) == 2


def test_news_are_told_for_the_listing_and_for_each_answer(answers: Answers, tmp_path: Path) -> None:
    news = threading.Semaphore(0)
    probes = KernelProbes(BPFTRACE, tmp_path, news.release, ask=answers)
    probes.start()
    assert news.acquire(timeout=PATIENCE)
    assert probes.loaded
    probes.arguments("kprobe:x")
    assert news.acquire(timeout=PATIENCE)
    assert probes.arguments("kprobe:x") is not None
    probes.close()


def test_arguments_are_read_with_their_types() -> None:
    assert list(arguments_in(SWITCH, "tracepoint:sched:sched_switch")) == [
        Argument("char[16]", "prev_comm"),
        Argument("pid_t", "prev_pid"),
        Argument("const char *", "name"),
        Argument("__data_loc char[]", "text"),
        Argument("unsigned long[6]", "args"),
        Argument("struct file *", "file"),
    ]


@pytest.mark.parametrize("probe", ["fexit:vmlinux:vfs_read", "kretfunc:vmlinux:vfs_read"])
def test_what_a_function_returns_is_known_at_its_exit(probe: str) -> None:
    assert [argument.name for argument in arguments_in(FEXIT, probe)] == ["file", "count", "retval"]


@pytest.mark.parametrize("probe", ["fentry:vmlinux:vfs_read", "kfunc:vmlinux:vfs_read"])
def test_what_a_function_returns_is_not_known_at_its_entry(probe: str) -> None:
    assert [argument.name for argument in arguments_in(FEXIT, probe)] == ["file", "count"]


def test_the_arguments_of_a_kprobe_are_those_of_its_function(tmp_path: Path) -> None:
    answers = Answers(LISTING + b"fentry:vmlinux:vfs_read\n")
    probes = loaded(KernelProbes(BPFTRACE, tmp_path, ask=answers))
    for probe in ("kprobe:vfs_read", "kretprobe:vfs_read", "kprobe:other"):
        probes.arguments(probe)
        wait_until(lambda probe=probe: probes.arguments(probe) is not None)  # type: ignore[misc]
    assert [words[-1] for words in answers.asked[1:]] == ["fentry:vmlinux:vfs_read"] * 2 + ["kprobe:other"]
    assert [one.name for one in arguments_in(FEXIT, "kprobe:vfs_read", "fentry:vmlinux:vfs_read")] == ["file", "count"]
    probes.close()


@given(st.text(), st.sampled_from(["kprobe:x", "fexit:x", "", "tracepoint:sched:sched_switch"]))
def test_any_answer_gives_arguments(listing: str, probe: str) -> None:
    assert all(argument.name for argument in arguments_in(listing, probe))
