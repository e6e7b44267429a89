from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.format.names import address, decoders, syscall_name
from bttop.model.plan import DECODERS

MAPPED = "[0,0,0,0,0,0,0,0,0,0,255,255,10,40,12,91]"
V4_SOCKET = [2, 0, 0x1F, 0x90, 10, 40, 12, 91, *[0] * 20]
V6_SOCKET = [10, 0, 0, 80, 0, 0, 0, 0, *[0] * 15, 1, 0, 0, 0, 0]


def test_every_decoder_that_a_plan_may_name_exists() -> None:
    assert decoders("x86_64").keys() == DECODERS


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


DEVICES = {"253:0": "vda"}


@pytest.mark.parametrize(
    ("decoder", "part", "shown"),
    [
        ("errno", 2, "ENOENT"),
        ("errno", -2, "ENOENT"),
        ("errno", 2**64 - 13, "EACCES"),
        ("errno", 512, "ERESTARTSYS"),
        ("errno", 0, 0),
        ("errno", 4000, 4000),
        ("result", -2, "ENOENT"),
        ("result", 2, 2),
        ("result", 2**64 - 2, "ENOENT"),
        ("result", -4000, -4000),
        ("result", -5000, -5000),
        ("signal", 9, "SIGKILL"),
        ("signal", 99, 99),
        ("device", 253 << 20, "vda"),
        ("device", (253 << 20) + 1, "253:1"),
        ("device", "253:0", "vda"),
        ("device", "other", "other"),
        ("device", -1, "-1"),
        ("block_operation", 0x801, "write sync"),
        ("block_operation", "WS", "write sync"),
        ("protocol", 6, "TCP"),
        ("protocol", 254, 254),
        ("ethertype", 0x86DD, "IPv6"),
        ("family", 10, "AF_INET6"),
        ("tcp_state", 2, "SYN_SENT"),
        ("tcp_state", 0, 0),
        ("socket_type", 0o2004001, "SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC"),
        ("open_flags", 0o2000000, "O_RDONLY|O_CLOEXEC"),
        ("map_flags", 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"),
        ("protection", 5, "PROT_READ|PROT_EXEC"),
        ("advice", 4, "DONTNEED"),
        ("advice", 14, "HUGEPAGE"),
        ("advice", 25, "COLLAPSE"),
        ("task_state", 2, "D"),
        ("task_state", 4096, "on CPU"),
        ("process", 0, "-"),
        ("process", 17, 17),
        ("futex", 128, "WAIT"),
        ("futex", 137, "WAIT_BITSET"),
        ("futex", 140, "CMP_REQUEUE_PI"),
    ],
)
def test_a_number_of_the_kernel_has_its_name_and_an_unknown_one_stays(
    decoder: str, part: int | str, shown: int | str
) -> None:
    assert decoders("x86_64", DEVICES)[decoder](part) == shown


@pytest.mark.parametrize("decoder", sorted(DECODERS - {"device", "block_operation"}))
@given(text=st.text(alphabet="abcdefx-. 0123456789/"))
def test_text_stays_as_it_is(decoder: str, text: str) -> None:
    assert decoders("x86_64")[decoder](text) == text


@pytest.mark.parametrize("decoder", sorted(DECODERS))
@given(number=st.integers())
def test_any_number_is_shown(decoder: str, number: int) -> None:
    for machine in ("x86_64", "aarch64", "ppc64le", "mips", ""):
        assert str(decoders(machine)[decoder](number))
