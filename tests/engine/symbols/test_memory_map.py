from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.engine.symbols.memory_map import CodeMapping, MappedFile, mapping_at, open_mapped, parse_maps, read_maps

TEXT = """\
00400000-00401000 r--p 00000000 fd:00 77 /usr/bin/app
00401000-00402000 r-xp 00001000 fd:00 77                                 /usr/bin/app
7f0000000000-7f0000001000 r-xp 00026000 fd:00 78                         /lib/lib c.so.6 (deleted)
7f0000002000-7f0000003000 rwxp 00000000 00:00 0
7fff00000000-7fff00001000 r-xp 00000000 00:00 0                          [vdso]
damaged
"""


def test_only_executable_mappings_are_kept() -> None:
    found = parse_maps(TEXT)
    assert [one.name for one in found] == ["app", "lib c.so.6", "anon", "vdso"]
    assert found[0] == CodeMapping(0x401000, 0x402000, 0x1000, MappedFile("fd:00", 77), "/usr/bin/app")


@pytest.mark.parametrize(("address", "name"), [(0x401000, "app"), (0x401FFF, "app"), (0x402000, ""), (0x400000, "")])
def test_an_address_lies_in_one_mapping(address: int, name: str) -> None:
    found = mapping_at(parse_maps(TEXT), address)
    assert (found.name if found else "") == name


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert isinstance(parse_maps(text), tuple)


def test_this_process_has_mappings_and_their_files_can_be_opened() -> None:
    maps = read_maps(os.getpid())
    mapping = next(one for one in maps if one.path.startswith("/"))
    with open_mapped(os.getpid(), mapping) as file:
        assert os.fstat(file.fileno()).st_ino == mapping.file.inode


def test_a_process_that_has_ended_has_no_mappings() -> None:
    assert read_maps(2**22 + 1) == ()


def process(tmp_path: Path, device: str = "fd:00", kind: str = "ext4") -> Path:
    """A /proc with a process 1 whose file system with a device number is of a kind, without map_files."""
    folder = tmp_path / "1"
    (folder / "root" / "bin").mkdir(parents=True)
    number = ":".join(str(int(part, 16)) for part in device.split(":"))
    (folder / "mountinfo").write_text(f"25 1 {number} / / rw shared:1 - {kind} /dev/vda rw\n")
    links = folder / "map_files"
    links.mkdir()
    (links / "1000-2000").symlink_to(folder / "root" / "bin" / "app")
    return folder / "root" / "bin" / "app"


def mapped(path: Path, device: str = "fd:00") -> CodeMapping:
    inode = path.stat().st_ino if path.exists() else 1
    return CodeMapping(0x1000, 0x2000, 0, MappedFile(device, inode), "/bin/app")


def test_the_mapped_file_is_opened(tmp_path: Path) -> None:
    path = process(tmp_path)
    path.write_bytes(b"ELF")
    with open_mapped(1, mapped(path), tmp_path) as file:
        assert file.read() == b"ELF"


@pytest.mark.parametrize("kind", ["fuse.sshfs", "nfs4", "cifs", "9p"])
def test_a_file_that_may_never_answer_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = process(tmp_path, kind=kind)
    path.write_bytes(b"ELF")
    with pytest.raises(OSError, match="may never answer"):
        open_mapped(1, mapped(path), tmp_path)


def test_a_fifo_and_a_folder_are_not_opened(tmp_path: Path) -> None:
    path = process(tmp_path)
    os.mkfifo(path)
    with pytest.raises(OSError, match="not a regular file"):
        open_mapped(1, mapped(path), tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match="not a regular file"):
        open_mapped(1, mapped(path), tmp_path)


def test_memory_without_a_file_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_mapped(1, CodeMapping(0, 1, 0, MappedFile("00:00", 0), "[vdso]"), tmp_path)
