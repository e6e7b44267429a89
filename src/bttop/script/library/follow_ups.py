"""Follow-up questions about a row: a program of the library if one answers the question, else a generated program.

Pure: the caller must check with `wants` whether this kernel has the attach points.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bttop.script.language.reader import Script, read
from bttop.script.library import row_programs
from bttop.script.library.starters import BY_FILE, Argument, starters
from bttop.script.process.pin import Pin

MOST_ARGUMENTS: Final = 9
"""Arguments of a system call that are asked about."""
LADDER: Final = ("syscalls", "retransmits", "sched_switch", "vfs_read", "vfs_write", "profile")
"""The library's probes for the questions about one process, in their order."""

# Letter, name in the library, title, why.
_OF_A_PROCESS: Final = (
    ("s", "syscalls", "its system calls", "What does it ask of the kernel, and how often?"),
    ("t", "syscall_latency", "its system call latencies", "Which calls keep it waiting, and for how long?"),
    ("c", "profile", "its stacks on the CPU", "What does it compute?"),
    ("b", "offcpu", "its stacks off the CPU", "What does it wait for while it does not run?"),
    ("u", "cputime", "its time on and off the CPU", "Does each thread run, wait for a CPU, or wait?"),
    ("f", "opens", "its files", "Which files does it open, and which does it not find?"),
    ("w", "sched_switch", "its threads' switches", "Which threads run, how often, and how long each time?"),
    ("r", "runqlat", "its waits for a CPU", "How long does it wait for a CPU while it is ready to run?"),
    ("l", "futex", "its lock waits", "Do its threads wait for each other?"),
    ("i", "vfs_read", "its reads", "How much does it read, and in which sizes?"),
    ("o", "vfs_write", "its writes", "How much does it write, and in which sizes?"),
    ("y", "biolatency", "its disk latencies", "How long does the disk take for its requests?"),
    ("x", "retransmits", "its retransmits and resets", "Are its segments lost, and on the way to which address?"),
    ("h", "tcp_connect", "its connections", "How long does connecting take, and to which addresses does it fail?"),
    ("m", "mmap_stacks", "its memory maps", "Which code maps memory?"),
    ("g", "pagefaults", "its page faults", "Which code touches memory for the first time?"),
)

# What rows of a kind are asked first, as letters; questions that a row does not have are passed over.
_LIKELY_OF_SYSCALLS: Final = (
    ("bSlTW", ("futex", "futex_waitv", "futex_wait")),
    ("S1ydTb", ("fsync", "fdatasync", "sync_file_range", "msync", "sync", "syncfs")),
    ("odTySW", ("write", "writev", "pwrite64", "pwritev", "pwritev2")),
    ("iTdySW", ("read", "readv", "pread64", "preadv", "preadv2", "getdents64")),
    ("fRSW1", ("open", "openat", "openat2", "stat", "lstat", "newfstatat", "statx", "access", "faccessat", "readlink")),
    ("nxhT", ("sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg")),
    ("hRTx", ("connect", "accept", "accept4", "bind", "listen")),
    ("mgSWT", ("mmap", "munmap", "brk", "mremap", "mprotect", "madvise")),
    ("bTlr", ("epoll_wait", "epoll_pwait", "poll", "ppoll", "select", "pselect6", "nanosleep", "clock_nanosleep")),
)
_LIKELY_OF_PROGRAMS: Final = {
    "profile": "KLCwrs",
    "offcpu": "bldutr",
    "cputime": "bcrl",
    "sched_switch": "Cbrcl",
    "runqlat": "wcb",
    "futex": "bCw",
    "opens": "Osi",
    "vfs_read": "idyft",
    "vfs_write": "odyft",
    "biolatency": "doift",
    "syscall_latency": "Tbs",
    "retransmits": "XnNh",
    "tcp_connect": "HNx",
    "pagefaults": "mgc",
    "mmap_stacks": "mgK",
}


_DESCRIPTOR = (Argument("unsigned int", "fd"),)
_ONLY_DESCRIPTOR = frozenset({"fsync", "fdatasync", "syncfs"})
"""System calls whose only argument is a file descriptor: known before bpftrace has listed it."""


