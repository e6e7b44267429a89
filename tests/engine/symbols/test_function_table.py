from __future__ import annotations

import io
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.engine.symbols import function_table
from bttop.engine.symbols.function_table import BadElf, FunctionTable, read_functions
from bttop.engine.symbols.memory_map import open_mapped, read_maps
from tests.engine.symbols.binaries import BASE, elf

FUNCTIONS = (("work", BASE + 0x1000, 0x40), ("main", BASE + 0x1040, 0x20), ("__read", BASE + 0x2000, 8))
WHOLE = elf(FUNCTIONS)


def table(data: bytes) -> FunctionTable:
    return read_functions(io.BytesIO(data))


@pytest.mark.parametrize("kind", [2, 11])
@pytest.mark.parametrize(
    ("offset", "name"),
    [
        (0x1000, "work"),
        (0x103F, "work"),
        (0x1040, "main"),
        (0x1060, ""),
        (0xFFF, ""),
        (0x2007, "__read"),
        (1 << 40, ""),
    ],
)
def test_an_offset_belongs_to_the_function_around_it(kind: int, offset: int, name: str) -> None:
    assert table(elf(FUNCTIONS, table=kind)).name_at(offset) == name


def test_of_several_names_the_plainest_is_shown() -> None:
    names = ("__GI___write", "__write", "write", "write_alias")
    assert table(elf([(one, BASE + 16, 8) for one in names])).name_at(16) == "write"


def test_symbols_that_are_no_code_are_left_out() -> None:
    assert len(table(elf([("empty", BASE, 0), ("huge", 2**64 - 8, 64)]))) == 0


def test_the_c_library_of_this_process_has_functions() -> None:
    library = next(one for one in read_maps(os.getpid()) if re.match(r"libc[.-]|ld-musl", one.name))
    with open_mapped(os.getpid(), library) as file:
        found = read_functions(file)
    assert len(found) > 100
    assert found.bytes < 64 << 20


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not ELF",
        WHOLE[:64],
        WHOLE[:200],
        elf(FUNCTIONS, table=3),
        elf(FUNCTIONS, shoff=1 << 62),
        elf(FUNCTIONS, shnum=0xFF00),
        elf(FUNCTIONS, shnum=0),
        elf(FUNCTIONS, phnum=0xFFFE),
        elf(FUNCTIONS, phoff=1 << 62),
    ],
)
def test_a_damaged_file_has_no_functions(data: bytes) -> None:
    with pytest.raises(BadElf):
        table(data)


def test_the_names_of_the_sections_are_not_needed() -> None:
    assert table(elf(FUNCTIONS, shstrndx=77)).name_at(0x1040) == "main"


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_any_damage_is_harmless(changes: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for at, byte in changes:
        data[at] = byte
    try:
        found = table(bytes(data))
    except BadElf:
        return
    assert isinstance(found.name_at(0x1000), str)


def test_a_file_with_a_huge_section_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_table, "MOST_READ", 1000)
    with pytest.raises(BadElf, match="would have to be read"):
        table(elf([("x" * 2000, BASE, 8)]))


def test_a_file_with_too_many_functions_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_table, "MOST_FUNCTIONS", 2)
    with pytest.raises(BadElf, match="more than 2 functions"):
        table(WHOLE)
