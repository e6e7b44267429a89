"""Raw tracepoints: which releases and kernels a probe file is tried on that has a tracepoint to fall back on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.generation.raw_tracepoints import why_no_raw
from bttop.engine.host.host import Host
from bttop.model.record.release import Release
from bttop.script.language.reader import AttachPoint, Script, read
from tests.engine.stage import ANYWHERE, Stage, source

RELIABLE = Release(0, 23)
RAW = "rawtracepoint:block_rq_issue { @x[comm] = count(); }"
PLAIN = "tracepoint:block:block_rq_issue { @x[comm] = count(); }"


def point(text: str) -> AttachPoint:
    script = read(f"{text} {{ @ = count(); }}")
    assert isinstance(script, Script)
    return script.points[0]


def host(folder: Path, kernel: str = "6.18.0") -> Host:
    (folder / "events/block/block_rq_issue").mkdir(parents=True, exist_ok=True)
    return Host("host", kernel, "x86_64", 2, folder)


@pytest.mark.parametrize(
    ("release", "works"),
    [((0, 14), False), ((0, 17), False), ((0, 19), True), ((0, 23), True), ((0, 24), False), ((0, 27), False)],
)
def test_by_the_release_of_bpftrace(tmp_path: Path, release: tuple[int, int], works: bool) -> None:
    why = why_no_raw(point("rawtracepoint:block_rq_issue"), host(tmp_path), Release(*release))
    assert (why == "") == works
    assert works or f"bpftrace 0.{release[1]}.0" in why


@pytest.mark.parametrize(
    ("kernel", "name", "works"),
    [
        ("5.10.0-30-amd64", "block_rq_issue", False),
        ("5.11.0", "block_rq_issue", True),
        ("4.16.1", "block_rq_complete", False),
        ("4.18.0-553.el8", "block_rq_complete", True),
        ("mainline", "block_rq_complete", False),
    ],
)
def test_by_the_arguments_that_the_kernel_gives(kernel: str, name: str, works: bool) -> None:
    bare = Host("host", kernel, "x86_64", 2, None)
    assert (why_no_raw(point(f"rt:{name}"), bare, RELIABLE) == "") == works


def test_a_tracepoint_that_the_kernel_lacks_has_no_raw_form(tmp_path: Path) -> None:
    assert why_no_raw(point("rt:sock_send_length"), host(tmp_path), RELIABLE) == (
        "this kernel has no tracepoint sock_send_length"
    )
    assert not why_no_raw(point("rt:block_rq_issue"), host(tmp_path), RELIABLE)


def test_of_other_attach_points_nothing_is_said() -> None:
    assert not why_no_raw(point("tracepoint:block:block_rq_issue"), ANYWHERE, Release(0, 17))


@pytest.mark.parametrize(("release", "first"), [(Release(0, 17), PLAIN), (RELIABLE, RAW), (Release(0, 27), PLAIN)])
def test_a_raw_form_that_cannot_work_is_not_even_started(release: Release, first: str) -> None:
    stage = Stage(source(RAW, "disk.bt"), source(PLAIN, "disk_tracepoint.bt"), release=release).start()
    assert [one.candidate.source.text for one in stage.launched] == [first]


@pytest.mark.parametrize(
    ("kernel", "text", "worn"),
    [
        ("6.6.30", "tracepoint:tcp:tcp_retransmit_skb", True),
        ("6.6.30", "kprobe:tcp_retransmit_skb", True),
        ("6.6.30", "tracepoint:block:block_rq_complete", True),
        ("6.6.30", "rawtracepoint:block_rq_complete", False),
        ("6.6.30", "fentry:tcp_retransmit_skb", False),
        ("6.6.30", "tracepoint:raw_syscalls:sys_enter", False),
        ("6.6.30", "kprobe:vfs_read", False),
        ("6.7.0", "tracepoint:tcp:tcp_retransmit_skb", False),
    ],
)
def test_where_skips_are_not_counted_what_interrupts_fire_wears_a_badge(kernel: str, text: str, worn: bool) -> None:
    host = Host("host", kernel, "x86_64", 2, None)
    stage = Stage(source(f"{text} {{ @ = count(); }}"), host=host, release=RELIABLE).start()
    texts = {one.text: one.why for one in stage.program.status.badges}
    assert ("skips are not counted" in texts) == worn
    assert not worn or text in texts["skips are not counted"]


def test_a_raw_tracepoint_of_the_users_own_is_left_to_bpftrace() -> None:
    stage = Stage(source(RAW), release=Release(0, 27)).start()
    assert [one.candidate.source.text for one in stage.launched] == [RAW]
