"""The next question: what to ask about the row at hand, from the library where it has the answer, else written anew.

Pure: whether this kernel has what a question attaches to is for the host to say, by its `wants`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from bttop.script import generated
from bttop.script.pin import Pin
from bttop.script.reader import Script, read
from bttop.script.starters import Argument, starters

LADDER: Final = ("syscalls", "retransmits", "sched_switch", "vfs_read", "vfs_write", "profile")
"""The library's probes that make the ladder of one process, in the order of the questions."""

# Name in the library, title, why.
_OF_A_PROCESS: Final = (
    ("syscalls", "its system calls", "What does it ask of the kernel, and how often?"),
    ("syscall_latency", "its system call latencies", "Which calls keep it waiting, and for how long?"),
    ("profile", "its stacks on the CPU", "What does it compute?"),
    ("offcpu", "its stacks off the CPU", "What does it wait for while it does not run?"),
    ("opens", "its files", "Which files does it open, and which does it look for in vain?"),
    ("sched_switch", "its threads' switches", "Which threads run, how often, and how long each time?"),
    ("runqlat", "its waits for a CPU", "Is it ready to run, and nobody lets it?"),
    ("futex", "its lock waits", "Do its threads wait for each other?"),
    ("vfs_read", "its reads", "How much does it read, and in which sizes?"),
    ("vfs_write", "its writes", "How much does it write, and in which sizes?"),
    ("retransmits", "its retransmits and resets", "Do its segments get lost, and to whom?"),
    ("tcp_connect", "its connections", "How long does connecting take, and to whom does it fail?"),
    ("mmap_stacks", "its memory maps", "Which code asks for address space?"),
    ("pagefaults", "its page faults", "Which code touches memory for the first time?"),
)
_SOCKETS_AFTER: Final = "opens"
"""The question about sockets comes behind this one."""


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What a row is about, as far as its columns tell. Several may hold: a process and its system call."""

    pid: int | None = None
    tid: int | None = None
    comm: str = ""
    syscall: str = ""
    """Name of a system call."""
    syscall_number: int | None = None
    arguments: tuple[Argument, ...] = ()
    """Of the system call, as bpftrace lists them for `sys_enter_`, where that is known already."""
    address: str = ""
    """Destination, an IP address as text."""
    function: str = ""
    """A stack's frame, or a function of the kernel; an offset behind it does not matter."""
    binary: str = ""
    """Absolute path of the file that holds the function, seen from the host; empty for the kernel's own."""
    file: str = ""
    """Path of a file that was opened, read or written."""
    program: str = ""
    """Name of the program that shows the row: its own question is not offered again."""


class FollowUp(NamedTuple):
    """A question about the row."""

    title: str
    why: str
    library: str = ""
    """Name of the library's probe that answers it; then there is no text."""
    text: str = ""
    """A whole probe file, to be shown, run, edited and saved."""
    pin: Pin | None = None
    """What to restrict it to; None asks about everybody."""
    wants: tuple[tuple[str, str], ...] = ()
    """Attach points of the text, as provider and rest; those of a library's probe are in its file."""
    name: str = ""
    """What to call the program: the library's name, or one made for the text."""


def follow_ups(facts: RowFacts) -> tuple[FollowUp, ...]:
    """The questions that fit a row, the narrowest first. Total; none when the row is about nothing known."""
    found = (
        *_of_syscall(facts),
        *_of_address(facts),
        *_of_function(facts),
        *_of_file(facts),
        *_of_thread(facts),
        *_of_process(facts),
    )
    return tuple(one for one in found if not one.library or one.library != facts.program)


def ladder(pid: int) -> tuple[FollowUp, ...]:
    """The five questions, in order, all held to one process: reads and writes are two programs."""
    whys = {name: (title, why) for name, title, why in _OF_A_PROCESS}
    return tuple(FollowUp(*whys[name], library=name, pin=Pin(pids=(pid,)), name=name) for name in LADDER)


def pin_of(facts: RowFacts) -> Pin | None:
    """The pin that a row stands for: its process, else its name. None when it has neither, or is the idle task."""
    if facts.pid is not None:
        return Pin(pids=(facts.pid,)) if facts.pid > 0 else None
    return Pin(comm=facts.comm) if facts.comm and facts.tid != 0 else None


