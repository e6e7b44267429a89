"""The functions of an ELF file by address. The file may come from anyone: what is read of it is bounded, and no file
makes this module raise anything but BadElf."""

from __future__ import annotations

import io
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, Final, cast

from msgspec import Struct

MOST_READ: Final = 64 << 20
"""Bytes that are read of one file."""
MOST_FUNCTIONS: Final = 250_000
_MOST_SECTIONS: Final = 4096
_LONGEST_NAME: Final = 512
_FUNCTION_TYPES: Final = frozenset({2, 10})
"""STT_FUNC and STT_GNU_IFUNC."""
_SYMBOLS: Final = {64: "IBBHQQ", 32: "IIIBBH"}


class BadElf(ValueError):
    """The file has no functions that can be read; the message says why."""


class _Segment(Struct, frozen=True):
    """A part of the file that is loaded."""

    offset: int
    size: int
    address: int


class _Table(Struct, frozen=True):
    """Where the symbols and their names are in the file."""

    symbols: bytes
    names: bytes


class FunctionTable:
    """The functions of one file."""

    def __init__(self, segments: tuple[_Segment, ...], functions: list[tuple[int, int, int]], names: bytes) -> None:
        """`functions`: address, end and offset of the name in `names`, by address."""
        self._segments = segments
        self._starts = array("Q", [start for start, _, _ in functions])
        self._ends = array("Q", [end for _, end, _ in functions])
        self._places = array("L", [place for _, _, place in functions])
        self._names = names

    @property
    def bytes(self) -> int:
        """Memory that the table takes."""
        return len(self._names) + 24 * len(self._starts)

    def __len__(self) -> int:
        return len(self._starts)

    def name_at(self, offset: int) -> str:
        """The function at an offset in the file; empty if there is none."""
        segment = next((one for one in self._segments if one.offset <= offset < one.offset + one.size), None)
        if segment is None:
            return ""
        address = offset - segment.offset + segment.address
        at = bisect_right(self._starts, address) - 1
        if at < 0 or address >= self._ends[at]:
            return ""
        return _text_at(self._names, self._places[at])


def read_functions(file: BinaryIO) -> FunctionTable:
    """The functions of an ELF file: of its symbol table, or of what it exports if that was stripped. Raises BadElf."""
    # Imported here: 70 ms and 7 MB, only when there is an address to name.
    from elftools.elf.elffile import ELFFile

    bounded = _Bounded(file)
    try:
        elf = ELFFile(cast("IO[bytes]", bounded))
        table = _table_of(elf, bounded)
        segments = tuple(_segments(elf))
    except BadElf:
        raise
    except Exception as error:  # the reader raises anything on a damaged file, also KeyError and UnicodeError
        raise BadElf(f"it is damaged: {error}") from error
    functions = sorted(_functions(table, elf.elfclass, "<" if elf.little_endian else ">"))
    return FunctionTable(segments, _one_each(functions, table.names), table.names)


class _Bounded(io.RawIOBase):
    """A file of which at most MOST_READ bytes are read, however often."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._left = MOST_READ
        self.size = file.seek(0, io.SEEK_END)
        file.seek(0)

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= self._left:
            raise BadElf(f"more than {MOST_READ >> 20} MiB of it would have to be read")
        self._left -= size
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _table_of(elf: Any, file: _Bounded) -> _Table:
    if elf.num_sections() > _MOST_SECTIONS:
        raise BadElf("it has too many sections")
    headers = _headers(elf, elf.structs.Elf_Shdr, elf.num_sections(), elf["e_shoff"], elf["e_shentsize"])
    for kind in ("SHT_SYMTAB", "SHT_DYNSYM"):
        found = next((one for one in headers if one.sh_type == kind and one.sh_link < len(headers)), None)
        if found is not None:
            return _Table(_section(file, found), _section(file, headers[found.sh_link]))
    raise BadElf("it has no symbols")


def _headers(elf: Any, shape: Any, count: int, offset: int, size: int) -> list[Any]:
    """The headers of all sections or segments. `get_section` and `get_segment` also read the hash tables of the names,
    entry by entry, which takes longer than all the rest."""
    from elftools.common.utils import struct_parse

    return [struct_parse(shape, elf.stream, offset + number * size) for number in range(count)]


def _section(file: _Bounded, header: Any) -> bytes:
    if header.sh_offset + header.sh_size > file.size:
        raise BadElf("a section ends behind the file")
    file.seek(header.sh_offset)
    return file.read(header.sh_size)


def _segments(elf: Any) -> Iterator[_Segment]:
    if elf.num_segments() > _MOST_SECTIONS:
        raise BadElf("it has too many segments")
    for header in _headers(elf, elf.structs.Elf_Phdr, elf.num_segments(), elf["e_phoff"], elf["e_phentsize"]):
        if header.p_type == "PT_LOAD":
            yield _Segment(header.p_offset, header.p_filesz, header.p_vaddr)


def _functions(table: _Table, bits: int, order: str) -> Iterator[tuple[int, int, int]]:
    """Address, end and name of each function that is defined in the file."""
    shape = struct.Struct(order + _SYMBOLS[bits])
    whole = memoryview(table.symbols)[: len(table.symbols) // shape.size * shape.size]
    count = 0
    for symbol in shape.iter_unpack(whole):
        place, value, size, info, section = (
            (symbol[0], symbol[4], symbol[5], symbol[1], symbol[3])
            if bits == 64
            else (symbol[0], symbol[1], symbol[2], symbol[3], symbol[5])
        )
        if section and info & 15 in _FUNCTION_TYPES and size and value + size < 1 << 64:
            count += 1
            if count > MOST_FUNCTIONS:
                raise BadElf(f"it has more than {MOST_FUNCTIONS:,} functions")
            yield value, value + size, place


def _one_each(functions: list[tuple[int, int, int]], names: bytes) -> list[tuple[int, int, int]]:
    """One function for each address: of several names, the one with the fewest underscores in front."""
    found: list[tuple[int, int, int]] = []
    for one in functions:
        if found and found[-1][0] == one[0]:
            if _plainness(names, one[2]) < _plainness(names, found[-1][2]):
                found[-1] = one
        else:
            found.append(one)
    return found


def _plainness(names: bytes, place: int) -> tuple[int, int, str]:
    name = _text_at(names, place)
    return len(name) - len(name.lstrip("_")), len(name), name


def _text_at(names: bytes, place: int) -> str:
    end = names.find(b"\0", place, place + _LONGEST_NAME)
    return names[place : end if end >= 0 else place + _LONGEST_NAME].decode(errors="replace")
