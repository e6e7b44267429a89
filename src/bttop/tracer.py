"""The tracer: the parent of every bpftrace that traces, and the only part of bttop that needs root.

A single file for Python 3.6 that uses only the standard library; run as `python3 -I -S tracer.py [--cap BYTES]
[--buffer BYTES] [--terminals] [--lease SECONDS]`, directly, through `sudo -n` or over ssh. It reads commands from
stdin and writes the lines of all programs to stdout, with the time at which they arrived. When stdin ends or stdout
breaks, it ends all programs that it started within 2 s.

With --terminals the programs may have more rights than the tracer (`sudo -n bpftrace ...`, file capabilities): the
tracer may not signal them, and PDEATHSIG is cleared. So each program gets its own controlling terminal, and the kernel
sends the signals: ^C sends SIGINT; closing the other end, also by the death of the tracer, sends SIGHUP.

With --lease it also ends when no command has arrived for that long: a connection that is cut without a word closes
nothing. Before the first `meter` command, four times as long: the dashboard then waits for other hosts.

Commands, one JSON object per line (`id` is 1 to 2**32 - 1, a new one for each start):
    {"do": "start", "id": N, "argv": [...], "env": {...}, "nice": 10, "folder": PATH, "categories": [...],
     "parts": [[ID, PREFIX], ...]}                 default folder: the tracer's. With categories, the program finds
                                                   only their tracepoints in the kernel's list, see `TracepointList`.
                                                   parts: several programs that run in one process. Each has an id of
                                                   its own and the BPF programs that use maps whose names in the kernel
                                                   begin with PREFIX
    {"do": "stop", "id": N, "grace": SECONDS, "again": SECONDS, "printing": SECONDS}   SIGINT, repeated every `again`
                                                   (default 0.25 s) until it closes descriptors; SIGKILL after the
                                                   grace; while it prints or closes descriptors, later, but after
                                                   `printing` at most
    {"do": "nice", "id": N or null, "nice": 0}     null: all programs
    {"do": "watch", "id": N}                       count its kernel descriptors every 2 s
    {"do": "meter", "every": SECONDS, "stats": BOOL}   report all costs at this interval; with `stats` first switch on
                                                   the kernel's BPF statistics, until the tracer ends
    {"do": "survey"}                               list every BPF program of the host
    {"do": "time", "token": N}                     answer at once: for the round trip and the clock of another host
    {"do": "read", "token": N, "files": [PATH, ...], "links": [PATH, ...], "patterns": [PATTERN, ...]}
                                                   read files, targets of links (as patterns, too), and the paths
                                                   that patterns match
    {"do": "processes", "token": N, "pids": [PID, ...]}     read the files in /proc of processes and their ancestors

Frames: the header `>cIQQI` (kind, id, boot time in ns, wall time in ns, payload length), then the payload:
    o, e    a line of stdout or stderr without its newline
    x       a line above the cap: its length in bytes, as ASCII digits
    k       events that the kernel skipped: "EVENTS RUNS", as ASCII digits; sent before the lines that arrived then
            EVENTS: events since the last k for which the kernel did not run a BPF program of this process, because
            another one was running on that CPU; never 0. RUNS: how often it ran the same programs in that time;
            omitted if the run statistics are off. With the id of the part, if the process has parts
    s       a state, as a JSON object; id 0 is the tracer itself
        {"state": "hello", "version": 1, "pid": P, "uid": U, "cpus": N,
         "uname": [SYSTEM, NAME, RELEASE, VERSION, MACHINE]}
        {"state": "started", "pid": P}             the exec succeeded; sent before the first line
        {"state": "failed", "reason": TEXT}        it never ran; the last frame of this id
        {"state": "exited", "code": N}             negative: the signal; sent after the last line
        {"state": "fds", "counts": {KIND: N}}      the first count, then each change
        {"state": "dropped", "lines": N, "bytes": N}   totals of the program, sent after each gap
        {"state": "refused", "reason": TEXT}       a command that cannot be executed
        {"state": "metering", "by": HOW, "reason": TEXT}   by: "bpf", "sysctl" or "" (off: see the reason)
        {"state": "cost", "run_ns": N, "runs": N, "programs": N, "map_bytes": N, "cpu_ns": N, "rss": N, "pss": N,
         "output": N, "hooks": [[KIND, CODE, RUNS, PLACE, ID], ...]}
            totals of a program: run time, runs and number of its BPF programs in the kernel, memory of its maps,
            CPU time and memory of its process (resident, and proportional: shared pages divided by their users),
            bytes of output; id 0: CPU time and memory of the tracer, the last frame of a round; no pss where it cannot
            be read; "hidden": true replaces the fields that the tracer may not read. A process with parts sends one for
            each part, with "parts": their number, and an equal share of what belongs to no BPF program or map of a part
            hooks: the runs by kind of attachment. KIND: uprobe, uretprobe, kprobe, kretprobe, tracepoint,
            raw_tracepoint, perf_event, tracing (fentry and fexit), one of these with _multi (one link for many
            functions), or "" if the kernel does not report it; CODE: the first bytes of a probed user function;
            PLACE: a name for the file and offset of a user probe, else ""; ID: its BPF program, or 0 for the sum of
            all other programs of this kind
        {"state": "survey", "programs": [[ID, TYPE, NAME, UID, RUN_NS, RUNS, [PID, ...]], ...], "reason": TEXT}
            PID: a process that holds the program open; reason: why the list is incomplete, else empty
        {"state": "time", "token": N}
        {"state": "content", "token": N, "files": {PATH: BASE64, ...}, "links": {PATH: TARGET, ...},
         "paths": [PATH, ...], "cut": BOOL}
            without what cannot be read; cut: whether more did not fit into ANSWER_LIMIT
"""

import binascii
import collections
import contextlib
import errno
import fcntl
import functools
import glob
import itertools
import json
import os
import select
import signal
import stat
import struct
import sys
import termios
import time

VERSION = 1
HEADER = struct.Struct(">cIQQI")
CHUNK = 64 * 1024
LINE_CAP = 64 * 1024 * 1024
BUFFER = 128 * 1024 * 1024
PIPE_SIZE = 1024 * 1024
JOIN_LIMIT = 1024 * 1024
COMMAND_CAP = 16 * 1024 * 1024
MAX_ID = 2**32 - 1
MAX_OPEN_FILES = 65536

RESEND = 0.25
PRINTING = 1.0  # seconds that a stopping bpftrace gets after each line, and while it closes descriptors
CLOSE_GRACE = 1.5
CLOSE_LIMIT = 1.9
DRAIN_LIMIT = 0.5
STDERR_SILENCE = 2.0  # on a host with a load of 12 a CPU, pieces of one message came 0.2 s apart
WATCH_EVERY = 2.0
FIRST_LEASE = 4
NEVER = float("inf")

STATS_SWITCH = "/proc/sys/kernel/bpf_stats_enabled"
SYS_BPF = {"x86_64": 321, "i686": 357, "arm": 386, "ppc64le": 361, "s390x": 351}
SYS_BPF_ELSEWHERE = 280  # aarch64, riscv64, loongarch64: the common table of newer machines
BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID = 11, 13, 14
BPF_OBJ_GET_INFO_BY_FD, BPF_ENABLE_STATS = 15, 32
BPF_TASK_FD_QUERY = 20
TASK_FD = struct.Struct("=IIIIQIIQQ")  # pid, fd, flags, buffer length, buffer, program id, kind, offset, address
TASK_FD_KINDS = ("raw_tracepoint", "tracepoint", "kprobe", "kretprobe", "uprobe", "uretprobe")
PROGRAM_KINDS = {5: "tracepoint", 7: "perf_event", 17: "raw_tracepoint", 26: "tracing"}  # by bpf_prog_type
CODE_BYTES = 8
NOWHERE = ("", "")  # code and place of a hook that is not a user probe, or was not found
PROG_INFO = struct.Struct("=II40xI12x16s112xQQQ")  # type, id, created_by_uid, name, run_time_ns, run_cnt, misses
PROG_INFO_QUERY = struct.Struct("=IIQ")  # fd, size of the answer, its address
PROG_MAPS = struct.Struct("=52xIQ")  # number of map ids, and where to write them
MAP_INFO = struct.Struct("=24x16s40x")  # name
MOST_MAPS = 64  # the kernel's MAX_USED_MAPS
PERF_EVENT = 7  # profile, interval, software and hardware probes: no kernel counts their skips
MISSES_SHARE = 20  # reading the skipped counters takes at most 1/20 of the time
PSS_EVERY = 10.0  # seconds; reading it walks the page tables: 1 to 2 ms for a bpftrace
PSS_CHANGE = 8  # it is read at once when the resident memory has changed by 1/8
ANSWER_LIMIT = 2 * 1024 * 1024  # bytes of one `content`
FILE_LIMIT = 256 * 1024
MOST_ASKED = 4096  # names in one command
MOST_PARENTS = 64
PROCESS_FILES = ("stat", "status", "cmdline", "cgroup")
SURVEY_SLICE = 0.005  # seconds that one step of a survey may delay lines

