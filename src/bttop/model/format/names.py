"""Readable key parts: decoders turn the raw part of a key into its name. A number without a name stays a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop
from typing import TYPE_CHECKING, Final, TypeAlias

from bttop.model.format import codes
from bttop.model.format.flag_words import map_flags, open_flags, operation_of_letters, protection, request_operation
from bttop.patterns import pattern

if TYPE_CHECKING:
    from system_calls import syscalls

Decoder: TypeAlias = Callable[["int | str"], "int | str"]

# Sizes of `struct in_addr`, `struct in6_addr` and `struct sockaddr_in6` (in tracepoints that include the port).
_IPV4_BYTES: Final = 4
_IPV6_BYTES: Final = 16
_SOCKADDR_BYTES: Final = 28
_BYTES: Final = pattern(r"\[[0-9]{1,3}(?:, ?[0-9]{1,3})*\]")

_MACHINES = {"aarch64": "arm64", "armv7l": "arm", "i686": "i386", "ppc64le": "powerpc64"}


@lru_cache(maxsize=1)
def _tables() -> syscalls:
    from system_calls import syscalls  # needed with the first system call

    return syscalls()


@lru_cache(maxsize=4096)
def syscall_name(number: int, machine: str) -> str:
    """The system call's name on this architecture (`uname -m`), or `syscall_N` for an unknown number.

    Numbers differ by architecture; a 32-bit program on a 64-bit kernel is named by the 64-bit table.
    """
    from system_calls import NoSuchArchitecture, NoSuchSystemCall

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


_MINOR_BITS: Final = 20
_FUTEX_COMMAND: Final = 127
_SOCKET_TYPE: Final = 15
_SOCKET_FLAGS: Final = ((0o4000, "SOCK_NONBLOCK"), (0o2000000, "SOCK_CLOEXEC"))
_WORD: Final = 1 << 64


def error_name(number: int, errors: Mapping[int, str]) -> int | str:
    """The name of an errno; a negative one, as the kernel returns it, has the same name."""
    return errors.get(abs(_signed(number)), number)


def result_name(number: int, errors: Mapping[int, str]) -> int | str:
    """The name of the error if a system call returned one; any other result unchanged."""
    signed = _signed(number)
    return errors.get(-signed, number) if -codes.LARGEST_ERROR <= signed < 0 else number


def _signed(number: int) -> int:
    """The number as bpftrace would print it signed: a cast to uint64 makes an error a number near 2^64."""
    return number - _WORD if _WORD - codes.LARGEST_ERROR <= number < _WORD else number


def device_name(part: int | str, devices: Mapping[str, str]) -> str:
    """The name of a block device, such as `vda`, from the kernel's device number or from `major:minor`; without a name
    `major:minor`. `devices` has the names by `major:minor`."""
    text = f"{part >> _MINOR_BITS}:{part & ((1 << _MINOR_BITS) - 1)}" if isinstance(part, int) and part >= 0 else part
    return devices.get(str(text), str(text))


def socket_type(number: int) -> int | str:
    """The type of a socket with its flags, as in socket(2)."""
    name = codes.SOCKET_TYPES.get(number & _SOCKET_TYPE)
    flags = [word for bit, word in _SOCKET_FLAGS if number & bit]
    return number if name is None else "|".join([name, *flags])


def futex_operation(number: int) -> int | str:
    """The operation of futex(2) without its flags (private, clock)."""
    return codes.FUTEX_OPERATIONS.get(number & _FUTEX_COMMAND, number)


def block_operation(part: int | str) -> str:
    """What a block request does, from its `cmd_flags` or from its `rwbs`."""
    return request_operation(part) if isinstance(part, int) else operation_of_letters(part)


def decoders(machine: str, devices: Mapping[str, str] | None = None) -> Mapping[str, Decoder]:
    """The decoders by name (those of `plan.DECODERS`), for records from a host of this architecture with these block
    devices: names by `major:minor`."""
    errors, signals = codes.errors(machine), codes.signals(machine)
    generic = codes.is_generic(machine)
    known = devices or {}
    return {
        "address": address,
        "device": lambda part: device_name(part, known),
        "block_operation": lambda part: (
            request_operation(part) if isinstance(part, int) else operation_of_letters(part)
        ),
        "syscall": _of_number(lambda number: syscall_name(number, machine)),
        "errno": _of_number(lambda number: error_name(number, errors)),
        "result": _of_number(lambda number: result_name(number, errors)),
        "signal": _of_number(_named(signals)),
        "family": _of_number(_named(codes.FAMILIES)),
        "protocol": _of_number(_named(codes.PROTOCOLS)),
        "ethertype": _of_number(_named(codes.ETHERTYPES)),
        "tcp_state": _of_number(_named(codes.TCP_STATES)),
        "socket_type": _of_number(lambda number: socket_type(number) if generic else number),
        "open_flags": _of_number(lambda number: open_flags(number, machine)),
        "map_flags": _of_number(lambda number: map_flags(number, machine)),
        "protection": _of_number(protection),
        "advice": _of_number(_named(codes.ADVICES)),
        "futex": _of_number(futex_operation),
        "task_state": _of_number(_named(codes.TASK_STATES)),
        "process": _of_number(lambda number: number or "-"),
    }


def _of_number(decode: Callable[[int], int | str]) -> Decoder:
    """A decoder of numbers: text stays as it is."""
    return lambda part: decode(part) if isinstance(part, int) else part


def _named(names: Mapping[int, str]) -> Callable[[int], int | str]:
    return lambda number: names.get(number, number)
