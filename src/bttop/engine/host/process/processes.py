"""Reads the facts of processes from /proc.

All functions read only /proc (and /etc/passwd for user names, never a directory service), return a default for what
they cannot read, and do not escape names: the code that shows them on a terminal must do so. Reading the command line
of a process that hangs in its memory management can block: call it on a thread that may wait, as `ProcessLookup` does.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from bttop.engine.host.cgroup import Container, container_of, path_of, unit_of
from bttop.engine.host.folder import Folder

PROC: Final = Path("/proc")
_LONGEST_COMMAND: Final = 4096
"""Bytes."""
_LONGEST_FILE: Final = 1 << 20
_LONGEST_STAT: Final = 4096
"""Bytes; /proc/PID/stat has 52 numbers and a name of at most 64 bytes, and the kernel returns it in one read."""
_MOST_PARENTS: Final = 64
_KERNEL_THREAD: Final = 0x0020_0000
"""PF_KTHREAD, in the flags of /proc/PID/stat."""
COMM_BYTES: Final = 15
"""Length to which the kernel cuts a thread's name."""


class Parent(NamedTuple):
    """A parent or ancestor of a process. A named tuple, because recordings have it as a list."""

    pid: int
    comm: str


class Process(Struct, frozen=True):
    """A process at the time of its lookup. Bytes that are not UTF-8 are replaced."""

    pid: int
    """Process id, as bpftrace's `pid`; the kernel calls it the thread group id."""
    tid: int
    """The id that was looked up: `pid`, or the id of one of its threads."""
    comm: str
    """Name of its first thread."""
    command: str
    """Command line, arguments joined by blanks, at most 4 KiB; empty for kernel threads and zombies."""
    executable: str
    """Path as the process itself sees it; empty if it cannot be read."""
    uid: int
    """User id; -1 if it cannot be read."""
    user: str
    """User name from /etc/passwd, else the uid as text."""
    parents: tuple[Parent, ...]
    """Its parent first, process 1 last."""
    threads: int
    started: float
    """Start time in seconds since boot."""
    cgroup: str
    """Path below the cgroup mount; empty if there is none."""
    unit: str
    """The innermost systemd service or scope, else slice; empty if there is none."""
    container: Container | None
    kernel: bool = False
    """Whether it is a kernel thread."""

    def age(self, boot_ns: int) -> float:
        """Its age in seconds at `boot_ns` (ns of CLOCK_BOOTTIME)."""
        return max(boot_ns / 1e9 - self.started, 0.0)


def _container_of(process: Process) -> str:
    return "" if process.container is None else f"{process.container.runtime} {process.container.id}"


PROCESS_COLUMNS: Final[Mapping[str, Callable[[Process], str]]] = {
    "unit": lambda process: process.unit,
    "container": _container_of,
}
"""Texts about a process that tables have as a column, by their titles; empty if there is none."""


def column_text(get: Callable[[int], Process | None], of: Callable[[Process], str], pid: int) -> str:
    """The text of a column for a process; empty if the process is not known."""
    process = get(pid)
    return "" if process is None else of(process)


class ProcessStart(Struct, frozen=True):
    """Distinguishes a process from a later one with the same id (`ticks`), and its program from the next one that it
    executes (`comm`)."""

    ticks: int
    """Start time in clock ticks since boot."""
    comm: str


class _Stat(Struct, frozen=True):
    comm: str
    state: str
    parent: int
    flags: int
    start: int


def look_up(pid: int, root: Folder = PROC) -> Process | None:
    """The process with this process or thread id. None if there is none, or if it ended while it was read."""
    status = _status(_read(root / str(pid) / "status"))
    tgid = _number(status.get("Tgid", ""))
    folder = root / str(tgid)
    first = _stat(folder)
    if tgid is None or first is None:
        return None
    if tgid != pid:
        status = _status(_read(folder / "status"))
    found = _process(pid, tgid, folder, first, status)
    again = _stat(folder)
    return found if again is not None and again.start == first.start else None


def _process(tid: int, tgid: int, folder: Folder, seen: _Stat, status: Mapping[str, str]) -> Process:
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


def start_of(pid: int, root: Folder = PROC) -> ProcessStart | None:
    """The start and name of a process, by one small read; None if there is no such process."""
    seen = _stat(root / str(pid))
    return None if seen is None else ProcessStart(seen.start, seen.comm)


def is_alive(pid: int, root: Folder = PROC) -> bool:
    """Whether a process or thread is alive; a zombie is not."""
    seen = _stat(root / str(pid))
    return seen is not None and seen.state not in ("Z", "X", "x")


def threads_of(pid: int, root: Folder = PROC) -> tuple[int, ...]:
    """The thread ids of a process, ascending; empty if there is no such process."""
    return tuple(_numbered(root / str(pid) / "task"))