WATCHED = ("perf_event", "bpf-prog", "bpf-map", "eventpoll")
LINK = "bpf_link"
IGNORED = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGPIPE,
)
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CLOCK_BOOTTIME = 7  # time.CLOCK_BOOTTIME came with Python 3.7
F_SETPIPE_SZ = 1031  # fcntl.F_SETPIPE_SZ came with Python 3.10
PR_SET_PDEATHSIG = 1
TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
EVENT_LIST = "available_events"
INSTANCES = "instances"  # a folder of tracefs that bpftrace does not read
CLONE_NEWNS = 0x20000
MS_BIND, MS_REC, MS_SLAVE, MNT_DETACH = 0x1000, 0x4000, 0x80000, 2
INTERRUPT = b"\x03"  # VINTR of a new terminal
CPUCLOCK_SCHED = 2
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


def clock_ns(clock: int) -> int:
    """A clock in ns; on Python 3.6 only to 0.25 us, the precision of a float."""
    exact = getattr(time, "clock_gettime_ns", None)
    return int(exact(clock)) if exact else int(time.clock_gettime(clock) * 1e9)


def stamp() -> "tuple[int, int]":
    return clock_ns(CLOCK_BOOTTIME), clock_ns(time.CLOCK_REALTIME)


class Lines:
    """Splits the data of a pipe into lines. A line above the cap becomes an int: its length in bytes."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.held = bytearray()
        self.size = 0  # of the unfinished line, held or not
        self.cut = False  # the beginning of the unfinished line was already returned

    def feed(self, chunk: bytes) -> "list[bytes | bytearray | int]":
        parts = chunk.split(b"\n")
        self._hold(parts[0])
        if len(parts) == 1:
            return []
        # A newline directly after a flushed beginning ends that line; it does not make an empty one.
        lines = [] if self.cut and not self.size else [self._take()]
        self.cut = False
        lines += [part if len(part) <= self.cap else len(part) for part in parts[1:-1]]
        self._hold(parts[-1])
        return lines

    def flush(self) -> "list[bytes | bytearray | int]":
        """Return the unfinished line, if any."""
        if not self.size:
            return []
        self.cut = True
        return [self._take()]

    def _hold(self, part: bytes) -> None:
        self.size += len(part)
        if self.size <= self.cap:
            self.held += part
        else:
            self.held = bytearray()

    def _take(self) -> "bytes | bytearray | int":
        line: "bytearray | int" = self.size if self.size > self.cap else self.held
        self.held = bytearray()
        self.size = 0
        return line


class Pipe:
    """The reading end of a program's stdout or stderr."""

    def __init__(self, fd: int, kind: bytes, cap: int) -> None:
        self.fd = fd
        self.kind = kind
        self.lines = Lines(cap)
        self.flush_at = NEVER

    def read(self, now: float) -> "list[bytes | bytearray | int] | None":
        """Return the lines of one chunk (one only, to be fair to the other programs); None at the end."""
        try:
            chunk = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return []
        if not chunk:
            return None
        lines = self.lines.feed(chunk)
        # bpftrace writes one message to stderr in several pieces, and some without a newline.
        partial = self.kind == b"e" and 0 < self.lines.size <= self.lines.cap
        self.flush_at = now + STDERR_SILENCE if partial else NEVER
        return lines


ProgramInfo = collections.namedtuple("ProgramInfo", ("ident", "kind", "run_ns", "runs", "skipped"))


class BpfProgram:
    """One BPF program: where to read its counters, and their last values."""

    __slots__ = ("fd", "own", "pid", "runs", "skipped")

    def __init__(self, pid: int, fd: str, own: bool) -> None:
        self.pid = pid
        self.fd = fd
        self.own = own  # the descriptor belongs to the tracer, which must close it
        self.skipped = 0
        self.runs = 0

    def read(self) -> "tuple[int, int]":
        """Return the events for which it was skipped and its runs, both since the last call."""
        info = self.info()
        if info.ident == 0:
            return 0, 0  # it was closed in the meantime
        skipped = self.skipped if info.kind == PERF_EVENT else info.skipped
        since = skipped - self.skipped, info.runs - self.runs
        self.skipped, self.runs = skipped, info.runs
        return since

    def info(self) -> ProgramInfo:
        """Its facts. The system call takes a fifth of the time of reading /proc/PID/fdinfo."""
        return query_program(int(self.fd)) if self.own else describe_program(self.pid, self.fd)


class Misses:
    """Events that the kernel skips for one process: while a BPF program on a tracepoint or kprobe runs on a CPU, the
    kernel does not run others that fire there in an interrupt. Linux 6.7 and newer count this, also without the run
    statistics.

    If allowed, the tracer holds the BPF programs by its own descriptors. Then it can read the counters after the
    process has detached and closed its descriptors, so the count for its last output is complete.
    """

    def __init__(self) -> None:
        self.held: "dict[str, BpfProgram]" = {}
        self.by_fd: "dict[str, BpfProgram]" = {}  # by the descriptor of the process
        self.read_at = 0.0

    def hold(self, pid: int, fds: "list[str]") -> None:
        for fd in fds:
            ident = describe(pid, fd).get("prog_id", "")
            if ident and ident not in self.held:
                self.held[ident] = hold_program(int(ident)) or BpfProgram(pid, fd, False)
            if ident:
                self.by_fd[fd] = self.held[ident]

    def line(self, now: float) -> bytes:
        """The payload of a `k` frame for the time since the last one; empty if nothing was skipped."""
        if now < self.read_at or not self.held:
            return b""
        try:
            counts = [one.read() for one in self.held.values()]
        except OSError:
            counts = []  # it has ended, and the tracer holds none of its programs
        # Reading hundreds of programs takes milliseconds, in which no line is read.
        self.read_at = now + (time.monotonic() - now) * MISSES_SHARE
        skipped = sum(count for count, _ in counts)
        if not skipped:
            return b""
        # The interval probe runs between two flushes: a sum of 0 means that the run statistics are off.
        if not any(runs for _, runs in counts):
            return b"%d" % skipped
        return b"%d %d" % (skipped, sum(runs for count, runs in counts if count))

    def close(self) -> None:
        close_all([int(one.fd) for one in self.held.values() if one.own])
        self.held = {}
        self.by_fd = {}


class Hooks:
    """The attachments of the BPF programs of one process."""

    def __init__(self) -> None:
        self.known: "dict[str, tuple[str, str, str]]" = {}  # program id -> kind, code, place
        self.asked: "set[str]" = set()

    def learn(self, pid: int, found: "dict[str, list[str]]") -> None:
        """Query the new descriptors."""
        for fd in found[LINK]:
            if fd not in self.asked:
                self.known.update(describe_link(pid, fd))
        for fd in found["perf_event"]:
            if fd not in self.asked:
                self.known.update(query_event(pid, fd))
        self.asked = set(found[LINK] + found["perf_event"])

    def runs(self, infos: "list[ProgramInfo]") -> "list[list[object]]":
        """The runs by kind and code; for user probes per program, because programs on one place share a trap."""
        sums: "dict[tuple[str, str, str, int], int]" = {}
        for info in infos:
            kind, code, place = self.known.get(str(info.ident)) or (PROGRAM_KINDS.get(info.kind, ""), "", "")
            hook = (kind, code, place, info.ident if place else 0)
            sums[hook] = sums.get(hook, 0) + info.runs
        return [[kind, code, runs, place, ident] for (kind, code, place, ident), runs in sums.items()]


class ProcessPart:
    """One of the programs that run in a process: the names of its maps begin with the prefix (empty: it is alone)."""

    def __init__(self, ident: int, prefix: bytes) -> None:
        self.ident = ident
        self.prefix = prefix  # of the kernel's names of its maps
        self.misses = Misses()


class PartNames:
    """Finds the part to which a BPF program or a map belongs, by the kernel's names of maps (Linux 4.15 and newer)."""

    def __init__(self, parts: "list[ProcessPart]") -> None:
        self.parts = parts
        self.known: "dict[str, ProcessPart | None]" = {}

    def of_program(self, ident: str) -> "ProcessPart | None":
        """The part of a BPF program; None if several or none of them use its maps. Raises OSError."""
        return self._known("program " + ident, used_maps, ident)

    def of_map(self, ident: str) -> "ProcessPart | None":
        """The part of a map; None if it has another name. Raises OSError."""
        return self._known("map " + ident, list, (int(ident),))

    def _known(self, key: str, maps: "collections.abc.Callable[..., list[int]]", of: object) -> "ProcessPart | None":
        if key not in self.known:
            names = [map_name(one) for one in maps(of)]
            found = [part for part in self.parts if any(name.startswith(part.prefix) for name in names)]
            self.known[key] = found[0] if len(found) == 1 else None
        return self.known[key]


