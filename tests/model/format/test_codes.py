"""The tables against those of Python's own modules, which come from the C library's headers."""

from __future__ import annotations

import errno
import platform
import signal
import socket

import pytest

from bttop.model.format import codes
from bttop.model.format.codes import errors, signals

GENERIC = codes.is_generic(platform.machine())
_SYNONYMS = {"EDEADLOCK": "EDEADLK", "EWOULDBLOCK": "EAGAIN", "ENOTSUP": "EOPNOTSUPP"}


@pytest.mark.skipif(not GENERIC, reason="this machine has other numbers")
def test_errors_and_signals_have_the_names_of_the_c_library() -> None:
    ours = {number: name for number, name in errors("x86_64").items() if number < 512}
    theirs = {number: _SYNONYMS.get(name, name) for number, name in errno.errorcode.items()}
    assert theirs.items() <= ours.items()
    assert ours.keys() - theirs.keys() <= {133}  # Python up to 3.13 has no EHWPOISON
    synonyms = {"SIGIOT": "SIGABRT", "SIGCLD": "SIGCHLD", "SIGPOLL": "SIGIO"}
    named = {one.value: synonyms.get(one.name, one.name) for one in signal.Signals if one.value < 34}
    assert {number: name for number, name in signals("x86_64").items() if number < 34} == named
    assert (signals("x86_64")[34], signals("x86_64")[64]) == ("SIGRTMIN", "SIGRTMIN+30")


@pytest.mark.parametrize("machine", ["mips64", "sparc64", "alpha", "parisc64"])
def test_of_a_machine_with_other_numbers_only_the_shared_ones_are_named(machine: str) -> None:
    assert errors(machine).get(2) == "ENOENT"
    assert errors(machine).get(110) is None
    assert signals(machine).get(9) == "SIGKILL"
    assert signals(machine).get(10) is None


def test_families_protocols_and_socket_types_have_the_names_of_the_c_library() -> None:
    families = {one.value: one.name for one in socket.AddressFamily}
    assert {number: families[number] for number in codes.FAMILIES if number in families} == {
        number: name.upper() for number, name in codes.FAMILIES.items() if number in families
    }
    for number, name in codes.PROTOCOLS.items():
        known = getattr(socket, f"IPPROTO_{name.upper()}", number)
        assert known == number, name
    types = {one.value: one.name for one in socket.SocketKind}
    assert {number: codes.SOCKET_TYPES[number] for number in codes.SOCKET_TYPES if number in types} == {
        number: types[number] for number in codes.SOCKET_TYPES if number in types
    }
