"""ELF files for the tests, made without a compiler."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

BASE: Final = 0x400000
"""Address of the file's first byte."""


def elf(functions: Sequence[tuple[str, int, int]], *, table: int = 2, **header: int) -> bytes:
    """A 64-bit ELF file with these functions: name, address and size. `table`: type of the section with the symbols (2:
    SHT_SYMTAB, 11: SHT_DYNSYM). `header` replaces fields of the file's header: shoff, shnum, shstrndx, phoff, phnum."""
    names, symbols = b"\0", struct.pack("<IBBHQQ", 0, 0, 0, 0, 0, 0)
    for name, address, size in functions:
        symbols += struct.pack("<IBBHQQ", len(names), 0x12, 0, 1, address, size)
        names += name.encode() + b"\0"
    strings = b"\0.symtab\0.strtab\0"
    program = struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, 1 << 20, 1 << 20, 4096)
    body = program + symbols + names + strings
    at = 64 + len(program)
    sections = [
        struct.pack("<IIQQQQIIQQ", *[0] * 10),
        struct.pack("<IIQQQQIIQQ", 1, table, 0, 0, at, len(symbols), 2, 1, 8, 24),
        struct.pack("<IIQQQQIIQQ", 9, 3, 0, 0, at + len(symbols), len(names), 0, 0, 1, 0),
        struct.pack("<IIQQQQIIQQ", 9, 3, 0, 0, at + len(symbols) + len(names), len(strings), 0, 0, 1, 0),
    ]
    fields = {"shoff": 64 + len(body), "shnum": len(sections), "shstrndx": 3, "phoff": 64, "phnum": 1} | header
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, BASE, fields["phoff"], fields["shoff"], 0, 64, 56, fields["phnum"],
                        64, fields["shnum"], fields["shstrndx"])  # fmt: skip
    return head + body + b"".join(sections)