class SharedMemory:
    """The proportional memory (PSS) of one process. Read seldom, because that is slow."""

    def __init__(self) -> None:
        self.pss = -1  # bytes at the last reading; negative if it cannot be read
        self.rss = 0  # at the last reading
        self.read_at = 0.0

    def add_to(self, totals: "dict[str, object]", pid: int) -> "dict[str, object]":
        """Add the PSS of the process to its totals, unless the tracer may not read it."""
        rss, now = int(str(totals["rss"])), time.monotonic()
        if now >= self.read_at or abs(rss - self.rss) * PSS_CHANGE > self.rss:
            self.pss, self.rss, self.read_at = read_pss(pid), rss, now + PSS_EVERY
        if self.pss >= 0:
            totals["pss"] = self.pss
        return totals


class TracedProcess:
    """One started process, its pipes and its deadlines (monotonic times in seconds)."""

    def __init__(
        self,
        ident: int,
        pid: int,
        status: int,
        pipes: "list[Pipe]",
        terminal: int,
        parts: "list[ProcessPart] | None" = None,
    ) -> None:
        self.ident = ident
        self.parts = parts or [ProcessPart(ident, b"")]
        self.names = PartNames(self.parts)
        self.pid = pid
        self.status = status  # pipe with the exec's errno, or EOF on success; -1 once read
        self.pipes = pipes
        self.terminal = terminal  # the tracer's end of its terminal; -1 without one, or after hang_up
        self.nice: "int | None" = None  # requested before the process had its own group
        self.interrupt_at = NEVER
        self.again = RESEND
        self.open = -1  # number of its descriptors at the last look
        self.kill_at = NEVER
        self.kill_latest = NEVER
        self.count_at = NEVER
        self.finish_at = NEVER
        self.counts: "dict[str, int]" = {}
        self.bpf: "dict[str, list[str]]" = {}  # its descriptors by kind, at the last `look`
        self.map_bytes: "dict[ProcessPart | None, int]" = {}  # by part; None: of all parts
        self.hooks = Hooks()
        self.memory = SharedMemory()
        self.read = 0
        self.queued = 0
        self.dropping = False
        self.dropped_lines = 0
        self.dropped_bytes = 0

    def due(self) -> float:
        """The earliest deadline."""
        times = [self.interrupt_at, self.kill_at, self.count_at, self.finish_at]
        return min(times + [pipe.flush_at for pipe in self.pipes])

    def ended(self) -> bool:
        return self.finish_at != NEVER

    def drained(self) -> bool:
        return self.status < 0 and not self.pipes

    def stop(self, now: float, grace: float, again: float = RESEND, printing: float = 0) -> None:
        """Begin to stop; a second call can only shorten the deadlines. A process that prints or closes descriptors may
        take longer than the grace, up to `printing` seconds."""
        self.interrupt_at = min(self.interrupt_at, now)
        self.again = again
        self.kill_at = min(self.kill_at, now + grace)
        self.kill_latest = min(self.kill_latest, now + max(grace, printing))
        self.count_at = NEVER

    def printed(self, now: float) -> None:
        """Note that it has printed: a stopping process gets time for the rest of its output."""
        if self.kill_at != NEVER:
            self.kill_at = min(max(self.kill_at, now + PRINTING), self.kill_latest)

    def press(self, now: float) -> None:
        """Send SIGINT or SIGKILL if due. SIGINT is repeated because bpftrace up to 0.18 can lose it.

        A second SIGINT ends a bpftrace that is printing its maps, so none is sent once it closes descriptors: it has
        received the first."""
        if self.ended():
            self.interrupt_at = self.kill_at = NEVER
        elif now >= self.kill_at:
            self.kill(now)
        elif now >= self.interrupt_at:
            if self.has_closed():
                self.interrupt_at = NEVER
                return
            self.signal(signal.SIGINT)
            self.interrupt_at = now + self.again

    def kill(self, now: float) -> None:
        """Send SIGKILL, or give a process that detaches more time."""
        if now < self.kill_latest and self.has_closed():
            self.kill_at = min(now + PRINTING, self.kill_latest)
            return
        self.signal(signal.SIGKILL)
        self.interrupt_at = NEVER
        self.kill_at = now + RESEND

    def has_closed(self) -> bool:
        """Whether it has closed descriptors since the last call."""
        before, self.open = self.open, count_descriptors(self.pid)
        return 0 <= self.open < before

    def signal(self, number: int) -> None:
        """Send a signal to the process group; the PID is still valid because the process is not reaped yet."""
        if self.terminal >= 0 and number == signal.SIGINT:
            self.type_interrupt()
            return
        self.hang_up()
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            os.kill(self.pid, number)  # it has not called setsid yet
        except PermissionError:
            pass  # a set-id program of another user: only its closed pipes can end it

    def type_interrupt(self) -> None:
        try:
            os.write(self.terminal, INTERRUPT)
        except OSError:
            pass  # no process has it open: the program is about to end, or is killed after the grace

    def hang_up(self) -> None:
        """Close the terminal: the kernel sends SIGHUP to its processes, sudo forwards it, and bpftrace ends."""
        if self.terminal >= 0:
            os.close(self.terminal)
            self.terminal = -1

    def renice(self, nice: int) -> None:
        """Set the nice value of the process group (all threads), or keep it until the group exists."""
        if self.status >= 0:
            self.nice = nice
            return
        try:
            os.setpriority(os.PRIO_PGRP, self.pid, nice)
            set_session_nice(self.pid, nice)
        except OSError:
            pass  # lowering it needs root or RLIMIT_NICE; the program can run with the old value

    def look(self) -> "dict[str, list[str]]":
        """Find its kernel descriptors. The size of a map is fixed at creation, so it is read only for new maps."""
        found = find_descriptors(self.pid)
        if found and found["bpf-map"] != self.bpf.get("bpf-map"):
            self.map_bytes = self.sizes_of_maps(found["bpf-map"])
        if found and found["bpf-prog"] != self.bpf.get("bpf-prog"):
            for owner, fds in self.by_part(found["bpf-prog"]).items():
                for part in [owner] if owner is not None else self.parts:
                    part.misses.hold(self.pid, fds)
        if found:
            self.hooks.learn(self.pid, found)
        self.bpf = found or self.bpf
        return found

    def part_of_program(self, ident: int) -> "ProcessPart | None":
        """The part to which a BPF program belongs; None for one of all parts, or closed meanwhile. Raises OSError."""
        if len(self.parts) == 1:
            return self.parts[0]
        return self.names.of_program(str(ident)) if ident else None

    def part_of_map(self, ident: int) -> "ProcessPart | None":
        """The part to which a map belongs; None for one of all parts, or closed meanwhile. Raises OSError."""
        if len(self.parts) == 1:
            return self.parts[0]
        return self.names.of_map(str(ident)) if ident else None

    def by_part(self, fds: "list[str]") -> "dict[ProcessPart | None, list[str]]":
        """The descriptors of BPF programs by part. Raises OSError."""
        if len(self.parts) == 1:
            return {self.parts[0]: fds}
        found: "dict[ProcessPart | None, list[str]]" = {}
        for fd in fds:
            ident = int(describe(self.pid, fd).get("prog_id", 0))
            found.setdefault(self.part_of_program(ident), []).append(fd)
        return found

    def sizes_of_maps(self, fds: "list[str]") -> "dict[ProcessPart | None, int]":
        """The bytes of the maps of each part. Raises OSError."""
        sizes: "dict[ProcessPart | None, int]" = {}
        for fd in fds:
            info = describe(self.pid, fd)
            part = self.part_of_map(int(info.get("map_id", 0)))
            sizes[part] = sizes.get(part, 0) + int(info.get("memlock", 0))
        return sizes

    def costs(self) -> "list[tuple[int, dict[str, object]]]":
        """Return the id and the total cost of each part. Raises OSError if it has ended."""
        try:
            if self.count_at == NEVER:
                self.look()  # the 2 s count is off: the program is starting or ending
            infos: "dict[ProcessPart | None, list[ProgramInfo]]" = {}
            for fd in self.bpf.get("bpf-prog", ()):
                info = self.program_info(fd)
                infos.setdefault(self.part_of_program(info.ident), []).append(info)
        except PermissionError:
            visible = self.share_of(self.visible_cost())
            return [(part.ident, dict(visible)) for part in self.parts]
        totals = self.share_of(self.memory.add_to(process_cost(self.pid), self.pid))
        return [(part.ident, dict(totals, **self.part_cost(part, infos))) for part in self.parts]

    def part_cost(self, part: ProcessPart, infos: "dict[ProcessPart | None, list[ProgramInfo]]") -> "dict[str, object]":
        """What the BPF programs and maps of a part cost, with its share of those that belong to no part."""
        own, shared, parts = infos.get(part, []), infos.get(None, []), len(self.parts)
        return {
            "run_ns": sum(info.run_ns for info in own) + sum(info.run_ns for info in shared) // parts,
            "runs": sum(info.runs for info in own) + sum(info.runs for info in shared) // parts,
            "hooks": self.hooks.runs(own),
            "programs": len(own),
            "map_bytes": self.map_bytes.get(part, 0) + self.map_bytes.get(None, 0) // parts,
            "output": self.read // parts,
        }

    def share_of(self, totals: "dict[str, object]") -> "dict[str, object]":
        """The share of each part in the CPU time and memory of the process."""
        shared, parts = ("cpu_ns", "rss", "pss", "output"), len(self.parts)
        share = {name: int(str(one)) // parts if name in shared else one for name, one in totals.items()}
        return dict(share, parts=parts) if parts > 1 else share

    def skipped_lines(self, now: float) -> "list[tuple[int, bytes]]":
        """The id of each part and the payload of its `k` frame."""
        return [(part.ident, part.misses.line(now)) for part in self.parts]

    def release(self) -> None:
        """Close the descriptors that the tracer has on its BPF programs."""
        for part in self.parts:
            part.misses.close()

    def program_info(self, fd: str) -> ProgramInfo:
        """The facts of a BPF program by the process's descriptor. Until it is attached, and while it detaches, a number
        may be that of another program each time."""
        known = [part.misses.by_fd[fd] for part in self.parts if fd in part.misses.by_fd]
        held = known[0] if known and self.count_at != NEVER else None
        return held.info() if held is not None and held.own else describe_program(self.pid, fd)

    def visible_cost(self) -> "dict[str, object]":
        """The cost that is visible without extra rights: CPU and memory of sudo and its descendants, and output."""
        totals = process_cost(self.pid)
        for pid in descendants(self.pid):
            for name, number in process_cost(pid).items():
                if name != "state":
                    totals[name] = int(str(totals[name])) + int(str(number))
        totals["output"] = self.read
        totals["hidden"] = True
        return totals

    def has_exited(self) -> bool:
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def reap(self) -> int:
        """Kill the rest of its process group and return the exit code of an exited process."""
        self.signal(signal.SIGKILL)
        status = os.waitpid(self.pid, 0)[1]
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def state_frame(ident: int, payload: "dict[str, object]") -> bytes:
    data = json.dumps(payload).encode()
    return HEADER.pack(b"s", ident, *stamp(), len(data)) + data


class OutputPiece:
    """Some queued bytes, the program that they belong to, and whether a frame ends with them."""

    __slots__ = ("data", "last", "program")

    def __init__(
        self, program: "TracedProcess | None", data: "bytes | bytearray | memoryview", last: bool = True
    ) -> None:
        self.program = program
        self.data = data
        self.last = last


class FrameOutput:
    """The frames to the dashboard: a queue of bounded size in front of a non-blocking pipe.

    The last eighth of the queue is for programs with little in it, so a flood loses its own lines first. Costs are sent
    before all lines, so the dashboard can stop a flood without reading it first.
    """

    def __init__(self, fd: int, limit: int) -> None:
        self.fd = fd
        self.limit = limit
        self.size = 0
        self.broken = False
        self.queue: "collections.deque[OutputPiece]" = collections.deque()
        self.ahead: "collections.deque[OutputPiece]" = collections.deque()
        self.inside = False  # the queue starts in the middle of a frame

    def state(self, ident: int, payload: "dict[str, object]", *, ahead: bool = False) -> None:
        """Queue a state, with `ahead` before all lines; states are never dropped."""
        self._put(self.ahead if ahead else self.queue, OutputPiece(None, state_frame(ident, payload)))

    def skipped(self, ident: int, payload: bytes) -> None:
        """Queue a `k` frame; like states, never dropped."""
        if payload:
            self._put(self.queue, OutputPiece(None, HEADER.pack(b"k", ident, *stamp(), len(payload)) + payload))

    def cost(self, ident: int, payload: "dict[str, object]") -> None:
        """Queue a cost before all lines."""
        self._put(self.ahead, OutputPiece(None, state_frame(ident, payload)))

    def lines(self, program: TracedProcess, kind: bytes, lines: "list[bytes | bytearray | int]") -> None:
        """Queue lines that arrived now; if they do not fit, drop and count them."""
        boot, wall = stamp()
        frames: "list[bytes | bytearray]" = []
        for line in lines:
            tag, data = (b"x", b"%d" % line) if isinstance(line, int) else (kind, line)
            frames.append(HEADER.pack(tag, program.ident, boot, wall, len(data)))
            frames.append(data)
        size = sum(map(len, frames))
        if size > JOIN_LIMIT or not self._fits(program, size):
            self._one_by_one(program, frames)
        elif frames:
            self._put(self.queue, OutputPiece(program, b"".join(frames)))

    def _one_by_one(self, program: TracedProcess, frames: "list[bytes | bytearray]") -> None:
        for at in range(0, len(frames), 2):
            header, data = frames[at], frames[at + 1]
            if header[:1] == b"x" or self._fits(program, len(header) + len(data)):
                self._put(self.queue, OutputPiece(program, header, not data))
                self._put(self.queue, OutputPiece(program, data))
            else:
                program.dropping = True
                program.dropped_lines += 1
                program.dropped_bytes += len(data)

    def _fits(self, program: TracedProcess, size: int) -> bool:
        reserve = self.limit // 8 if program.queued > self.limit // 64 else 0
        return not program.dropping and self.size + size <= self.limit - reserve

    def relieve(self, program: TracedProcess) -> None:
        """After drops, accept lines again and report the gap once half of the queue is free."""
        if program.dropping and self.size <= self.limit // 2:
            self.tell_dropped(program)

    def tell_dropped(self, program: TracedProcess) -> None:
        program.dropping = False
        totals = {"lines": program.dropped_lines, "bytes": program.dropped_bytes}
        self.state(program.ident, dict(totals, state="dropped"))

    def push(self) -> None:
        """Write what the reader accepts now, a few MiB at most, so that the programs are read in between."""
        for _ in range(16):
            source = self.ahead if self.ahead and not self.inside else self.queue
            if not source:
                return
            try:
                self._sent(source, os.writev(self.fd, self._pieces(source)))
            except BlockingIOError:
                return
            except OSError:
                self.abandon()

    def _pieces(self, source: "collections.deque[OutputPiece]") -> "list[bytes | bytearray | memoryview]":
        """The next pieces to write; if costs are waiting, only up to the end of the current frame."""
        pieces = []
        for piece in itertools.islice(source, 64):
            pieces.append(piece.data)
            if piece.last and self.ahead and source is self.queue:
                break
        return pieces

    def abandon(self) -> None:
        """Stop writing: the reader has closed stdout."""
        self.broken = True
        self.queue.clear()
        self.ahead.clear()

    def waits(self) -> bool:
        """Whether data is waiting to be written."""
        return bool(self.queue or self.ahead)

    def _put(self, queue: "collections.deque[OutputPiece]", piece: "OutputPiece") -> None:
        if self.broken or not piece.data:
            return
        queue.append(piece)
        self._account(piece.program, len(piece.data))

    def _sent(self, source: "collections.deque[OutputPiece]", count: int) -> None:
        while count:
            piece = source[0]
            written = min(count, len(piece.data))
            count -= written
            self._account(piece.program, -written)
            is_whole = written == len(piece.data)
            if is_whole:
                source.popleft()
            else:
                piece.data = memoryview(piece.data)[written:]
            if source is self.queue:
                self.inside = not (is_whole and piece.last)

    def _account(self, program: "TracedProcess | None", size: int) -> None:
        self.size += size
        if program is not None:
            program.queued += size


def hold_program(ident: int) -> "BpfProgram | None":
    """Open a BPF program by its id; None if that is not allowed. The descriptor does not keep it attached."""
    try:
        fd = bpf(BPF_PROG_GET_FD_BY_ID, bytearray(struct.pack("=III", ident, 0, 0)))
    except OSError:
        return None
    return BpfProgram(os.getpid(), str(fd), True)


def used_maps(ident: str) -> "list[int]":
    """The ids of the maps that a BPF program uses. Raises OSError."""
    import ctypes

    fd = bpf(BPF_PROG_GET_FD_BY_ID, bytearray(struct.pack("=III", int(ident), 0, 0)))
    try:
        ids = ctypes.create_string_buffer(4 * MOST_MAPS)
        info = ctypes.create_string_buffer(PROG_INFO.size)
        PROG_MAPS.pack_into(info, 0, MOST_MAPS, ctypes.addressof(ids))
        bpf(BPF_OBJ_GET_INFO_BY_FD, bytearray(struct.pack("=IIQ", fd, PROG_INFO.size, ctypes.addressof(info))))
    finally:
        os.close(fd)
    count = min(PROG_MAPS.unpack_from(info.raw)[0], MOST_MAPS)
    return list(struct.unpack_from("=%dI" % count, ids.raw))


def map_name(ident: int) -> bytes:
    """The name of a BPF map, at most 15 bytes. Raises OSError."""
    import ctypes

    fd = bpf(BPF_MAP_GET_FD_BY_ID, bytearray(struct.pack("=III", ident, 0, 0)))
    try:
        info = ctypes.create_string_buffer(MAP_INFO.size)
        bpf(BPF_OBJ_GET_INFO_BY_FD, bytearray(struct.pack("=IIQ", fd, MAP_INFO.size, ctypes.addressof(info))))
    finally:
        os.close(fd)
    return bytes(MAP_INFO.unpack(info.raw)[0].split(b"\0")[0])


def find_descriptors(pid: int) -> "dict[str, list[str]]":
    """The names in /proc/PID/fd that link to each watched kind; empty for a process that is about to end.

    bpftrace with libbcc 0.26 to 0.32 can close its own descriptors by mistake, and continues without them.
    """
    folder = "/proc/%d/fd/" % pid
    names = os.listdir(folder)
    found: "dict[str, list[str]]" = {kind: [] for kind in (*WATCHED, LINK)}
    for name in names:
        kind = link_kind(folder + name)
        if kind in found:
            found[kind].append(name)
    return found if names else {}


def count_descriptors(pid: int) -> int:
    """The number of open descriptors of a process; -1 if they cannot be read."""
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return -1


def link_kind(path: str) -> str:
    """The kind of kernel object of a descriptor; empty for other files and for closed descriptors."""
    try:
        scheme, _, kind = os.readlink(path).partition(":")
    except OSError:
        return ""
    return kind.strip("[]") if scheme == "anon_inode" else ""


def describe(pid: int, fd: str) -> "dict[str, str]":
    """The fields of /proc/PID/fdinfo/FD; empty if it was closed in the meantime."""
    return fields_of(fdinfo(pid, fd))


def describe_program(pid: int, fd: str) -> ProgramInfo:
    """The facts of a BPF program from /proc/PID/fdinfo/FD; zeros if it was closed in the meantime."""
    info = describe(pid, fd)
    names = ("prog_id", "prog_type", "run_time_ns", "run_cnt", "recursion_misses")
    return ProgramInfo(*[int(info.get(name, 0)) for name in names])


def query_program(fd: int) -> ProgramInfo:
    """The facts of a BPF program that the tracer holds. Raises OSError."""
    kind, ident, _, _, run_ns, runs, skipped = program_info(fd)
    return ProgramInfo(ident, kind, run_ns, runs, skipped)


def fields_of(text: str) -> "dict[str, str]":
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def fdinfo(pid: int, fd: str) -> str:
    """The first 4,096 bytes of /proc/PID/fdinfo/FD; empty if it was closed in the meantime."""
    try:
        file = os.open("/proc/%d/fdinfo/%s" % (pid, fd), os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        return os.read(file, 4096).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    finally:
        os.close(file)


def describe_link(pid: int, fd: str) -> "dict[str, tuple[str, str, str]]":
    """Program id -> (kind, code, place) of the program that a link attaches; empty if the kernel does not report it."""
    text = fdinfo(pid, fd)
    fields = fields_of(text)
    kind = fields.get("link_type", "")
    if kind == "perf":
        kind = fields.get("event_type", "")
    if "prog_id" not in fields or not kind:
        return {}
    path = fields.get("path") or fields.get("name", "")
    # A link to many functions has one line for each, below a heading: "COOKIE OFFSET REF_CTR_OFFSET".
    rows = [line.split() for line in text.partition("ref_ctr_offset")[2].splitlines()[1:]]
    offsets = [fields["offset"]] if "offset" in fields else [row[1] for row in rows if len(row) == 3]
    is_user = path.startswith("/") and offsets
    return {
        fields["prog_id"]: (kind,) + (find_place(pid, path, [int(one, 16) for one in offsets]) if is_user else NOWHERE)
    }


def query_event(pid: int, fd: str) -> "dict[str, tuple[str, str, str]]":
    """Program id -> (kind, code, place) of the program on a perf event; empty without one, or without permission."""
    try:
        import ctypes

        name = ctypes.create_string_buffer(4096)
        request = bytearray(TASK_FD.pack(pid, int(fd), 0, len(name), ctypes.addressof(name), 0, 0, 0, 0))
        bpf(BPF_TASK_FD_QUERY, request)
    except (ImportError, OSError):
        return {}
    ident, kind, offset = TASK_FD.unpack(request)[5:8]
    if kind >= len(TASK_FD_KINDS):
        return {}
    is_user = TASK_FD_KINDS[kind] in ("uprobe", "uretprobe")
    path = name.value.decode("utf-8", "surrogateescape")
    code, place = find_place(pid, path, [offset]) if is_user else NOWHERE
    return {str(ident): (TASK_FD_KINDS[kind], code, place)}


def find_place(pid: int, path: str, offsets: "list[int]") -> "tuple[str, str]":
    """The bytes at the first offset of a file, in hex, and a name for all the offsets. The path is resolved in the root
    folder of the process first."""
    for root in ("/proc/%d/root" % pid, ""):
        try:
            with open(root + path, "rb") as file:
                facts = os.fstat(file.fileno())
                file.seek(offsets[0])
                name = "%x:%x:%x" % (facts.st_dev, facts.st_ino, offsets[0])
                more = binascii.crc32(repr(offsets).encode()) if offsets[1:] else 0
                return file.read(CODE_BYTES).hex(), name + (":%x" % more if more else "")
        except OSError:
            continue
    return NOWHERE


def descendants(pid: int) -> "list[int]":
    """All descendants of a process; empty if the kernel does not list them (CONFIG_PROC_CHILDREN)."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            children = [int(word) for word in file.read().split()]
    except OSError:
        return []
    return children + [one for child in children for one in descendants(child)]


def process_cost(pid: int) -> "dict[str, object]":
    """CPU time of all threads in ns, by the process's CPU clock (see clock_getcpuclockid), and resident bytes."""
    file = os.open("/proc/%d/statm" % pid, os.O_RDONLY)
    try:
        pages = int(os.read(file, 4096).split()[1])
    finally:
        os.close(file)
    return {"state": "cost", "cpu_ns": clock_ns((~pid << 3) | CPUCLOCK_SCHED), "rss": pages * PAGE_SIZE}


def read_pss(pid: int) -> int:
    """The proportional set size of a process in bytes (smaps_rollup, Linux 4.14 and newer); -1 if it cannot be read."""
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), -1)
    except OSError:
        return -1


