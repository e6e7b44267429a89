"""Words for numbers that are made of bits: flags of open and mmap, and the operations of block requests.

Sources: the kernel's include/uapi (asm-generic/fcntl.h, asm/fcntl.h of arm and powerpc, asm-generic/mman-common.h,
linux/mman.h), include/linux/blk_types.h and `blk_fill_rwbs` in kernel/trace/blktrace.c.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bttop.model.format.codes import is_generic

_Flags = Sequence[tuple[int, str]]

_ACCESS: Final = ("O_RDONLY", "O_WRONLY", "O_RDWR")
# O_SYNC and O_TMPFILE contain the bits of O_DSYNC and O_DIRECTORY, so they come first.
_OPEN: Final[_Flags] = (
    (0o4010000, "O_SYNC"), (0o100, "O_CREAT"), (0o200, "O_EXCL"), (0o400, "O_NOCTTY"), (0o1000, "O_TRUNC"),
    (0o2000, "O_APPEND"), (0o4000, "O_NONBLOCK"), (0o10000, "O_DSYNC"), (0o20000, "O_ASYNC"), (0o1000000, "O_NOATIME"),
    (0o2000000, "O_CLOEXEC"), (0o10000000, "O_PATH"),
)  # fmt: skip
_TMPFILE: Final = 0o20000000
_OPEN_PLACES: Final[Mapping[str, _Flags]] = {
    "arm": ((0o40000, "O_DIRECTORY"), (0o100000, "O_NOFOLLOW"), (0o200000, "O_DIRECT"), (0o400000, "O_LARGEFILE")),
    "aarch64": ((0o40000, "O_DIRECTORY"), (0o100000, "O_NOFOLLOW"), (0o200000, "O_DIRECT"), (0o400000, "O_LARGEFILE")),
    "ppc": ((0o40000, "O_DIRECTORY"), (0o100000, "O_NOFOLLOW"), (0o200000, "O_LARGEFILE"), (0o400000, "O_DIRECT")),
    "": ((0o40000, "O_DIRECT"), (0o100000, "O_LARGEFILE"), (0o200000, "O_DIRECTORY"), (0o400000, "O_NOFOLLOW")),
}
_PROTECTION: Final[_Flags] = ((1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC"), (8, "PROT_SEM"))
_SHARING: Final = {1: "MAP_SHARED", 2: "MAP_PRIVATE", 3: "MAP_SHARED_VALIDATE"}
_MAP: Final[_Flags] = (
    (0x10, "MAP_FIXED"), (0x20, "MAP_ANONYMOUS"), (0x100, "MAP_GROWSDOWN"), (0x800, "MAP_DENYWRITE"),
    (0x1000, "MAP_EXECUTABLE"), (0x8000, "MAP_POPULATE"), (0x10000, "MAP_NONBLOCK"), (0x20000, "MAP_STACK"),
    (0x40000, "MAP_HUGETLB"), (0x100000, "MAP_FIXED_NOREPLACE"),
)  # fmt: skip
_MAP_POWERPC: Final[_Flags] = ((0x40, "MAP_NORESERVE"), (0x80, "MAP_LOCKED"))
_MAP_OTHERS: Final[_Flags] = ((0x2000, "MAP_LOCKED"), (0x4000, "MAP_NORESERVE"))

# Numbers of REQ_OP_* that have not changed since Linux 4.10.
_OPERATIONS: Final = {
    0: "read", 1: "write", 2: "flush", 3: "discard", 5: "secure erase", 9: "write zeroes", 34: "driver in",
    35: "driver out",
}  # fmt: skip
_REQUEST: Final[_Flags] = (
    (1 << 18, "preflush"),
    (1 << 17, "fua"),
    (1 << 19, "readahead"),
    (1 << 11, "sync"),
    (1 << 12, "meta"),
)
_LETTERS: Final = {"R": "read", "W": "write", "F": "flush", "D": "discard", "N": "other"}
_LETTER_FLAGS: Final = {"F": "fua", "A": "readahead", "S": "sync", "M": "meta"}


def open_flags(number: int, machine: str) -> str:
    """The flags of open(2), joined by `|`; bits without a name in hexadecimal. On an architecture with other flags, the
    number."""
    if not is_generic(machine) or number & 3 == 3:
        return str(number)
    places = next(flags for start, flags in _OPEN_PLACES.items() if machine.startswith(start))
    directory = next(bit for bit, name in places if name == "O_DIRECTORY")
    flags = ((_TMPFILE | directory, "O_TMPFILE"), *_OPEN, *places)
    return _joined(_ACCESS[number & 3], number & ~3, flags)


def protection(number: int) -> str:
    """The protection of mmap(2) and mprotect(2), joined by `|`."""
    return _joined("", number, _PROTECTION) or "PROT_NONE"


def map_flags(number: int, machine: str) -> str:
    """The flags of mmap(2), joined by `|`; on an architecture with other flags, the number."""
    if not is_generic(machine):
        return str(number)
    flags = (*_MAP, *(_MAP_POWERPC if machine.startswith("ppc") else _MAP_OTHERS))
    return _joined(_SHARING.get(number & 15, ""), number & ~15 if number & 15 in _SHARING else number, flags) or "0"


def _joined(first: str, number: int, flags: _Flags) -> str:
    words, left = ([first] if first else []), number
    for bits, name in flags:
        if left & bits == bits:
            words.append(name)
            left &= ~bits
    return "|".join([*words, *([hex(left)] if left else [])])


def request_operation(number: int) -> str:
    """What a block request does, from its `cmd_flags` (Linux 4.10 and newer): `write sync`."""
    operation = _OPERATIONS.get(number & 255, f"operation {number & 255}")
    return " ".join([operation, *(name for bit, name in _REQUEST if number & bit)])


def operation_of_letters(letters: str) -> str:
    """What a block request does, from the `rwbs` of a block tracepoint: `WFS` is `write fua sync`. Letters that are not
    known are returned unchanged."""
    rest, words = letters, []
    preflush = len(rest) > 1 and rest[0] == "F" and rest[1] in _LETTERS
    rest = rest[1:] if preflush else rest
    if rest[:2] == "DE":
        words, rest = ["secure erase"], rest[2:]
    elif rest[:1] in _LETTERS and rest:
        words, rest = [_LETTERS[rest[0]]], rest[1:]
    if not words or not set(rest) <= _LETTER_FLAGS.keys():
        return letters
    return " ".join([*words, *(["preflush"] if preflush else []), *(_LETTER_FLAGS[letter] for letter in rest)])
