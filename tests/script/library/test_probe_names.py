"""The names of a kernel's probes: what counts as one, and which come first for what somebody types."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.script.library.probe_names import LONGEST_NAME, ProbeNames

LISTED = """hardware:*:
hardware:cycles:
iter:task
kprobe:do_vfs_readlink
kprobe:tcp_retransmit_skb
kprobe:tcp_send_ack
kprobe:tcp_sendmsg
kprobe:vfs_read
kprobe:vfs_readv
kprobe:vfs_write
kprobe:ZSTD_decompress
fentry:vmlinux:vfs_read
fentry:vmlinux:tcp_retransmit_skb
rawtracepoint:tcp_retransmit_skb
software:*:
software:faults:
tracepoint:tcp:tcp_retransmit_skb
tracepoint:sched:sched_switch
tracepoint:sched:sched_wakeup
WARNING: Could not read symbols from somewhere: Operation not permitted
kprobe:

"""
NAMES = ProbeNames(LISTED.encode().splitlines())


def found(query: str, limit: int = 50) -> list[str]:
    return list(NAMES.search(query, limit))


def test_lines_that_are_no_attach_points_are_dropped() -> None:
    assert len(NAMES) == 17
    assert NAMES.text.count(b"\n") == 17
    assert b"*" not in NAMES.text
    assert b"WARNING" not in NAMES.text


def test_an_event_loses_the_colon_with_which_it_cannot_be_written() -> None:
    assert "software:faults" in NAMES
    assert "software:faults:" not in NAMES


@pytest.mark.parametrize(
    "line", [b"k\xff:x", b"kprobe:" + b"x" * LONGEST_NAME, b"kprobe:a b", b":x", b"kprobe:{", b"x"]
)
def test_a_line_that_could_not_be_written_is_no_probe(line: bytes) -> None:
    assert len(ProbeNames([line])) == 0


def test_a_name_that_is_listed_twice_counts_once() -> None:
    assert len(ProbeNames([b"kprobe:x", b"kprobe:x"])) == 1


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("vfs_read", ["kprobe:vfs_read", "fentry:vmlinux:vfs_read", "kprobe:vfs_readv", "kprobe:do_vfs_readlink"]),
        ("VFS_READ", ["kprobe:vfs_read"]),
        ("zstd", ["kprobe:ZSTD_decompress"]),
        ("tcp_retr", ["tracepoint:tcp:tcp_retransmit_skb", "kprobe:tcp_retransmit_skb"]),
        ("sched:sched_sw", ["tracepoint:sched:sched_switch"]),
        ("switch", ["tracepoint:sched:sched_switch"]),
        ("msg tcp", ["kprobe:tcp_sendmsg"]),
        ("tcp*msg", ["kprobe:tcp_sendmsg"]),
        ("trtskb", []),
        ("kprobe:kp", []),
        ("k:vfs", ["kprobe:vfs_read", "kprobe:vfs_readv"]),
        ("kr:vfs_w", ["kretprobe:vfs_write"]),
        ("kretprobe:write", ["kretprobe:vfs_write"]),
        ("fexit:vmlinux:vfs", ["fexit:vmlinux:vfs_read"]),
        ("kfunc:vfs", ["kfunc:vmlinux:vfs_read"]),
        ("t:", ["tracepoint:sched:sched_switch", "tracepoint:sched:sched_wakeup"]),
        ("rawtracepoint:", ["rawtracepoint:tcp_retransmit_skb"]),
    ],
)
def test_what_fits_best_comes_first(query: str, first: Sequence[str]) -> None:
    assert found(query)[: len(first) or None] == first


def test_a_provider_limits_the_answer_to_its_probes() -> None:
    assert all(name.startswith("kprobe:") for name in found("k:t"))
    assert "kprobe:vfs_read" not in found("t:vfs_read")


def test_a_name_that_only_has_the_letters_in_order_is_not_found() -> None:
    assert "kprobe:tcp_sendmsg" not in found("tcp_send_ack")
    assert found("tsnm") == []


def test_an_empty_query_shows_the_beginning_and_no_more_than_asked() -> None:
    assert len(found("", 5)) == 5
    assert found("", 1)[0].startswith("tracepoint:")


@pytest.mark.parametrize(
    ("probe", "known"),
    [
        ("kprobe:vfs_read", True),
        ("k:vfs_read", True),
        ("kretprobe:vfs_read", True),
        ("kfunc:vmlinux:vfs_read", True),
        ("kprobe:vfs", False),
        ("kprobe:vfs_read\nkprobe:vfs_write", False),
        ("", False),
        ("tracepoint:tcp:tcp_retransmit_skb", True),
        ("tracepoint:tcp", False),
    ],
)
def test_whether_a_probe_exists_is_known_under_all_its_names(probe: str, known: bool) -> None:
    assert (probe in NAMES) is known


def test_what_is_no_text_is_no_probe() -> None:
    assert 5 not in NAMES


def test_no_names_give_no_answers() -> None:
    assert list(ProbeNames().search("x")) == []
    assert list(ProbeNames().search("")) == []


words = st.text(alphabet="abtcp_:* \n[^.\\é", max_size=8)


@given(words, st.integers(1, 5))
def test_any_query_gives_known_names_without_doubles(query: str, limit: int) -> None:
    answer = list(NAMES.search(query, limit))
    assert len(answer) <= limit
    assert len(set(answer)) == len(answer)
    assert all(name in NAMES for name in answer)


@given(
    st.lists(st.text(alphabet="abc", min_size=1, max_size=5), max_size=30),
    st.text(alphabet="abc", min_size=1, max_size=3),
)
def test_every_name_with_the_query_in_it_is_found(functions: list[str], query: str) -> None:
    names = ProbeNames(f"kprobe:{function}".encode() for function in functions)
    holding = {f"kprobe:{function}" for function in functions if re.search(query, function)}
    answer = set(names.search(f"kprobe:{query}", 100))
    assert answer == holding or not holding