@functools.lru_cache(maxsize=1)
def find_bpf() -> "tuple[collections.abc.Callable[..., int], int]":
    """The C library's syscall function and the number of bpf. Raises OSError on a Python without ctypes."""
    try:
        import ctypes

        return ctypes.CDLL(None, use_errno=True).syscall, SYS_BPF.get(os.uname().machine, SYS_BPF_ELSEWHERE)
    except (ImportError, OSError, AttributeError):
        raise OSError(errno.ENOSYS, "Python without ctypes") from None


def bpf(command: int, attributes: bytearray) -> int:
    """The system call bpf; the kernel writes its answer into `attributes`. Raises OSError."""
    call, number = find_bpf()
    import ctypes

    buffer = (ctypes.c_char * len(attributes)).from_buffer(attributes)
    result = int(call(ctypes.c_long(number), command, buffer, len(attributes)))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


class Statistics:
    """The kernel's BPF run statistics. Switched on by a descriptor, so the kernel switches them off when the tracer
    ends, also after SIGKILL; before Linux 5.8 by the sysctl, which the tracer restores only on a normal end."""

    def __init__(self) -> None:
        self.by = ""
        self.reason = ""
        self.restore = False

    def switch_on(self) -> None:
        if self.by:
            return
        try:
            bpf(BPF_ENABLE_STATS, bytearray(4))
            self.by = "bpf"
        except OSError as problem:
            self.reason = str(problem.strerror)
            self._switch_on_everywhere()

    def _switch_on_everywhere(self) -> None:
        try:
            with open(STATS_SWITCH, "r+") as switch:
                if switch.read().strip() == "0":
                    switch.seek(0)
                    switch.write("1")
                    self.restore = True
            self.by = "sysctl"
        except OSError:
            pass  # the first reason is more useful

    def switch_off(self) -> None:
        if self.restore:
            with contextlib.suppress(OSError), open(STATS_SWITCH, "w") as switch:
                switch.write("0")


