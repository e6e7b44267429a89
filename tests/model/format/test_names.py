from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.format.names import DECODERS, address, decoders, syscall_name
from bttop.script.language import front_matter

MAPPED = "[0,0,0,0,0,0,0,0,0,0,255,255,10,40,12,91]"
V4_SOCKET = [2, 0, 0x1F, 0x90, 10, 40, 12, 91, *[0] * 20]
V6_SOCKET = [10, 0, 0, 80, 0, 0, 0, 0, *[0] * 15, 1, 0, 0, 0, 0]


def test_every_decoder_that_front_matter_may_name_exists() -> None:
    assert decoders("x86_64").keys() == DECODERS == front_matter.DECODERS


def test_a_number_of_a_system_call_is_named_by_architecture() -> None:
    assert syscall_name(1, "x86_64") == "write"
    assert syscall_name(64, "aarch64") == "write"
    assert syscall_name(100_000, "x86_64") == "syscall_100000"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("[127,0,0,1]", "127.0.0.1"),
        ("[127, 0, 0, 1]", "127.0.0.1"),
        ("[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]", "::1"),
        (MAPPED, "::ffff:10.40.12.91"),
        (str(V4_SOCKET), "10.40.12.91:8080"),
        (str(V6_SOCKET), "[::1]:80"),
    ],
)
def test_bytes_of_an_address_are_shown_as_an_address(raw: str, shown: str) -> None:
    assert address(raw) == shown


@pytest.mark.parametrize(
    "raw", ["10.40.12.91", "::1", "", "[1,2,3]", "[1,2,3,256]", "[1,2,3,-4]", "[a,b,c,d]", str([9, *V4_SOCKET[1:]])]
)
def test_anything_else_stays_as_it_is(raw: str) -> None:
    assert address(raw) == raw


@given(st.text() | st.integers())
def test_any_part_is_shown(part: str | int) -> None:
    assert isinstance(address(part), str)