def namespace_of(pid: str, root: Folder = PROC) -> int | None:
    """The inode of a process's PID namespace; None if it cannot be read. `pid` may be `self`."""
    found = _link(root / pid / "ns/pid")
    return _number(found.removeprefix("pid:[").removesuffix("]"))


def own_number(status: Folder = PROC / "self/status") -> int | None:
    """The number of this process in /proc; None if it is not there."""
    return _number(_status(_read(status)).get("Pid", ""))


def numbers_of(pid: int | str, root: Folder = PROC) -> tuple[int, ...]:
    """The numbers of a process: first that in this /proc, last that in its own PID namespace. Empty if it has ended."""
    words = _status(_read(root / str(pid) / "status")).get("NSpid", "").split()
    return tuple(int(word) for word in words if word.isascii() and word.isdigit())


def pids_named(comm: str, root: Folder = PROC) -> tuple[int, ...]:
    """The ids of processes whose first thread has this name, ascending. Compares 15 bytes, as the kernel keeps."""
    wanted = comm.encode(errors="surrogateescape")[:COMM_BYTES]
    return tuple(pid for pid in _numbered(root) if _read(root / str(pid) / "comm").removesuffix(b"\n") == wanted)


def thread_names(pid: int, root: Folder = PROC) -> tuple[str, ...]:
    """The name of each thread of a process, in the order of the thread ids; empty if there is no such process."""
    names = (_text(_read(root / str(pid) / "task" / str(tid) / "comm")) for tid in threads_of(pid, root))
    return tuple(name.removesuffix("\n") for name in names if name)


def _numbered(folder: Folder) -> Iterator[int]:
    if not isinstance(folder, Path):
        names = [one.name for one in folder.glob("*")]
    else:
        try:
            names = os.listdir(folder)  # noqa: PTH208  # half the price of iterdir() for thousands of processes
        except OSError:
            return
    yield from sorted(int(name) for name in names if name.isascii() and name.isdigit())


def _read(path: Folder, limit: int = _LONGEST_FILE, *, at_once: bool = False) -> bytes:
    """The first bytes of a file; empty if it cannot be read: the process has ended, or reading is not permitted.
    `at_once`: one read returns all of it."""
    if not isinstance(path, Path):
        return _read_far(path, limit)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, limit) if at_once else _read_up_to(descriptor, limit)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _read_far(path: Folder, limit: int) -> bytes:
    try:
        return path.read_bytes()[:limit]
    except OSError:
        return b""


def _read_up_to(descriptor: int, limit: int) -> bytes:
    """Read up to the end or the limit, in several reads: /proc returns one page at a time."""
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
    """The fields of /proc/PID/status. The kernel escapes the name in it, so it cannot fake a line."""
    pairs = (line.partition(":") for line in _text(data).split("\n"))
    return {name: value.strip() for name, colon, value in pairs if colon}


def _stat(folder: Folder) -> _Stat | None:
    """Parse /proc/PID/stat; None if it cannot be read. The name may contain blanks and parentheses: the last `)` ends
    it."""
    data = _read(folder / "stat", _LONGEST_STAT, at_once=True)
    head, closed, tail = data.rpartition(b")")
    fields = _text(tail).split()
    numbers = [_number(fields[index]) for index in (1, 6, 19)] if len(fields) > 19 else []
    if not closed or len(numbers) < 3 or None in numbers:
        return None
    parent, flags, start = (number or 0 for number in numbers)
    return _Stat(_text(head.partition(b"(")[2]), fields[0], parent, flags, start)


def _command(folder: Folder) -> str:
    data = _read(folder / "cmdline", _LONGEST_COMMAND + 1)
    text = _text(data[:_LONGEST_COMMAND].rstrip(b"\0").replace(b"\0", b" "))
    return f"{text}…" if len(data) > _LONGEST_COMMAND else text


def _link(path: Folder) -> str:
    try:
        return os.fsencode(path.readlink()).decode(errors="replace")
    except OSError:
        return ""


def _user_name(uid: int, root: Folder) -> str:
    """The name of a user in etc/passwd beside `root`; the number if it is not listed there."""
    path: Folder = root.parent / "etc" / "passwd"
    wanted = str(uid).encode()
    for line in _read(path).split(b"\n") if _is_file(path) else ():
        fields = line.split(b":")
        if len(fields) > 2 and fields[2] == wanted:
            return _text(fields[0])
    return str(uid)


def _is_file(path: Folder) -> bool:
    if not isinstance(path, Path):
        return path.exists()
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _parents(pid: int, root: Folder) -> Iterator[Parent]:
    """The ancestors, as far as they can be read. The limit ends a cycle that a race can produce."""
    for _ in range(_MOST_PARENTS):
        seen = _stat(root / str(pid)) if pid > 0 else None
        if seen is None:
            return
        yield Parent(pid, seen.comm)
        pid = seen.parent
