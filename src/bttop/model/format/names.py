"""Readable key parts: the decoders that front matter names turn a raw part into its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Final, TypeAlias

from system_calls import NoSuchArchitecture, NoSuchSystemCall, syscalls

Decoder: TypeAlias = Callable[["int | str"], str]

DECODERS = frozenset({"syscall", "address"})
"""All decoders that front matter may name."""

# Sizes of `struct in_addr`, `struct in6_addr` and `struct sockaddr_in6` (in tracepoints that include the port).
_IPV4_BYTES: Final = 4
_IPV6_BYTES: Final = 16
_SOCKADDR_BYTES: Final = 28
_BYTES: Final = re.compile(r"\[[0-9]{1,3}(?:, ?[0-9]{1,3})*\]")

_MACHINES = {"aarch64": "arm64", "armv7l": "arm", "i686": "i386", "ppc64le": "powerpc64"}
_tables = lru_cache(maxsize=1)(syscalls)


@lru_cache(maxsize=4096)
def syscall_name(number: int, machine: str) -> str:
    """The system call's name on this architecture (`uname -m`), or `syscall_N` for an unknown number.

    Numbers differ by architecture; a 32-bit program on a 64-bit kernel is named by the 64-bit table.
    """
    try:
        return str(_tables().get_name(number, _MACHINES.get(machine, machine)))
    except (NoSuchArchitecture, NoSuchSystemCall):
        return f"syscall_{number}"


def address(part: int | str) -> str:
    """An IP address from the bytes of an array as bpftrace 0.18 and newer print it, `[10,0,0,1]`; with its port if the
    bytes are a `struct sockaddr` (of a little-endian host). Anything else, such as the text of `ntop`, is returned
    unchanged."""
    text = str(part)
    if _BYTES.fullmatch(text) is None:
        return text
    numbers = [int(one) for one in text[1:-1].split(",")]
    return (_address(bytes(numbers)) if max(numbers) < 256 else "") or text


def _address(data: bytes) -> str:
    if len(data) == _IPV4_BYTES:
        return inet_ntop(AF_INET, data)
    if len(data) == _IPV6_BYTES:
        return inet_ntop(AF_INET6, data)
    if len(data) != _SOCKADDR_BYTES:
        return ""
    family, port = int.from_bytes(data[:2], "little"), int.from_bytes(data[2:4], "big")
    if family == AF_INET:
        return f"{inet_ntop(AF_INET, data[4:8])}:{port}"
    return f"[{inet_ntop(AF_INET6, data[8:24])}]:{port}" if family == AF_INET6 else ""


def decoders(machine: str) -> Mapping[str, Decoder]:
    """The decoders by name, for records from a host of this architecture."""

    def syscall(part: int | str) -> str:
        return syscall_name(part, machine) if isinstance(part, int) else part

    return {"syscall": syscall, "address": address}