def next_program(ident: int) -> int:
    """The id of the next BPF program of the host; 0 after the last. Raises OSError."""
    attributes = bytearray(struct.pack("=III", ident, 0, 0))
    try:
        bpf(BPF_PROG_GET_NEXT_ID, attributes)
    except FileNotFoundError:
        return 0
    return int(struct.unpack_from("=I", attributes, 4)[0])


def program_info(fd: int) -> "tuple[int, int, int, bytes, int, int, int]":
    """The fields of PROG_INFO of a BPF program; those that an older kernel does not have are 0. Raises OSError."""
    import ctypes

    info = ctypes.create_string_buffer(PROG_INFO.size)
    bpf(BPF_OBJ_GET_INFO_BY_FD, bytearray(PROG_INFO_QUERY.pack(fd, PROG_INFO.size, ctypes.addressof(info))))
    return PROG_INFO.unpack(info.raw)


def program_facts(ident: int) -> "list[object]":
    """Type, name, uid of the loader, run time in ns and runs of a BPF program. Raises OSError."""
    fd = bpf(BPF_PROG_GET_FD_BY_ID, bytearray(struct.pack("=III", ident, 0, 0)))
    try:
        kind, _, uid, name, run_ns, runs, _ = program_info(fd)
    finally:
        os.close(fd)
    return [kind, name.split(b"\0")[0].decode("utf-8", "replace"), uid, run_ns, runs]


