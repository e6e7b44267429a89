"""Who is behind a process id: what /proc says of a process, and of the threads, names and cgroups that lead to one.

Everything here reads files of /proc and nothing else (names of users: /etc/passwd, never a directory service), gives
a value for whatever it cannot read, and takes names as they are: text for a terminal must be escaped by whoever
shows it. Reading the command line of a process that hangs in its memory management can hang as well: look up on a
thread that may wait, as `identities` does.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from bttop.engine.cgroup import Container, container_of, path_of, unit_of

PROC: Final = Path("/proc")
_LONGEST_COMMAND: Final = 4096
"""Bytes."""
_LONGEST_FILE: Final = 1 << 20
_MOST_PARENTS: Final = 64
_KERNEL_THREAD: Final = 0x0020_0000
"""PF_KTHREAD, in the flags of /proc/PID/stat."""
_COMM_BYTES: Final = 15
"""What the kernel keeps of a thread's name."""


class Parent(NamedTuple):
    """A process up the line."""

    pid: int
    comm: str


@dataclass(frozen=True, slots=True)
class Process:
    """A process as it was when it was looked at. Bytes that are no UTF-8 are replaced."""

    pid: int
    """The process, as bpftrace's `pid` counts; the kernel calls it the thread group."""
    tid: int
    """The id that was asked for: the same, or that of one of its threads."""
    comm: str
    """Of its first thread."""
    command: str
    """The command line, arguments joined by blanks, at most 4 KiB; empty for kernel threads and zombies."""
    executable: str
    """Path as the process itself sees it; empty when it cannot be told."""
    uid: int
    user: str
    """Name by /etc/passwd, else the number."""
    parents: tuple[Parent, ...]
    """From its parent up to process 1."""
    threads: int
    started: float
    """Seconds since boot."""
    cgroup: str
    """Path below the cgroup mount; empty when there is none."""
    unit: str
    """systemd's innermost service or scope, else slice; empty when there is none."""
    container: Container | None
    kernel: bool = False
    """A thread of the kernel's own."""

    def age(self, boot_ns: int) -> float:
        """Seconds since its start, at a moment of CLOCK_BOOTTIME."""
        return max(boot_ns / 1e9 - self.started, 0.0)


class Start(NamedTuple):
    """What tells one process from a later one with the same id, and one program from the next one it executes."""

    ticks: int
    """Clock ticks since boot."""
    comm: str


class _Stat(NamedTuple):
    comm: str
    state: str
    parent: int
    flags: int
    start: int


def look_up(pid: int, root: Path = PROC) -> Process | None:
    """The process of an id, which may be a thread's. None when there is none, or it ended while it was read."""
    status = _status(_read(root / str(pid) / "status"))
    tgid = _number(status.get("Tgid", ""))
    folder = root / str(tgid)
    first = _stat(folder)
    if tgid is None or first is None:
        return None
    found = _process(pid, tgid, folder, first)
    again = _stat(folder)
    return found if again is not None and again.start == first.start else None


def _process(tid: int, tgid: int, folder: Path, seen: _Stat) -> Process:
    status = _status(_read(folder / "status"))
    uid = _number(status.get("Uid", "").partition("\t")[0])
    cgroup = path_of(_read(folder / "cgroup"))
    return Process(
        pid=tgid,
        tid=tid,
        comm=seen.comm,
        command=_command(folder),
        executable=_link(folder / "exe"),
        uid=-1 if uid is None else uid,
        user="?" if uid is None else _user_name(uid, folder.parent),
        parents=tuple(_parents(seen.parent, folder.parent)),
        threads=_number(status.get("Threads", "")) or 1,
        started=seen.start / os.sysconf("SC_CLK_TCK"),
        cgroup=cgroup,
        unit=unit_of(cgroup),
        container=container_of(cgroup),
        kernel=bool(seen.flags & _KERNEL_THREAD),
    )


