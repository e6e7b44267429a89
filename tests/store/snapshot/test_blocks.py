from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.record.records import Stamp, StampedLine
from bttop.store.snapshot.blocks import BadBlock, Stated, pack, unpack

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOMENTS = st.integers(0, (1 << 62) - 1)
LINES = st.builds(
    StampedLine,
    st.just(7),
    st.sampled_from(["stdout", "stderr", "oversized", "skipped"]),
    st.builds(Stamp, MOMENTS, MOMENTS),
    st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")),
)


@given(st.lists(LINES, min_size=1, max_size=8))
def test_lines_come_out_as_they_went_in(lines: list[StampedLine]) -> None:
    data, size = pack(lines)
    assert unpack(data, Stated("zstd", size, len(lines)), 7) == tuple(lines)
    assert size >= sum(len(line.data) for line in lines)


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(BadBlock, match="'brotli'"):
        unpack(b"", Stated("brotli", 0, 0), 1)


@given(st.binary(max_size=200))
def test_garbage_is_a_bad_block_and_nothing_else(data: bytes) -> None:
    with pytest.raises(BadBlock):
        unpack(data, Stated("zstd", len(data), 1), 1)


@given(st.binary(max_size=200))
def test_garbage_that_is_well_compressed_is_a_bad_block_too(text: bytes) -> None:
    with pytest.raises(BadBlock):
        unpack(zstd.compress(b"!" + text), Stated("zstd", 1 + len(text), text.count(b"\n")), 1)


def test_a_block_that_is_cut_short_says_so() -> None:
    data, size = pack([StampedLine(1, "stdout", Stamp(1, 2), b"x" * 1000)])
    with pytest.raises(BadBlock, match="too early"):
        unpack(data[:-3], Stated("zstd", size, 1), 1)


def test_a_bomb_is_not_unpacked_to_its_end() -> None:
    bomb = zstd.compress(b"\0" * (65 << 20))
    assert len(bomb) < 1 << 20
    for size in (1, 65 << 20):
        with pytest.raises(BadBlock, match="unpacks to more than"):
            unpack(bomb, Stated("zstd", size, 1), 1)


def test_lines_are_counted_before_any_is_made() -> None:
    """A kilobyte of zstd may hold eight million empty lines, which are 2 GB of objects."""
    text = b'{"boot_ns":[],"wall_ns":[],"stderr":[],"oversized":[]}' + b"\n" * 2_000_000
    for lines, why in ((2_000_000, "are the most"), (240, "240 and .* are stated")):
        with pytest.raises(BadBlock, match=why):
            unpack(zstd.compress(text), Stated("zstd", len(text), lines), 1)


def test_stamps_that_no_clock_shows_make_a_bad_block() -> None:
    for boot in (-1, 1 << 62, 10**400):
        data, size = pack([StampedLine(1, "stdout", Stamp(boot, 5), b"x")])
        with pytest.raises(BadBlock, match="stamps"):
            unpack(data, Stated("zstd", size, 1), 1)