def _of_process(facts: RowFacts) -> Iterator[FollowUp]:
    pin = pin_of(facts)
    if pin is None:
        return
    for name, title, why in _OF_A_PROCESS:
        yield FollowUp(title, why, library=name, pin=pin, name=name)
        if name == _SOCKETS_AFTER:
            question = "How much does it send and receive over sockets?"
            yield _written("its sockets", question, generated.socket_bytes(), "sockets", pin)


def _of_thread(facts: RowFacts) -> Iterator[FollowUp]:
    if facts.tid is not None and facts.tid > 0 and facts.tid != facts.pid:
        text = generated.thread_stacks(facts.tid)
        yield _written("this thread's stacks on the CPU", "What does this one thread compute?", text, "thread stacks")


def _of_syscall(facts: RowFacts) -> Iterator[FollowUp]:
    name, pin = facts.syscall, pin_of(facts)
    if not name or not generated.syscall_event(name):
        return
    if name not in generated.NO_RETURN:
        text = generated.syscall_latency(name)
        yield _written(f"{name}: latency", "How long does this call take?", text, f"{name} latency", pin)
    callers = generated.syscall_callers(name)
    yield _written(f"{name}: who calls it", "Which processes make it, from which code?", callers, f"{name} callers")
    yield from _of_arguments(facts, pin)
    if name not in generated.NO_RETURN:
        text = generated.syscall_results(name)
        yield _written(f"{name}: what it returns", "Does it fail, and how?", text, f"{name} results", pin)


def _of_arguments(facts: RowFacts, pin: Pin | None) -> Iterator[FollowUp]:
    """One question for each argument that is known by name, else one for all of them as they are."""
    name = facts.syscall
    probe = f"tracepoint:syscalls:sys_enter_{generated.syscall_event(name)}"
    known = [one for one in starters(probe, facts.arguments) if one.title != "count by comm"]
    for starter in known:
        why = "What is it called with?"
        yield _written(f"{name}: {starter.title}", why, starter.text, f"{name} {starter.title}", pin)
    if not known and facts.syscall_number is not None and facts.syscall_number >= 0:
        text = generated.syscall_arguments(name, facts.syscall_number)
        yield _written(f"{name}: arguments", "What is it called with?", text, f"{name} arguments", pin)


def _of_address(facts: RowFacts) -> Iterator[FollowUp]:
    address = facts.address
    if not address:
        return
    try:
        retransmits = generated.retransmits_to(address)
        connections = generated.connections_to(address)
        trips = generated.round_trips_to(address)
    except ValueError:
        return  # no IP address: a path, a name, or nothing that was sent to anybody
    yield _written(f"retransmits to {address}", "Which ports lose segments?", retransmits, "retransmits by port")
    yield _written(f"connections to {address}", "Who connects, and how long does it take?", connections, "connections")
    yield _written(f"round trips to {address}", "How far away is it, at each segment?", trips, "round trips")


def _of_function(facts: RowFacts) -> Iterator[FollowUp]:
    points = generated.function_points(facts.function, facts.binary) if facts.function else None
    if points is None:
        return
    name = points[0].rpartition(":")[2]
    callers = generated.function_callers(name, points[0])
    latency = generated.function_latency(name, *points)
    yield _written(f"{name}: calls", "Who calls it, how often, from where?", callers, f"{name} calls", pin_of(facts))
    yield _written(f"{name}: latency", "How long does it take?", latency, f"{name} latency", pin_of(facts))


def _of_file(facts: RowFacts) -> Iterator[FollowUp]:
    text = generated.file_openers(facts.file) if facts.file else None
    if text is not None:
        yield _written(f"who opens {facts.file}", "Which processes open this path?", text, "openers")


def _written(title: str, why: str, text: str, name: str, pin: Pin | None = None) -> FollowUp:
    script = read(text)
    points = script.points if isinstance(script, Script) else ()
    wants = tuple(dict.fromkeys((point.provider, point.rest) for point in points))
    return FollowUp(title, why, text=text, pin=pin, wants=wants, name=name)