def start_of(pid: int, root: Path = PROC) -> Start | None:
    """A process's start and name, by one small read; None when there is no such process."""
    seen = _stat(root / str(pid))
    return None if seen is None else Start(seen.start, seen.comm)


def is_alive(pid: int, root: Path = PROC) -> bool:
    """Whether a process or thread runs still; a zombie does not."""
    seen = _stat(root / str(pid))
    return seen is not None and seen.state not in ("Z", "X", "x")


def threads_of(pid: int, root: Path = PROC) -> tuple[int, ...]:
    """The ids of a process's threads, ascending; none when there is no such process."""
    return tuple(_numbered(root / str(pid) / "task"))


def pids_named(comm: str, root: Path = PROC) -> tuple[int, ...]:
    """The processes whose first thread has this name, ascending. As in the kernel, 15 bytes of it count."""
    wanted = comm.encode(errors="surrogateescape")[:_COMM_BYTES]
    return tuple(pid for pid in _numbered(root) if _read(root / str(pid) / "comm").removesuffix(b"\n") == wanted)


def _numbered(folder: Path) -> Iterator[int]:
    try:
        names = os.listdir(folder)  # noqa: PTH208  # half the price of iterdir() for thousands of processes
    except OSError:
        return
    yield from sorted(int(name) for name in names if name.isascii() and name.isdigit())


def _read(path: Path, limit: int = _LONGEST_FILE) -> bytes:
    """A file's first bytes; none when it cannot be read: the process has ended, or is not ours to look at."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return _read_up_to(descriptor, limit)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _read_up_to(descriptor: int, limit: int) -> bytes:
    """Read until the end or the limit: /proc gives a page at a time."""
    parts: list[bytes] = []
    left = limit
    while left > 0 and (part := os.read(descriptor, min(left, 65536))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _status(data: bytes) -> dict[str, str]:
    """The fields of /proc/PID/status. The name in it is escaped by the kernel, so that lines can be trusted."""
    pairs = (line.partition(":") for line in _text(data).split("\n"))
    return {name: value.strip() for name, colon, value in pairs if colon}


def _stat(folder: Path) -> _Stat | None:
    """What /proc/PID/stat says. The name may hold blanks and parentheses: the last `)` ends it."""
    data = _read(folder / "stat")
    head, closed, tail = data.rpartition(b")")
    fields = _text(tail).split()
    numbers = [_number(fields[index]) for index in (1, 6, 19)] if len(fields) > 19 else []
    if not closed or len(numbers) < 3 or None in numbers:
        return None
    parent, flags, start = (number or 0 for number in numbers)
    return _Stat(_text(head.partition(b"(")[2]), fields[0], parent, flags, start)


def _command(folder: Path) -> str:
    data = _read(folder / "cmdline", _LONGEST_COMMAND + 1)
    text = _text(data[:_LONGEST_COMMAND].rstrip(b"\0").replace(b"\0", b" "))
    return f"{text}…" if len(data) > _LONGEST_COMMAND else text


def _link(path: Path) -> str:
    try:
        return os.fsencode(path.readlink()).decode(errors="replace")
    except OSError:
        return ""


def _user_name(uid: int, root: Path) -> str:
    """A user's name by the passwd file beside /proc; the number when it does not know."""
    path = root.parent / "etc" / "passwd"
    wanted = str(uid).encode()
    for line in _read(path).split(b"\n") if _is_file(path) else ():
        fields = line.split(b":")
        if len(fields) > 2 and fields[2] == wanted:
            return _text(fields[0])
    return str(uid)


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _parents(pid: int, root: Path) -> Iterator[Parent]:
    """Up the line, as far as it can be read; a line that a race has bent into a circle ends."""
    for _ in range(_MOST_PARENTS):
        seen = _stat(root / str(pid)) if pid > 0 else None
        if seen is None:
            return
        yield Parent(pid, seen.comm)
        pid = seen.parent