class ProgramSurvey:
    """Every BPF program of the host and the processes that hold it open, read in small steps: there may be thousands
    of processes, and lines are waiting."""

    def __init__(self) -> None:
        self.owners: "dict[int, list[int]]" = {}
        self.owned: "set[int]" = set()  # the programs for which `owners` is valid

    def run(self, tell: "collections.abc.Callable[[dict[str, object]], None]") -> "collections.abc.Iterator[None]":
        programs: "dict[int, list[object]]" = {}
        reason = ""
        try:
            ident = next_program(0)
            while ident:
                with contextlib.suppress(FileNotFoundError):  # unloaded in the meantime
                    programs[ident] = program_facts(ident)
                yield
                ident = next_program(ident)
        except OSError as problem:
            reason = str(problem.strerror)
        gone = any(not os.path.exists("/proc/%d" % pid) for pids in self.owners.values() for pid in pids)
        if gone or set(programs) != self.owned:
            self.owners, self.owned = {}, set(programs)
            for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
                if pid != os.getpid():  # the tracer only reads the programs of others
                    self._look_into(pid)
                yield
        rows = [[ident, *facts, self.owners.get(ident, [])] for ident, facts in programs.items()]
        tell({"state": "survey", "programs": rows, "reason": reason})

    def _look_into(self, pid: int) -> None:
        folder = "/proc/%d/fd/" % pid
        with contextlib.suppress(OSError):  # it has ended
            for fd in os.listdir(folder):
                if link_kind(folder + fd) in ("bpf-prog", "bpf_link", "bpf-link"):
                    holders = self.owners.setdefault(int(describe(pid, fd).get("prog_id", 0)), [])
                    if pid not in holders:
                        holders.append(pid)


class StartCommand:
    """A validated start command; `run` executes it in the child."""

    def __init__(self, command: "dict[str, object]") -> None:
        argv, env, folder = command.get("argv"), command.get("env", {}), command.get("folder", ".")
        categories = command.get("categories", [])
        if not isinstance(argv, list) or not argv or not all(map(is_text, argv)):
            raise ValueError("argv must be a list of at least one string")
        if not isinstance(env, dict) or not all(is_variable(name) and is_text(env[name]) for name in env):
            raise ValueError("env must be an object of strings")
        if not is_text(folder):
            raise ValueError("folder must be a string")
        if not isinstance(categories, list) or not all(map(is_text, categories)):
            raise ValueError("categories must be a list of strings")
        self.tracepoints = TracepointList(categories)
        self.argv = [to_bytes(word) for word in argv]
        self.folder = to_bytes(str(folder))
        base = {"PATH": os.environ.get("PATH", DEFAULT_PATH), "HOME": os.environ.get("HOME", "/")}
        base["LANG"] = "C.UTF-8"
        base.update(env)
        self.env = {to_bytes(name): to_bytes(value) for name, value in base.items()}
        self.nice = nice_value(command)
        self.parts = parts_of(command)

    def run(self, parent: int, null: int, out: int, err: int, status: int, terminal: int) -> None:
        """Become the program; never returns. An error is written to `status` as an errno."""
        code = errno.EINVAL
        try:
            os.setsid()
            if terminal >= 0:
                fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
            os.chdir(self.folder)
            stop_ignoring()
            die_with(parent)
            self.tracepoints.shorten()
            lower_priority(self.nice)
            for target, fd in enumerate((null, out, err)):
                os.dup2(fd, target)
            os.execvpe(self.argv[0], self.argv, self.env)  # noqa: S606
        except OSError as problem:
            code = problem.errno or code
        finally:
            os.write(status, b"%d" % code)
            os._exit(127)


def is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def is_variable(name: object) -> bool:
    return isinstance(name, str) and is_text(name) and "=" not in name and name != ""


def to_bytes(text: str) -> bytes:
    """UTF-8. Not os.fsencode: on Python 3.6 that is ASCII in the locale C."""
    return text.encode("utf-8", "surrogateescape")


def stop_ignoring() -> None:
    """Reset every ignored signal to its default: ignored signals stay ignored after exec."""
    for number in range(1, signal.NSIG):
        try:
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # the C library reserves two signals


def nice_value(command: "dict[str, object]") -> int:
    nice = command.get("nice", 0)
    if type(nice) is not int or not -20 <= nice <= 19:
        raise ValueError("nice must be an integer from -20 to 19")
    return nice


class TracepointList:
    """The short list of tracepoints that one process reads instead of the kernel's long one.

    bpftrace up to 0.23 reads the whole list for every `args->field`, and the kernel formats thousands of lines each
    time. In a mount namespace of its own, the process finds the lines of the given categories in that place. Mounts of
    the host still reach this namespace, and none of its mounts reaches the host.
    """

    def __init__(self, categories: "list[str]") -> None:
        self.starts = tuple(to_bytes(name + ":") for name in categories)

    def shorten(self) -> None:
        """Replace the list for the calling process, or leave everything as it is where that is not allowed."""
        folders = [one for one in TRACEFS if os.path.exists(os.path.join(one, EVENT_LIST))]
        if not self.starts or not folders:
            return
        try:
            with open(os.path.join(folders[0], EVENT_LIST), "rb") as file:
                lines = [line for line in file if line.startswith(self.starts)]
            if lines:
                lay_over(b"".join(lines), folders)
        except (OSError, ImportError, AttributeError):
            pass  # no CAP_SYS_ADMIN, no tracefs, no ctypes: bpftrace reads the long list, only more slowly


def lay_over(lines: bytes, folders: "list[str]") -> None:
    """Put a file with these lines over the list of tracepoints in each folder, in a new mount namespace.

    Raises OSError. A memfd cannot be mounted, so the file is in a tmpfs, which is unmounted here and lives as long as
    the namespace.
    """
    place = os.path.join(folders[0], INSTANCES)
    short = os.path.join(place, EVENT_LIST)
    if not os.path.isdir(place):
        return
    call_libc("unshare", CLONE_NEWNS)
    mount(None, "/", None, MS_REC | MS_SLAVE)
    mount("tmpfs", place, "tmpfs", 0)
    try:
        with open(short, "wb") as file:
            file.write(lines)
        for folder in folders:
            mount(short, os.path.join(folder, EVENT_LIST), None, MS_BIND)
    finally:
        call_libc("umount2", place.encode(), MNT_DETACH)


def mount(source: "str | None", target: str, kind: "str | None", flags: int) -> None:
    import ctypes

    texts = [None if one is None else one.encode() for one in (source, target, kind)]
    call_libc("mount", *texts, ctypes.c_ulong(flags), None)


def call_libc(name: str, *arguments: object) -> None:
    """Call a function of the C library. Raises OSError, AttributeError without that function."""
    import ctypes

    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def parts_of(command: "dict[str, object]") -> "list[ProcessPart]":
    parts = command.get("parts", [])
    if not isinstance(parts, list) or not all(map(is_part, parts)):
        raise ValueError("parts must be a list of ids and prefixes")
    return [ProcessPart(ident, to_bytes(prefix)) for ident, prefix in parts]