class RowFacts(Struct, frozen=True):
    """What a row is about, taken from its columns. Several may be set: for example a process and its system call."""

    pid: int | None = None
    host: str = ""
    """The host of the process, if programs run on several."""
    tid: int | None = None
    comm: str = ""
    syscall: str = ""
    """Name of a system call."""
    syscall_number: int | None = None
    arguments: tuple[Argument, ...] = ()
    """Arguments of the system call, as bpftrace lists them for `sys_enter_`; empty if not known yet."""
    address: str = ""
    """Destination, an IP address as text."""
    function: str = ""
    """A stack frame or a kernel function; an offset after the name is ignored."""
    binary: str = ""
    """Absolute path, on the host, of the file that contains the function; empty for a kernel function."""
    file: str = ""
    """Path of a file that was opened, read or written."""
    program: str = ""
    """Name of the program that shows the row; its question is not offered again."""


class FollowUp(Struct, frozen=True):
    """A question about the row."""

    title: str
    why: str
    library: str = ""
    """Name of the library's probe file that answers it; then `text` is empty."""
    text: str = ""
    """A whole probe file, which the user can view, run, edit and save."""
    pin: Pin | None = None
    """The processes to restrict it to; None means all."""
    wants: tuple[tuple[str, str], ...] = ()
    """Attach points of `text`, as provider and rest; empty for a library probe, whose file has them."""
    name: str = ""
    """Name of the program: the library's name, or a name for `text`."""
    letter: str = ""
    """Its key; the same question has the same letter for every row."""


def follow_ups(facts: RowFacts) -> tuple[FollowUp, ...]:
    """The questions that fit a row, the likeliest first; empty if the row is about nothing known. Never raises."""
    found = (
        *_of_syscall(facts),
        *_of_address(facts),
        *_of_function(facts),
        *_of_file(facts),
        *_of_thread(facts),
        *_of_process(facts),
    )
    first = _likely(facts)
    offered = [one for one in found if not one.library or one.library != facts.program]
    return tuple(sorted(offered, key=lambda one: first.index(one.letter) if one.letter in first else len(first)))


def _likely(facts: RowFacts) -> str:
    """The letters of the likeliest questions for a row, the likeliest first."""
    of_syscall = next((letters for letters, names in _LIKELY_OF_SYSCALLS if facts.syscall in names), "")
    return of_syscall or _LIKELY_OF_PROGRAMS.get(facts.program.split(" ")[0], "")


def ladder(pid: int, host: str = "") -> tuple[FollowUp, ...]:
    """The five questions in order, restricted to one process. They are six programs: reads and writes have one each.
    `host`: its host, if programs run on several."""
    asked = {one.library: one for one in _of_process(RowFacts(pid=pid, host=host)) if one.library}
    return tuple(asked[name] for name in LADDER)


def pin_of(facts: RowFacts) -> Pin | None:
    """The pin for a row: its process, else its name. None if it has neither or is the idle task."""
    if facts.pid is not None:
        return Pin(pids=(facts.pid,), host=facts.host) if facts.pid > 0 else None
    return Pin(comm=facts.comm) if facts.comm and facts.tid != 0 else None


def _of_process(facts: RowFacts) -> Iterator[FollowUp]:
    pin = pin_of(facts)
    if pin is None:
        return
    for letter, name, title, why in _OF_A_PROCESS:
        yield FollowUp(title, why, library=name, pin=pin, name=name, letter=letter)
    for letter, title, why, text, name in (
        ("d", "its disk I/O", "What does it read from and write to disks?", row_programs.disk_bytes(), "disk I/O"),
        ("n", "its sockets", "How much does it send and receive over sockets?", row_programs.socket_bytes(), "sockets"),
    ):
        yield _written(letter, title, why, text, name, pin)


def _of_thread(facts: RowFacts) -> Iterator[FollowUp]:
    if facts.tid is not None and facts.tid > 0 and facts.tid != facts.pid:
        text = row_programs.thread_stacks(facts.tid)
        yield _written(
            "C", "this thread's stacks on the CPU", "What does this one thread compute?", text, "thread stacks"
        )


