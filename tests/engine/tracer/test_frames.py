"""Frames of a tracer that is not trusted."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.engine.tracer.frames import HEADER, FrameReader
from bttop.errors import TracerLost
from bttop.model.record.records import FOREVER

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from([
    "pid", "code", "reason", "counts", "lines", "bytes", "version", "by", "cpu_ns", "rss", "hooks", "programs", "token",
    "files", "links", "paths", "cut", "uname", "generation", "stamp",
])  # fmt: skip
states = st.sampled_from([
    "started", "failed", "exited", "fds", "dropped", "hello", "refused", "metering", "cost", "survey", "time",
    "content",
])  # fmt: skip


def frame(kind: bytes, payload: bytes, *, boot_ns: int = 1, length: int | None = None) -> bytes:
    return HEADER.pack(kind, 3, boot_ns, 2, len(payload) if length is None else length) + payload


@given(states, st.dictionaries(fields, values, max_size=8))
def test_a_state_is_decoded_with_its_types_or_ends_the_tracer(state: str, more: dict[str, object]) -> None:
    data = frame(b"s", json.dumps({**more, "state": state}).encode())
    try:
        (found,) = FrameReader().feed(data)
    except TracerLost:
        return
    assert (found.generation, found.stamp) == (3, (1, 2))


def test_a_state_in_a_state_without_end_ends_the_tracer() -> None:
    with pytest.raises(TracerLost):
        FrameReader().feed(frame(b"s", b'{"a":' + b"[" * 200_000))


def test_a_frame_above_the_limit_is_refused_before_it_arrives() -> None:
    with pytest.raises(TracerLost, match=re.escape("a frame of 1,001 bytes; at most 1,000")):
        FrameReader(1000).feed(frame(b"o", b"", length=1001))
    assert not FrameReader(1000).feed(frame(b"o", b"", length=1000))


def test_an_impossible_time_ends_the_tracer() -> None:
    with pytest.raises(TracerLost, match="an impossible time"):
        FrameReader().feed(frame(b"o", b"", boot_ns=FOREVER))


@pytest.mark.parametrize(
    ("state", "field"),
    [("hello", {"cpus": 1 << 60}), ("hello", {"uname": ["x" * 5000] * 5}), ("cost", {"rss": 1 << 63}),
     ("cost", {"cpu_ns": -1}), ("cost", {"parts": 0}), ("exited", {"code": 10**30})],
)  # fmt: skip
def test_a_number_or_a_name_that_no_recording_can_hold_ends_the_tracer(state: str, field: dict[str, object]) -> None:
    whole = {"state": state, "version": 1, "pid": 1, "cpu_ns": 1, "rss": 1, "code": 1}
    assert FrameReader().feed(frame(b"s", json.dumps(whole).encode()))
    with pytest.raises(TracerLost, match="invalid frame"):
        FrameReader().feed(frame(b"s", json.dumps(whole | field).encode()))
