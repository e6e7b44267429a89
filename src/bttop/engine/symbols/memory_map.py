"""The executable mappings of a process: which file an address belongs to, and how that file is opened safely."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from msgspec import Struct

from bttop.engine.host.process.processes import PROC
from bttop.patterns import pattern
from bttop.regular import open_regular

_MOST_BYTES: Final = 8 << 20
"""Bytes of /proc/PID/maps that are read: about 80,000 mappings."""
_LINE: Final = pattern(r"([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) ([0-9]+) *(.*)")
_DELETED: Final = " (deleted)"
# A read from these can wait for another program or another host.
_SLOW_KINDS: Final = ("fuse", "nfs", "cifs", "smb", "9p", "ceph", "afs", "sshfs", "glusterfs", "lustre", "virtiofs")


class MappedFile(Struct, frozen=True):
    """A file as the kernel identifies it in a mapping."""

    device: str
    """`major:minor` in hexadecimal."""
    inode: int


class CodeMapping(NamedTuple):
    """One executable mapping."""

    start: int
    end: int
    """Exclusive."""
    offset: int
    """Of `start` in the file, in bytes."""
    file: MappedFile
    """The inode is 0 if no file is mapped."""
    path: str
    """As the kernel prints it; `[vdso]` and similar, or empty, without a file."""

    @property
    def name(self) -> str:
        """The name of the file for people; `anon` without one, as for code that was generated at run time."""
        bare = self.path.removesuffix(_DELETED).rpartition("/")[2].strip("[]")
        return bare or "anon"


def parse_maps(text: str) -> tuple[CodeMapping, ...]:
    """The executable mappings in the text of /proc/PID/maps, by address. Lines that cannot be read are left out."""
    found = []
    for line in text.split("\n"):
        one = _LINE.fullmatch(line)
        if one is not None:
            start, end, offset = (int(number, 16) for number in one.group(1, 2, 3))
            found.append(CodeMapping(start, end, offset, MappedFile(one[4], int(one[5])), one[6]))
    return tuple(sorted(found))


def read_maps(pid: int, root: Path = PROC) -> tuple[CodeMapping, ...]:
    """The executable mappings of a process; empty if it has ended. Raises PermissionError if this user may not read
    them."""
    try:
        with (root / str(pid) / "maps").open("rb") as file:
            text = file.read(_MOST_BYTES)
    except (FileNotFoundError, ProcessLookupError):
        return ()
    return parse_maps(text.decode(errors="surrogateescape"))


def mapping_at(maps: Sequence[CodeMapping], address: int) -> CodeMapping | None:
    """The mapping that an address lies in."""
    return next((one for one in maps if one.start <= address < one.end), None)


def open_mapped(pid: int, mapping: CodeMapping, root: Path = PROC) -> BinaryIO:
    """Open exactly the file that is mapped, for reading. Raises OSError, also if it is not a regular file or lies on a
    file system that may never answer.

    The link in map_files is the mapped file itself, whatever its path is now; only root may follow it. Others open the
    path within the process's root, and the inode must be that of the mapping.
    """
    if not mapping.file.inode:
        raise FileNotFoundError(mapping.path)
    if (kind := _kind_of(pid, mapping.file.device, root)).startswith(_SLOW_KINDS):
        raise OSError(f"it is on a file system that may never answer ({kind})")
    folder = root / str(pid)
    link = folder / "map_files" / f"{mapping.start:x}-{mapping.end:x}"
    try:
        return _opened(link)
    except PermissionError:
        file = _opened(folder / "root" / mapping.path.lstrip("/"))
    if os.fstat(file.fileno()).st_ino != mapping.file.inode:
        file.close()
        raise FileNotFoundError(mapping.path)
    return file


def _opened(path: Path) -> BinaryIO:
    """Open a regular file; the check before the open spares devices that do something when they are opened."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is not a regular file")
    return open_regular(path)


def _kind_of(pid: int, device: str, root: Path) -> str:
    """The kind of file system with this device number, as the process sees it; empty if it is not known."""
    major, _, minor = device.partition(":")
    number = f"{int(major, 16)}:{int(minor, 16)}"
    try:
        table = (root / str(pid) / "mountinfo").read_text(errors="replace")
    except OSError:
        return ""
    for line in table.split("\n"):
        mount, _, source = line.partition(" - ")
        if mount.split(" ")[2:3] == [number]:
            return source.partition(" ")[0]
    return ""