def _of_syscall(facts: RowFacts) -> Iterator[FollowUp]:
    name, pin = facts.syscall, pin_of(facts)
    if not name or not row_programs.syscall_event(name):
        return
    if name not in row_programs.NO_RETURN:
        text = row_programs.syscall_latency(name)
        yield _written("T", f"{name}: latency", "How long does this call take?", text, f"{name} latency", pin)
    callers = row_programs.syscall_callers(name)
    yield _written(
        "W", f"{name}: who calls it", "Which processes make it, from which code?", callers, f"{name} callers"
    )
    arguments = list(_of_arguments(facts, pin))
    if pin is not None:
        stacks = row_programs.syscall_stacks(name)
        files = next((f" {one.letter} shows on which files." for one in arguments if one.title.endswith(BY_FILE)), "")
        why = f"Which code makes it?{files}"
        yield _written("S", f"{name}: from which code", why, stacks, f"{name} stacks", pin)
    yield from arguments
    if name not in row_programs.NO_RETURN:
        text = row_programs.syscall_results(name)
        yield _written("R", f"{name}: what it returns", "Does it fail, and how?", text, f"{name} results", pin)


def _of_arguments(facts: RowFacts, pin: Pin | None) -> Iterator[FollowUp]:
    """One question for each argument whose name is known, with its number as the key, else one for all raw
    arguments."""
    name = facts.syscall
    probe = f"tracepoint:syscalls:sys_enter_{row_programs.syscall_event(name)}"
    arguments = facts.arguments or (_DESCRIPTOR if name in _ONLY_DESCRIPTOR else ())
    known = [one for one in starters(probe, arguments) if one.title != "count by comm"]
    for number, starter in enumerate(known[:MOST_ARGUMENTS], start=1):
        why = "On which files is it called?" if starter.title == BY_FILE else "What is it called with?"
        yield _written(str(number), f"{name}: {starter.title}", why, starter.text, f"{name} {starter.title}", pin)
    if not known and facts.syscall_number is not None and facts.syscall_number >= 0:
        text = row_programs.syscall_arguments(name, facts.syscall_number)
        yield _written("A", f"{name}: arguments", "What is it called with?", text, f"{name} arguments", pin)


def _of_address(facts: RowFacts) -> Iterator[FollowUp]:
    address = facts.address
    if not address:
        return
    try:
        retransmits = row_programs.retransmits_to(address)
        connections = row_programs.connections_to(address)
        trips = row_programs.round_trips_to(address)
    except ValueError:
        return  # not an IP address: for example a path or a name
    yield _written("X", f"retransmits to {address}", "Which ports lose segments?", retransmits, "retransmits by port")
    yield _written(
        "H", f"connections to {address}", "Who connects, and how long does it take?", connections, "connections"
    )
    yield _written(
        "N", f"round trips to {address}", "How long is the round trip, at each segment?", trips, "round trips"
    )


def _of_function(facts: RowFacts) -> Iterator[FollowUp]:
    points = row_programs.function_points(facts.function, facts.binary) if facts.function else None
    if points is None:
        return
    name = points[0].rpartition(":")[2]
    callers = row_programs.function_callers(name, points[0])
    latency = row_programs.function_latency(name, *points)
    yield _written(
        "K", f"{name}: calls", "Who calls it, how often, from where?", callers, f"{name} calls", pin_of(facts)
    )
    yield _written("L", f"{name}: latency", "How long does it take?", latency, f"{name} latency", pin_of(facts))


def _of_file(facts: RowFacts) -> Iterator[FollowUp]:
    text = row_programs.file_openers(facts.file) if facts.file else None
    if text is not None:
        yield _written("O", f"who opens {facts.file}", "Which processes open this path?", text, "openers")


def _written(letter: str, title: str, why: str, text: str, name: str, pin: Pin | None = None) -> FollowUp:
    script = read(text)
    points = script.points if isinstance(script, Script) else ()
    wants = tuple(dict.fromkeys((point.provider, point.rest) for point in points))
    return FollowUp(title, why, text=text, pin=pin, wants=wants, name=name, letter=letter)