def is_part(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    ident, prefix = value
    return type(ident) is int and 0 < ident <= MAX_ID and is_text(prefix) and prefix != ""


def find_prctl() -> "collections.abc.Callable[..., int] | None":
    """The C library's prctl; None on a Python without ctypes."""
    try:
        import ctypes

        return ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None


def die_with(parent: int) -> None:
    """Make the kernel kill this process when the tracer dies, also by SIGKILL. Has no effect without prctl."""
    prctl = find_prctl()
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(127)  # the tracer died before the request was in place


def lower_priority(nice: int) -> None:
    """Set the nice value, only as root: a normal user may not lower it again."""
    if os.geteuid() != 0:
        return
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        set_session_nice(os.getpid(), nice)
    except OSError:
        pass  # as in TracedProcess.renice


def set_session_nice(pid: int, nice: int) -> None:
    """Set the nice value of the session of a process. With CONFIG_SCHED_AUTOGROUP (Linux 2.6.38) the kernel divides the
    CPUs between sessions first, and the nice value of a process counts only within its session. Raises OSError."""
    path = "/proc/%d/autogroup" % pid
    if os.path.exists(path):
        with open(path, "w") as group:
            group.write(str(nice))


def parse_command(line: "bytes | bytearray | int") -> "dict[str, object]":
    command = None if isinstance(line, int) else json.loads(line.decode())
    if isinstance(command, dict):
        return command
    raise ValueError("not a JSON object, or too long")


def seconds_of(command: "dict[str, object]", name: str, default: "float | None" = None) -> float:
    """A duration in seconds from a command. Raises ValueError."""
    value = command.get(name, default)
    if not isinstance(value, (int, float)) or not 0 <= value < NEVER:
        raise ValueError(name + " must be a number of seconds")
    return value


def command_id(command: "dict[str, object]") -> int:
    """The id in a command; 0 if it is for all programs. Raises ValueError."""
    ident = command.get("id")
    if ident is None and command.get("do") not in ("start", "stop", "watch"):
        return 0
    if type(ident) is not int or not 0 < ident <= MAX_ID:
        raise ValueError("id must be an integer from 1 to %d" % MAX_ID)
    return ident


class Tracer:
    """The main loop: reads commands, writes frames. Single-threaded: PDEATHSIG depends on the forking thread."""

    def __init__(self, cap: int, buffer: int, terminals: bool, lease: float = NEVER) -> None:
        self.cap = cap
        self.terminals = terminals
        self.lease = lease * FIRST_LEASE
        self.usual_lease = lease
        self.heard_at = time.monotonic()
        self.programs: "dict[int, TracedProcess]" = {}
        self.used: "set[int]" = set()
        self.output = FrameOutput(1, buffer)
        self.commands = Lines(COMMAND_CAP)
        self.verbs = {
            "start": self.start,
            "stop": self.stop,
            "nice": self.nice,
            "watch": self.watch,
            "meter": self.meter,
            "survey": self.survey,
            "time": self.tell_time,
            "read": self.read_files,
            "processes": self.read_processes,
        }
        self.close_at = NEVER
        self.statistics = Statistics()
        self.meter_at = NEVER
        self.meter_every = NEVER
        self.memory = SharedMemory()
        self.around = ProgramSurvey()
        self.surveying: "collections.abc.Iterator[None] | None" = None
        self.poll = select.poll()
        self.handlers: "dict[int, collections.abc.Callable[[], None]]" = {}
        self.null = os.open(os.devnull, os.O_RDONLY)
        self.wake, wake_end = os.pipe()
        for fd in (self.wake, wake_end, 1):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_end)
        self.listen(self.wake, self.reap)
        self.listen(0, self.read_commands)
        self.listen(1, self.output.abandon, 0)

    def listen(self, fd: int, handler: "collections.abc.Callable[[], None]", events: int = select.POLLIN) -> None:
        self.handlers[fd] = handler
        self.poll.register(fd, events)

    def forget(self, fd: int) -> None:
        del self.handlers[fd]
        self.poll.unregister(fd)

    def run(self) -> None:
        self.output.state(0, hello())
        self.output.push()
        while not self.done():
            for fd, events in self.poll.poll(self.timeout()):
                if fd == 1 and not events & ~select.POLLOUT:
                    continue  # the pipe has room: every turn ends with a push
                handler = self.handlers.get(fd)
                if handler is not None:
                    handler()
            self.tick()

    def done(self) -> bool:
        nothing_left = not self.programs and not self.output.waits()
        late = time.monotonic() >= self.close_at + CLOSE_LIMIT
        return self.close_at != NEVER and (nothing_left or late)

    def timeout(self) -> "float | None":
        """Milliseconds until the next deadline; None if there is none."""
        if self.surveying is not None:
            return 0.0
        own = [self.close_at + CLOSE_LIMIT, self.meter_at, self.lease_end()]
        due = min([program.due() for program in self.programs.values()] + own)
        return None if due == NEVER else max(0.0, due - time.monotonic()) * 1000 + 1

    def lease_end(self) -> float:
        """When the tracer ends without another command."""
        return NEVER if self.close_at != NEVER else self.heard_at + self.lease

    def tick(self) -> None:
        """End of every turn: do everything that is due, then write output."""
        now = time.monotonic()
        if now >= self.lease_end():
            self.close()
        for program in list(self.programs.values()):
            self.tend(program, now)
        if now >= self.meter_at:
            self.tell_costs(now)
        self.go_on_surveying(now)
        self.output.push()
        if self.output.broken and 1 in self.handlers:
            self.forget(1)
            self.close()
        elif 1 in self.handlers:
            self.poll.modify(1, select.POLLOUT if self.output.waits() else 0)

    def tend(self, program: TracedProcess, now: float) -> None:
        program.press(now)
        if now >= program.count_at:
            self.count(program, now)
        for pipe in program.pipes:
            if now >= pipe.flush_at:
                pipe.flush_at = NEVER
                self.output.lines(program, pipe.kind, pipe.lines.flush())
        if program.ended() and (program.drained() or now >= program.finish_at):
            self.finish(program)
        self.output.relieve(program)

    def close(self) -> None:
        """Stop all programs: stdin ended, or stdout was closed."""
        if self.close_at != NEVER:
            return
        self.close_at = time.monotonic()
        self.meter_at = NEVER
        self.surveying = None
        self.forget(0)
        for program in self.programs.values():
            program.stop(self.close_at, CLOSE_GRACE)

    def read_commands(self) -> None:
        try:
            chunk = os.read(0, CHUNK)
        except OSError:
            chunk = b""  # stdin may be a socket, and its other end may have been reset
        if not chunk:
            self.close()
        self.heard_at = time.monotonic()
        for line in self.commands.feed(chunk):
            self.obey(line)

    def obey(self, line: "bytes | bytearray | int") -> None:
        """Execute one command line, or report why it is refused."""
        ident = 0
        try:
            command = parse_command(line)
            ident = command_id(command)
            self.verbs[str(command.get("do"))](ident, command)
        except (ValueError, RecursionError) as problem:
            self.output.state(ident, {"state": "refused", "reason": str(problem)})
        except KeyError as unknown:
            self.output.state(ident, {"state": "refused", "reason": "no such command: %s" % unknown})

    def start(self, ident: int, command: "dict[str, object]") -> None:
        start = StartCommand(command)
        idents = [ident, *(part.ident for part in start.parts)]
        for one in idents:
            if one in self.used or idents.count(one) > 1:
                raise ValueError("id %d was used before" % one)
        self.used.update(idents)
        try:
            program = self.fork(ident, start)
        except OSError as problem:
            self.output.state(ident, {"state": "failed", "reason": os.strerror(problem.errno or 0)})
            return
        self.programs[ident] = program
        self.listen(program.status, functools.partial(self.executed, program, start.argv[0]))

    def fork(self, ident: int, start: StartCommand) -> TracedProcess:
        ends: "list[int]" = []
        parent = os.getpid()
        find_prctl()  # so that ctypes is imported once, not by every child
        try:
            for _ in range(3):
                ends += os.pipe()
            if self.terminals:
                ends += os.openpty()
            pid = os.fork()
            if pid == 0:
                start.run(parent, self.null, ends[1], ends[3], ends[5], ends[7] if self.terminals else -1)
        except OSError:
            close_all(ends)
            raise
        close_all(ends[1::2])
        for fd in ends[::2]:
            os.set_blocking(fd, False)
        pipes = [Pipe(ends[0], b"o", self.cap), Pipe(ends[2], b"e", self.cap)]
        return TracedProcess(ident, pid, ends[4], pipes, ends[6] if self.terminals else -1, start.parts)

    def executed(self, program: TracedProcess, name: bytes) -> None:
        """Handle the result of the exec. The pipes are read only from now on, so `started` precedes every line."""
        answer = os.read(program.status, 16)
        self.forget(program.status)
        os.close(program.status)
        program.status = -1
        if answer:
            self.fail(program, "%s: %s" % (name.decode("utf-8", "replace"), os.strerror(int(answer))))
            return
        self.output.state(program.ident, {"state": "started", "pid": program.pid})
        for pipe in program.pipes:
            enlarge(pipe.fd)
            self.listen(pipe.fd, functools.partial(self.read, program, pipe))
        if program.nice is not None:
            program.renice(program.nice)

    def fail(self, program: TracedProcess, reason: str) -> None:
        close_all([pipe.fd for pipe in program.pipes])
        program.reap()
        del self.programs[program.ident]
        self.output.state(program.ident, {"state": "failed", "reason": reason})

    def read(self, program: TracedProcess, pipe: Pipe) -> None:
        lines = pipe.read(time.monotonic())
        if lines is None:
            self.end_pipe(program, pipe)
        elif lines:
            program.read += sum(line if isinstance(line, int) else len(line) for line in lines)
            program.printed(time.monotonic())
            if pipe.kind == b"o":
                for ident, payload in program.skipped_lines(time.monotonic()):
                    self.output.skipped(ident, payload)
            self.output.lines(program, pipe.kind, lines)

    def end_pipe(self, program: TracedProcess, pipe: Pipe) -> None:
        self.forget(pipe.fd)
        os.close(pipe.fd)
        program.pipes.remove(pipe)
        self.output.lines(program, pipe.kind, pipe.lines.flush())

    def end_shared_pipe(self, program: TracedProcess, pipe: Pipe) -> None:
        """End a pipe that another process keeps open, after reading as much as a pipe can hold."""
        for _ in range(PIPE_SIZE // CHUNK):
            if pipe in program.pipes:
                self.read(program, pipe)
        if pipe in program.pipes:
            self.end_pipe(program, pipe)

    def reap(self) -> None:
        """Handle SIGCHLD: note the exited processes. Each is reaped when its pipes are drained."""
        os.read(self.wake, CHUNK)
        now = time.monotonic()
        for program in self.programs.values():
            if not program.ended() and program.has_exited():
                program.finish_at = now + DRAIN_LIMIT
                program.count_at = NEVER

    def finish(self, program: TracedProcess) -> None:
        for pipe in list(program.pipes):
            self.end_shared_pipe(program, pipe)
        if program.dropping:
            self.output.tell_dropped(program)
        program.release()
        del self.programs[program.ident]
        self.output.state(program.ident, {"state": "exited", "code": program.reap()})

    def program(self, ident: int) -> "TracedProcess | None":
        """The program of a command; None if it has ended in the meantime. Raises ValueError if it was never started."""
        if ident not in self.used:
            raise ValueError("id %d was never started" % ident)
        return self.programs.get(ident)

    def stop(self, ident: int, command: "dict[str, object]") -> None:
        grace, again = seconds_of(command, "grace"), seconds_of(command, "again", RESEND)
        printing = seconds_of(command, "printing", grace)
        program = self.program(ident)
        if program is not None:
            program.stop(time.monotonic(), grace, again, printing)

    def nice(self, ident: int, command: "dict[str, object]") -> None:
        nice = nice_value(command)
        for program in [self.program(ident)] if ident else list(self.programs.values()):
            if program is not None:
                program.renice(nice)

    def watch(self, ident: int, _command: "dict[str, object]") -> None:
        program = self.program(ident)
        if program is not None and not program.ended() and program.kill_at == NEVER:
            program.count_at = time.monotonic()
            program.bpf = {}  # so that its programs are found once more: it has loaded all of them

    def count(self, program: TracedProcess, now: float) -> None:
        program.count_at = now + WATCH_EVERY
        if program.status >= 0:
            program.count_at = now + RESEND  # before the exec it is still a copy of the tracer
            return
        try:
            found = program.look()
            counts = {kind: len(found[kind]) for kind in WATCHED if kind in found}
        except OSError as problem:
            program.count_at = NEVER
            self.output.state(program.ident, {"state": "refused", "reason": "watch: %s" % problem.strerror})
            return
        if counts and counts != program.counts:
            program.counts = counts
            self.output.state(program.ident, {"state": "fds", "counts": counts})

    def meter(self, _ident: int, command: "dict[str, object]") -> None:
        every = command.get("every")
        if not isinstance(every, (int, float)) or not 0.05 <= every <= 3600:
            raise ValueError("every must be a number of seconds")
        if command.get("stats"):
            self.statistics.switch_on()
        self.output.state(0, {"state": "metering", "by": self.statistics.by, "reason": self.statistics.reason})
        self.meter_every = every
        self.lease = self.usual_lease
        self.meter_at = time.monotonic()

    def tell_costs(self, now: float) -> None:
        self.meter_at = max(now, self.meter_at + self.meter_every)
        for program in self.programs.values():
            if program.status < 0 and not program.ended():
                with contextlib.suppress(OSError):  # it has just ended
                    for ident, cost in program.costs():
                        self.output.cost(ident, cost)
        self.output.cost(0, self.memory.add_to(process_cost(os.getpid()), os.getpid()))

    def survey(self, _ident: int, _command: "dict[str, object]") -> None:
        if self.surveying is None:
            self.surveying = self.around.run(functools.partial(self.output.state, 0))

    def go_on_surveying(self, now: float) -> None:
        try:
            while self.surveying is not None and time.monotonic() < now + SURVEY_SLICE:
                next(self.surveying)
        except StopIteration:
            self.surveying = None

    def tell_time(self, _ident: int, command: "dict[str, object]") -> None:
        self.output.state(0, {"state": "time", "token": token_of(command)}, ahead=True)

    def read_files(self, _ident: int, command: "dict[str, object]") -> None:
        token, content = token_of(command), FileContent()
        for path in names_of(command, "files"):
            content.add_file(path)
        for pattern in names_of(command, "links"):
            for path in glob.iglob(pattern):
                content.add_link(path)
        for pattern in names_of(command, "patterns"):
            content.add_paths(pattern)
        self.output.state(0, content.answer(token))

    def read_processes(self, _ident: int, command: "dict[str, object]") -> None:
        token, content = token_of(command), FileContent()
        pids = command.get("pids")
        if not isinstance(pids, list) or len(pids) > MOST_ASKED or not all(type(pid) is int for pid in pids):
            raise ValueError("pids must be a list of integers")
        for pid in pids:
            content.add_process(pid)
        self.output.state(0, content.answer(token))


def hello() -> "dict[str, object]":
    """The first state: this process and its host."""
    host = {"uname": list(os.uname()), "cpus": os.cpu_count() or 1}
    return dict(host, state="hello", version=VERSION, pid=os.getpid(), uid=os.geteuid())


class FileContent:
    """The files, links and paths of one answer, within ANSWER_LIMIT."""

    def __init__(self) -> None:
        self.left = ANSWER_LIMIT
        self.cut = False
        self.files: "dict[str, str]" = {}
        self.links: "dict[str, str]" = {}
        self.paths: "list[str]" = []

    def answer(self, token: int) -> "dict[str, object]":
        found = {"files": self.files, "links": self.links, "paths": self.paths, "cut": self.cut}
        return dict(found, state="content", token=token)

    def add_file(self, path: str) -> bytes:
        """Add the start of a file; return it, or b"" if it cannot be read."""
        if path in self.files:
            return binascii.a2b_base64(self.files[path])
        data = read_start(path)
        if data and self.take(len(path) + len(data) * 4 // 3):
            self.files[path] = binascii.b2a_base64(data, newline=False).decode()
        return data

    def add_link(self, path: str) -> None:
        try:
            target = os.fsencode(os.readlink(to_bytes(path))).decode("utf-8", "replace")
        except OSError:
            return
        if self.take(len(path) + len(target)):
            self.links[path] = target

    def add_paths(self, pattern: str) -> None:
        for path in glob.iglob(pattern):
            if not self.take(len(path)):
                return
            self.paths.append(path)

    def add_process(self, pid: int) -> None:
        """Add the files of a process or thread, of its process, and the names of the ancestors."""
        status = self.add_file("/proc/%d/status" % pid)
        tgid = next((int(line[5:]) for line in status.split(b"\n") if line.startswith(b"Tgid:")), 0)
        for name in PROCESS_FILES if tgid else ():
            self.add_file("/proc/%d/%s" % (tgid, name))
        self.add_link("/proc/%d/exe" % tgid)
        self.add_link("/proc/%d/ns/pid" % tgid)
        for _ in range(MOST_PARENTS):
            fields = self.add_file("/proc/%d/stat" % tgid).rpartition(b")")[2].split()
            tgid = int(fields[1]) if len(fields) > 1 else 0
            if tgid <= 0:
                return

    def take(self, size: int) -> bool:
        """Whether a part of this size still fits."""
        self.left -= size
        self.cut = self.cut or self.left < 0
        return self.left >= 0


def read_start(path: str) -> bytes:
    """The first FILE_LIMIT bytes of a regular file; b"" if it cannot be read."""
    try:
        fd = os.open(to_bytes(path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return b""
    parts, left = [], FILE_LIMIT
    try:
        while stat.S_ISREG(os.fstat(fd).st_mode) and left > 0:
            parts.append(os.read(fd, left))
            left = left - len(parts[-1]) if parts[-1] else 0
    except OSError:
        pass  # the process has ended
    finally:
        os.close(fd)
    return b"".join(parts)


def token_of(command: "dict[str, object]") -> int:
    token = command.get("token")
    if type(token) is not int:
        raise ValueError("token must be an integer")
    return token


def names_of(command: "dict[str, object]", kind: str) -> "list[str]":
    names = command.get(kind, [])
    if not isinstance(names, list) or len(names) > MOST_ASKED or not all(map(is_text, names)):
        raise ValueError(kind + " must be a list of strings")
    return names


def close_all(fds: "list[int]") -> None:
    for fd in fds:
        os.close(fd)


def enlarge(pipe: int) -> None:
    """Make a pipe larger: a bpftrace that blocks in write() loses events."""
    try:
        fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_SIZE)
    except OSError:
        pass  # above the user's limit of pipe memory


def raise_open_files() -> None:
    """Raise RLIMIT_NOFILE: bpftrace needs a descriptor per probe and CPU, and the programs inherit the limit."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def option(name: str, default: int) -> int:
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def main() -> None:
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    raise_open_files()
    lease = option("--lease", 0) or NEVER
    tracer = Tracer(option("--cap", LINE_CAP), option("--buffer", BUFFER), "--terminals" in sys.argv, lease)
    try:
        tracer.run()
    finally:
        tracer.statistics.switch_off()


if __name__ == "__main__":
    main()
