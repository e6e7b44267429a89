"""The tracer: the only parent of every bpftrace, and the only part of bttop that may be root.

A single file of the standard library alone that Python 3.6 understands; run as `python3 -I -S tracer.py
[--cap BYTES] [--buffer BYTES] [--terminals]`, directly, through `sudo -n` or over ssh. Commands come in on stdin;
the lines of all programs go out on stdout, with the moment they arrived. When stdin ends or stdout breaks,
everything that it started is gone within 2 s.

With --terminals the programs may have more rights than the tracer (`sudo -n bpftrace ...`, file capabilities), so
that it may not signal them and PDEATHSIG is cleared. Then each gets a controlling terminal of its own, and the kernel
signals for us: ^C interrupts, closing the other end hangs up, and the death of the tracer closes it.

Commands, one JSON object per line (`id` is 1 to 2**32 - 1 and never used twice):
    {"do": "start", "id": N, "argv": [...], "env": {...}, "nice": 10, "folder": PATH}   in the tracer's own without it
    {"do": "stop", "id": N, "grace": SECONDS, "again": SECONDS, "printing": SECONDS}   SIGINT, and again (after
                                                   0.25 s) until it closes descriptors; SIGKILL after the grace,
                                                   while it prints later, but after `printing` at most
    {"do": "nice", "id": N or null, "nice": 0}     null: all programs
    {"do": "watch", "id": N}                       count its kernel descriptors, every 2 s
    {"do": "meter", "every": SECONDS, "stats": BOOL}   tell all costs so often; first switch the kernel's BPF
                                                   statistics on, until the tracer ends
    {"do": "survey"}                               every BPF program of the host

Frames: the header `>cIQQI` (kind, id, boot time in ns, wall time in ns, payload length), then the payload:
    o, e    a line of stdout or stderr without its newline
    x       a line above the cap: its length in bytes, as ASCII digits
    k       what the kernel skipped: "EVENTS RUNS", as ASCII digits; comes before the lines that arrived then
            EVENTS: for how many events since the k before it did not run a BPF program of this process, because
            another one was running on that CPU; never 0. RUNS: how often it ran the same programs in that time,
            left out where the run statistics are off
    s       a state, as a JSON object; id 0 is the tracer itself
        {"state": "hello", "version": 1, "pid": P}
        {"state": "started", "pid": P}             the exec succeeded; comes before the first line
        {"state": "failed", "reason": TEXT}        it never ran; nothing else follows
        {"state": "exited", "code": N}             negative: the signal; follows the last line
        {"state": "fds", "counts": {KIND: N}}      at first and on change
        {"state": "dropped", "lines": N, "bytes": N}   totals of the program, after each gap
        {"state": "refused", "reason": TEXT}       a command that cannot be carried out
        {"state": "metering", "by": HOW, "reason": TEXT}   how the statistics are on: "bpf", "sysctl", or "" (why not)
        {"state": "cost", "run_ns": N, "runs": N, "programs": N, "map_bytes": N, "cpu_ns": N, "rss": N, "output": N,
         "hooks": [[KIND, CODE, RUNS, PLACE, ID], ...]}
            totals of a program: run time and runs of its BPF programs in the kernel and how many these are, memory
            of its maps, its own CPU time and resident memory, bytes of output; id 0: of the tracer itself, the
            last of a round; with "hidden": true instead of all that only whoever may look into the program can tell
            hooks: the runs by what the BPF programs are attached to. KIND: uprobe, uretprobe, kprobe, kretprobe,
            tracepoint, raw_tracepoint, perf_event, tracing (fentry and fexit), one of these with _multi (one link for
            many functions), or "" where the kernel does not tell; CODE: the first bytes of a probed user function;
            PLACE: names the file and offset of a user probe, else ""; ID: of its BPF program, else 0: all others of
            one kind are summed up
        {"state": "survey", "programs": [[ID, TYPE, NAME, UID, RUN_NS, RUNS, [PID, ...]], ...], "reason": TEXT}
            the PIDs hold it open; the reason why there is no more to see, else empty
"""

import binascii
import collections
import contextlib
import errno
import fcntl
import functools
import itertools
import json
import os
import select
import signal
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
PRINTING = 1.0  # seconds that a bpftrace which is being stopped gets after each line
CLOSE_GRACE = 1.5
CLOSE_LIMIT = 1.9
DRAIN_LIMIT = 0.5
STDERR_SILENCE = 0.2
WATCH_EVERY = 2.0
NEVER = float("inf")

STATS_SWITCH = "/proc/sys/kernel/bpf_stats_enabled"
SYS_BPF = {"x86_64": 321, "i686": 357, "arm": 386, "ppc64le": 361, "s390x": 351}
SYS_BPF_ELSEWHERE = 280  # aarch64, riscv64, loongarch64: the common table of newer machines
BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD, BPF_ENABLE_STATS = 11, 13, 15, 32
BPF_TASK_FD_QUERY = 20
TASK_FD = struct.Struct("=IIIIQIIQQ")  # pid, fd, flags, buffer length, buffer, program id, kind, offset, address
TASK_FD_KINDS = ("raw_tracepoint", "tracepoint", "kprobe", "kretprobe", "uprobe", "uretprobe")
PROGRAM_KINDS = {"5": "tracepoint", "7": "perf_event", "17": "raw_tracepoint", "26": "tracing"}  # by bpf_prog_type
CODE_BYTES = 8
NOWHERE = ("", "")  # code and place of a hook that is no user probe, or not to be found
PROG_INFO = struct.Struct("=II40xI12x16s112xQQ")  # type, id, created_by_uid, name, run_time_ns, run_cnt
PERF_EVENT = "7"  # the type of profile, interval, software and hardware probes, whose skips no kernel counts
MISSES_SHARE = 20  # of the time, at most one part in so many goes into reading what was skipped
SURVEY_SLICE = 0.005  # seconds that a survey may keep lines waiting

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
INTERRUPT = b"\x03"  # VINTR of a new terminal
CPUCLOCK_SCHED = 2
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


def clock_ns(clock: int) -> int:
    """A clock in ns; on Python 3.6 exact to the quarter microsecond that a float holds."""
    exact = getattr(time, "clock_gettime_ns", None)
    return int(exact(clock)) if exact else int(time.clock_gettime(clock) * 1e9)


def stamp() -> "tuple[int, int]":
    return clock_ns(CLOCK_BOOTTIME), clock_ns(time.CLOCK_REALTIME)


class Lines:
    """Cuts what a pipe delivers into lines. A line above the cap comes out as an int: its length."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.held = bytearray()
        self.size = 0  # of the unfinished line, held or not
        self.cut = False  # the unfinished line's beginning is already out

    def feed(self, chunk: bytes) -> "list[bytes | bytearray | int]":
        parts = chunk.split(b"\n")
        self._hold(parts[0])
        if len(parts) == 1:
            return []
        # A newline right after a beginning that was flushed ends that line: it is no empty one.
        lines = [] if self.cut and not self.size else [self._take()]
        self.cut = False
        lines += [part if len(part) <= self.cap else len(part) for part in parts[1:-1]]
        self._hold(parts[-1])
        return lines

    def flush(self) -> "list[bytes | bytearray | int]":
        """The unfinished line, when there is one."""
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
        """The lines of one chunk, so that no program takes a whole turn for itself; None at the end."""
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


class Held:
    """One BPF program: where its counters are read, and what they said last."""

    __slots__ = ("fd", "own", "pid", "runs", "skipped")

    def __init__(self, pid: int, fd: str, own: bool) -> None:
        self.pid = pid
        self.fd = fd
        self.own = own  # the descriptor is ours, to be closed
        self.skipped = 0
        self.runs = 0

    def read(self) -> "tuple[int, int]":
        """How many events it was skipped for, and how often it ran, since the last time."""
        info = describe(self.pid, self.fd)
        is_sampled = info.get("prog_type") == PERF_EVENT
        skipped = self.skipped if is_sampled else int(info.get("recursion_misses", self.skipped))
        runs = int(info.get("run_cnt", self.runs))
        since = skipped - self.skipped, runs - self.runs
        self.skipped, self.runs = skipped, runs
        return since


class Misses:
    """What the kernel skips of one process: while a BPF program on a tracepoint or kprobe runs on a CPU, it does not
    run others that fire there in an interrupt. Counted from Linux 6.7 on, without the run statistics.

    The programs are held by descriptors of our own where that is allowed, so the counters can still be read when the
    process has detached and closed its own: what it prints last is counted to the last event.
    """

    def __init__(self) -> None:
        self.held: "dict[str, Held]" = {}
        self.read_at = 0.0

    def hold(self, pid: int, fds: "list[str]") -> None:
        for fd in fds:
            ident = describe(pid, fd).get("prog_id", "")
            if ident and ident not in self.held:
                self.held[ident] = hold_program(int(ident)) or Held(pid, fd, False)

    def line(self, now: float) -> bytes:
        """The payload of a `k` frame about the time since the last one; empty when nothing was skipped."""
        if now < self.read_at or not self.held:
            return b""
        try:
            counts = [one.read() for one in self.held.values()]
        except OSError:
            counts = []  # it has ended, and nothing of it is ours
        # Hundreds of programs take milliseconds, in which no line is read.
        self.read_at = now + (time.monotonic() - now) * MISSES_SHARE
        skipped = sum(count for count, _ in counts)
        if not skipped:
            return b""
        # Its interval runs between two flushes: where no run was counted, runs are not counted.
        if not any(runs for _, runs in counts):
            return b"%d" % skipped
        return b"%d %d" % (skipped, sum(runs for count, runs in counts if count))

    def close(self) -> None:
        close_all([int(one.fd) for one in self.held.values() if one.own])
        self.held = {}


class Hooks:
    """What the BPF programs of one process are attached to."""

    def __init__(self) -> None:
        self.known: "dict[str, tuple[str, str, str]]" = {}  # kind, code and place, by the program's id
        self.asked: "set[str]" = set()

    def learn(self, pid: int, found: "dict[str, list[str]]") -> None:
        """Ask about the descriptors that are new."""
        for fd in found[LINK]:
            if fd not in self.asked:
                self.known.update(describe_link(pid, fd))
        for fd in found["perf_event"]:
            if fd not in self.asked:
                self.known.update(query_event(pid, fd))
        self.asked = set(found[LINK] + found["perf_event"])

    def runs(self, infos: "list[dict[str, str]]") -> "list[list[object]]":
        """The runs by kind and code; of user probes program by program, since those on one place share its trap."""
        sums: "dict[tuple[str, str, str, int], int]" = {}
        for info in infos:
            ident = info.get("prog_id", "")
            kind, code, place = self.known.get(ident) or (PROGRAM_KINDS.get(info.get("prog_type", ""), ""), "", "")
            hook = (kind, code, place, int(ident) if place else 0)
            sums[hook] = sums.get(hook, 0) + int(info.get("run_cnt", 0))
        return [[kind, code, runs, place, ident] for (kind, code, place, ident), runs in sums.items()]


class Program:
    """One process that was started, its pipes and what is due for it (all times monotonic, in seconds)."""

    def __init__(self, ident: int, pid: int, status: int, pipes: "list[Pipe]", terminal: int) -> None:
        self.ident = ident
        self.pid = pid
        self.status = status  # tells of the exec: an errno, or its end when all went well; -1 when known
        self.pipes = pipes
        self.terminal = terminal  # our end of its own terminal; -1 when it has none, or was hung up
        self.nice: "int | None" = None  # wanted before the process had its own group
        self.interrupt_at = NEVER
        self.again = RESEND
        self.open = -1  # how many descriptors it had when it got SIGINT
        self.kill_at = NEVER
        self.kill_latest = NEVER
        self.count_at = NEVER
        self.finish_at = NEVER
        self.counts: "dict[str, int]" = {}
        self.bpf: "dict[str, list[str]]" = {}  # its descriptors by kind, when it was last looked at
        self.map_bytes = 0
        self.misses = Misses()
        self.hooks = Hooks()
        self.read = 0
        self.queued = 0
        self.dropping = False
        self.dropped_lines = 0
        self.dropped_bytes = 0

    def due(self) -> float:
        """When the next thing is due."""
        times = [self.interrupt_at, self.kill_at, self.count_at, self.finish_at]
        return min(times + [pipe.flush_at for pipe in self.pipes])

    def ended(self) -> bool:
        return self.finish_at != NEVER

    def drained(self) -> bool:
        return self.status < 0 and not self.pipes

    def stop(self, now: float, grace: float, again: float = RESEND, printing: float = 0) -> None:
        """Begin to stop; a second call can only make it quicker. While it prints, it may take longer than the grace,
        until `printing`."""
        self.interrupt_at = min(self.interrupt_at, now)
        self.again = again
        self.kill_at = min(self.kill_at, now + grace)
        self.kill_latest = min(self.kill_latest, now + max(grace, printing))
        self.count_at = NEVER

    def printed(self, now: float) -> None:
        """It has printed: what is being stopped gets time for the rest."""
        if self.kill_at != NEVER:
            self.kill_at = min(max(self.kill_at, now + PRINTING), self.kill_latest)

    def press(self, now: float) -> None:
        """Send what is due of SIGINT (which bpftrace up to 0.18 can lose, hence again) and SIGKILL.

        A second SIGINT ends a bpftrace that prints its maps already; one that closes descriptors has got the first."""
        if self.ended():
            self.interrupt_at = self.kill_at = NEVER
        elif now >= self.kill_at:
            self.signal(signal.SIGKILL)
            self.interrupt_at = NEVER
            self.kill_at = now + RESEND
        elif now >= self.interrupt_at:
            before, self.open = self.open, count_descriptors(self.pid)
            if 0 <= self.open < before:
                self.interrupt_at = NEVER
                return
            self.signal(signal.SIGINT)
            self.interrupt_at = now + self.again

    def signal(self, number: int) -> None:
        """Send a signal to the whole group; as the process is not reaped yet, the number is still its own."""
        if self.terminal >= 0 and number == signal.SIGINT:
            self.type_interrupt()
            return
        self.hang_up()
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            os.kill(self.pid, number)  # it has not reached its setsid yet
        except PermissionError:
            pass  # a set-id program of another user: only its closed pipes can tell it

    def type_interrupt(self) -> None:
        try:
            os.write(self.terminal, INTERRUPT)
        except OSError:
            pass  # nobody has it open any more: it is about to end, or will be killed after the grace

    def hang_up(self) -> None:
        """The kernel sends SIGHUP to whoever has its terminal; sudo passes it on, bpftrace ends of it."""
        if self.terminal >= 0:
            os.close(self.terminal)
            self.terminal = -1

    def renice(self, nice: int) -> None:
        """Set the nice value of all threads (hence by group), or keep it until the group exists."""
        if self.status >= 0:
            self.nice = nice
            return
        try:
            os.setpriority(os.PRIO_PGRP, self.pid, nice)
        except OSError:
            pass  # lowering it needs root or RLIMIT_NICE, and a wrong nice value is no reason to stop

    def look(self) -> "dict[str, list[str]]":
        """Find its kernel descriptors. What a map takes is settled when it is made, so it is asked only once."""
        found = find_descriptors(self.pid)
        if found and found["bpf-map"] != self.bpf.get("bpf-map"):
            self.map_bytes = sum(int(describe(self.pid, fd).get("memlock", 0)) for fd in found["bpf-map"])
        if found and found["bpf-prog"] != self.bpf.get("bpf-prog"):
            self.misses.hold(self.pid, found["bpf-prog"])
        if found:
            self.hooks.learn(self.pid, found)
        self.bpf = found or self.bpf
        return found

    def cost(self) -> "dict[str, object]":
        """What it has cost so far. Raises OSError when it has ended."""
        try:
            if self.count_at == NEVER:
                self.look()  # nobody counts them every 2 s: it is about to begin or to end
            infos = [describe(self.pid, fd) for fd in self.bpf.get("bpf-prog", ())]
        except PermissionError:
            return self.visible_cost()
        totals = process_cost(self.pid)
        totals["run_ns"] = sum(int(info.get("run_time_ns", 0)) for info in infos)
        totals["runs"] = sum(int(info.get("run_cnt", 0)) for info in infos)
        totals["hooks"] = self.hooks.runs(infos)
        totals["programs"] = len(infos)
        totals["map_bytes"] = self.map_bytes
        totals["output"] = self.read
        return totals

    def visible_cost(self) -> "dict[str, object]":
        """What anybody may see of it: sudo and what runs below, and its output."""
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
        """Take the exit code of an exited process, after killing what it left behind in its group."""
        self.signal(signal.SIGKILL)
        status = os.waitpid(self.pid, 0)[1]
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def state_frame(ident: int, payload: "dict[str, object]") -> bytes:
    data = json.dumps(payload).encode()
    return HEADER.pack(b"s", ident, *stamp(), len(data)) + data


class Piece:
    """Some bytes on their way, whose they are, and whether a frame ends with them."""

    __slots__ = ("data", "last", "program")

    def __init__(self, program: "Program | None", data: "bytes | bytearray | memoryview", last: bool = True) -> None:
        self.program = program
        self.data = data
        self.last = last


class Output:
    """The way to the dashboard: a pipe that never blocks behind a queue of bounded size.

    Its last eighth is for programs that have little in it: a flood pushes out its own lines first. Costs overtake all
    lines: whoever has to stop a flood should not have to read it first.
    """

    def __init__(self, fd: int, limit: int) -> None:
        self.fd = fd
        self.limit = limit
        self.size = 0
        self.broken = False
        self.queue: "collections.deque[Piece]" = collections.deque()
        self.ahead: "collections.deque[Piece]" = collections.deque()
        self.inside = False  # the queue goes on with a frame that was begun

    def state(self, ident: int, payload: "dict[str, object]") -> None:
        """Queue a state; states are never dropped."""
        self._put(self.queue, Piece(None, state_frame(ident, payload)))

    def skipped(self, ident: int, payload: bytes) -> None:
        """Queue what the kernel skipped; never dropped, as states."""
        if payload:
            self._put(self.queue, Piece(None, HEADER.pack(b"k", ident, *stamp(), len(payload)) + payload))

    def cost(self, ident: int, payload: "dict[str, object]") -> None:
        """Queue what something costs, before all lines."""
        self._put(self.ahead, Piece(None, state_frame(ident, payload)))

    def lines(self, program: Program, kind: bytes, lines: "list[bytes | bytearray | int]") -> None:
        """Queue lines that arrived now, or drop and count them."""
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
            self._put(self.queue, Piece(program, b"".join(frames)))

    def _one_by_one(self, program: Program, frames: "list[bytes | bytearray]") -> None:
        for at in range(0, len(frames), 2):
            header, data = frames[at], frames[at + 1]
            if header[:1] == b"x" or self._fits(program, len(header) + len(data)):
                self._put(self.queue, Piece(program, header, not data))
                self._put(self.queue, Piece(program, data))
            else:
                program.dropping = True
                program.dropped_lines += 1
                program.dropped_bytes += len(data)

    def _fits(self, program: Program, size: int) -> bool:
        reserve = self.limit // 8 if program.queued > self.limit // 64 else 0
        return not program.dropping and self.size + size <= self.limit - reserve

    def relieve(self, program: Program) -> None:
        """After drops take lines again and tell the gap, once half of the queue is free."""
        if program.dropping and self.size <= self.limit // 2:
            self.tell_dropped(program)

    def tell_dropped(self, program: Program) -> None:
        program.dropping = False
        totals = {"lines": program.dropped_lines, "bytes": program.dropped_bytes}
        self.state(program.ident, dict(totals, state="dropped"))

    def push(self) -> None:
        """Write what the reader takes now, a few MiB at most, so that the programs are read in between."""
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

    def _pieces(self, source: "collections.deque[Piece]") -> "list[bytes | bytearray | memoryview]":
        """What goes out next: of a frame that costs wait behind no more than its rest."""
        pieces = []
        for piece in itertools.islice(source, 64):
            pieces.append(piece.data)
            if piece.last and self.ahead and source is self.queue:
                break
        return pieces

    def abandon(self) -> None:
        """Nobody reads any more."""
        self.broken = True
        self.queue.clear()
        self.ahead.clear()

    def waits(self) -> bool:
        """Whether there is something to write."""
        return bool(self.queue or self.ahead)

    def _put(self, queue: "collections.deque[Piece]", piece: "Piece") -> None:
        if self.broken or not piece.data:
            return
        queue.append(piece)
        self._account(piece.program, len(piece.data))

    def _sent(self, source: "collections.deque[Piece]", count: int) -> None:
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

    def _account(self, program: "Program | None", size: int) -> None:
        self.size += size
        if program is not None:
            program.queued += size


def hold_program(ident: int) -> "Held | None":
    """A BPF program by a descriptor of our own; None where that is not allowed. It keeps nothing attached."""
    try:
        fd = bpf(BPF_PROG_GET_FD_BY_ID, bytearray(struct.pack("=III", ident, 0, 0)))
    except OSError:
        return None
    return Held(os.getpid(), str(fd), True)


def find_descriptors(pid: int) -> "dict[str, list[str]]":
    """The names in /proc/PID/fd that link to each watched kind; empty for a process that is about to end.

    bpftrace with libbcc 0.26 to 0.32 can close descriptors of its own by mistake, and goes on without them.
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
    """How many descriptors a process has open; -1 where that cannot be seen."""
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return -1


def link_kind(path: str) -> str:
    """What kind of kernel object a descriptor is; empty for files and whatever was closed in the meantime."""
    try:
        scheme, _, kind = os.readlink(path).partition(":")
    except OSError:
        return ""
    return kind.strip("[]") if scheme == "anon_inode" else ""


def describe(pid: int, fd: str) -> "dict[str, str]":
    """The fields of /proc/PID/fdinfo/FD; none when it was closed in the meantime."""
    return fields_of(fdinfo(pid, fd))


def fields_of(text: str) -> "dict[str, str]":
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def fdinfo(pid: int, fd: str) -> str:
    """The beginning of /proc/PID/fdinfo/FD; empty when it was closed in the meantime."""
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
    """Kind, code and place by the id of the program that a link attaches; none where the kernel does not tell them."""
    text = fdinfo(pid, fd)
    fields = fields_of(text)
    kind = fields.get("link_type", "")
    if kind == "perf":
        kind = fields.get("event_type", "")
    if "prog_id" not in fields or not kind:
        return {}
    path = fields.get("path") or fields.get("name", "")
    # Of many functions: "COOKIE OFFSET REF_CTR_OFFSET", a line each, below a heading.
    rows = [line.split() for line in text.partition("ref_ctr_offset")[2].splitlines()[1:]]
    offsets = [fields["offset"]] if "offset" in fields else [row[1] for row in rows if len(row) == 3]
    is_user = path.startswith("/") and offsets
    return {
        fields["prog_id"]: (kind,) + (find_place(pid, path, [int(one, 16) for one in offsets]) if is_user else NOWHERE)
    }


def query_event(pid: int, fd: str) -> "dict[str, tuple[str, str, str]]":
    """Kind, code and place by the id of the program on a perf event; none where it has none, or we may not ask."""
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
    """The bytes at the first offset of a file, in hex, and a name for all the offsets: of the file that the process
    sees under this path."""
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
    """The processes below one; none where the kernel does not tell (CONFIG_PROC_CHILDREN)."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            children = [int(word) for word in file.read().split()]
    except OSError:
        return []
    return children + [one for child in children for one in descendants(child)]


def process_cost(pid: int) -> "dict[str, object]":
    """CPU time of all threads, by the process's own clock (see clock_getcpuclockid), and resident memory."""
    file = os.open("/proc/%d/statm" % pid, os.O_RDONLY)
    try:
        pages = int(os.read(file, 4096).split()[1])
    finally:
        os.close(file)
    return {"state": "cost", "cpu_ns": clock_ns((~pid << 3) | CPUCLOCK_SCHED), "rss": pages * PAGE_SIZE}


def bpf(command: int, attributes: bytearray) -> int:
    """The system call bpf; the kernel's answer is put into the attributes. Raises OSError."""
    try:
        import ctypes

        call = ctypes.CDLL(None, use_errno=True).syscall
    except (ImportError, OSError, AttributeError):
        raise OSError(errno.ENOSYS, "Python without ctypes") from None
    number = SYS_BPF.get(os.uname().machine, SYS_BPF_ELSEWHERE)
    buffer = (ctypes.c_char * len(attributes)).from_buffer(attributes)
    result = int(call(ctypes.c_long(number), command, buffer, len(attributes)))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


class Statistics:
    """The kernel's BPF run statistics. By a descriptor, so that they go off when the tracer is gone, however it ends;
    before Linux 5.8 by the sysctl, which is put back when the tracer ends in order."""

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
            pass  # the first reason tells more

    def switch_off(self) -> None:
        if self.restore:
            with contextlib.suppress(OSError), open(STATS_SWITCH, "w") as switch:
                switch.write("0")


def next_program(ident: int) -> int:
    """The id of the host's next BPF program; 0 after the last. Raises OSError."""
    attributes = bytearray(struct.pack("=III", ident, 0, 0))
    try:
        bpf(BPF_PROG_GET_NEXT_ID, attributes)
    except FileNotFoundError:
        return 0
    return int(struct.unpack_from("=I", attributes, 4)[0])


def program_facts(ident: int) -> "list[object]":
    """Type, name, uid of its loader, run time and runs of a BPF program. Raises OSError."""
    import ctypes

    fd = bpf(BPF_PROG_GET_FD_BY_ID, bytearray(struct.pack("=III", ident, 0, 0)))
    try:
        info = ctypes.create_string_buffer(PROG_INFO.size)
        bpf(BPF_OBJ_GET_INFO_BY_FD, bytearray(struct.pack("=IIQ", fd, PROG_INFO.size, ctypes.addressof(info))))
    finally:
        os.close(fd)
    kind, _, uid, name, run_ns, runs = PROG_INFO.unpack(info.raw)
    return [kind, name.split(b"\0")[0].decode("utf-8", "replace"), uid, run_ns, runs]


class Survey:
    """Every BPF program of the host, and who holds it open: looked at in small steps, since there may be thousands
    of processes and lines are waiting."""

    def __init__(self) -> None:
        self.owners: "dict[int, list[int]]" = {}
        self.owned: "set[int]" = set()  # the programs that the owners were looked up for

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
                if pid != os.getpid():  # what it holds is another's, and only looked at
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


class Start:
    """A start command, checked; carries itself out in the child."""

    def __init__(self, command: "dict[str, object]") -> None:
        argv, env, folder = command.get("argv"), command.get("env", {}), command.get("folder", ".")
        if not isinstance(argv, list) or not argv or not all(map(is_text, argv)):
            raise ValueError("argv must be a list of at least one string")
        if not isinstance(env, dict) or not all(is_variable(name) and is_text(env[name]) for name in env):
            raise ValueError("env must be an object of strings")
        if not is_text(folder):
            raise ValueError("folder must be a string")
        self.argv = [to_bytes(word) for word in argv]
        self.folder = to_bytes(str(folder))
        base = {"PATH": os.environ.get("PATH", DEFAULT_PATH), "HOME": os.environ.get("HOME", "/")}
        base["LANG"] = "C.UTF-8"
        base.update(env)
        self.env = {to_bytes(name): to_bytes(value) for name, value in base.items()}
        self.nice = nice_value(command)

    def run(self, parent: int, null: int, out: int, err: int, status: int, terminal: int) -> None:
        """Become the program; never returns. What goes wrong is written to `status` as an errno."""
        code = errno.EINVAL
        try:
            os.setsid()
            if terminal >= 0:
                fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
            os.chdir(self.folder)
            stop_ignoring()
            die_with(parent)
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
    """Not os.fsencode: on Python 3.6 that is ASCII when the locale is C."""
    return text.encode("utf-8", "surrogateescape")


def stop_ignoring() -> None:
    """Give every signal that this process or its parents ignore its default again: exec would hand it on."""
    for number in range(1, signal.NSIG):
        try:
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # the C library keeps two for itself


def nice_value(command: "dict[str, object]") -> int:
    nice = command.get("nice", 0)
    if type(nice) is not int or not -20 <= nice <= 19:
        raise ValueError("nice must be an integer from -20 to 19")
    return nice


def find_prctl() -> "collections.abc.Callable[..., int] | None":
    """The C library's prctl; None on a Python without ctypes."""
    try:
        import ctypes

        return ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None


def die_with(parent: int) -> None:
    """Have this process killed when the tracer dies, also by SIGKILL; without prctl only by EOF on stdin."""
    prctl = find_prctl()
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(127)  # the tracer died before the request was in place


def lower_priority(nice: int) -> None:
    """Only as root: nobody else may raise it again."""
    if os.geteuid() != 0:
        return
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError:
        pass  # as in Program.renice


def parse_command(line: "bytes | bytearray | int") -> "dict[str, object]":
    command = None if isinstance(line, int) else json.loads(line.decode())
    if isinstance(command, dict):
        return command
    raise ValueError("not a JSON object, or too long")


def seconds_of(command: "dict[str, object]", name: str, default: "float | None" = None) -> float:
    """A number of seconds of a command. Raises ValueError."""
    value = command.get(name, default)
    if not isinstance(value, (int, float)) or not 0 <= value < NEVER:
        raise ValueError(name + " must be a number of seconds")
    return value


def command_id(command: "dict[str, object]") -> int:
    """The program that a command is for; 0 is all of them."""
    ident = command.get("id")
    if ident is None and command.get("do") in ("nice", "meter", "survey"):
        return 0
    if type(ident) is not int or not 0 < ident <= MAX_ID:
        raise ValueError("id must be an integer from 1 to %d" % MAX_ID)
    return ident


class Tracer:
    """The loop: commands in, frames out, single-threaded (PDEATHSIG is bound to the thread that forks)."""

    def __init__(self, cap: int, buffer: int, terminals: bool) -> None:
        self.cap = cap
        self.terminals = terminals
        self.programs: "dict[int, Program]" = {}
        self.used: "set[int]" = set()
        self.output = Output(1, buffer)
        self.commands = Lines(COMMAND_CAP)
        self.verbs = {
            "start": self.start,
            "stop": self.stop,
            "nice": self.nice,
            "watch": self.watch,
            "meter": self.meter,
            "survey": self.survey,
        }
        self.close_at = NEVER
        self.statistics = Statistics()
        self.meter_at = NEVER
        self.meter_every = NEVER
        self.around = Survey()
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
        self.output.state(0, {"state": "hello", "version": VERSION, "pid": os.getpid()})
        self.output.push()
        while not self.done():
            for fd, events in self.poll.poll(self.timeout()):
                if fd == 1 and not events & ~select.POLLOUT:
                    continue  # room again: every turn ends with a push
                handler = self.handlers.get(fd)
                if handler is not None:
                    handler()
            self.tick()

    def done(self) -> bool:
        nothing_left = not self.programs and not self.output.waits()
        late = time.monotonic() >= self.close_at + CLOSE_LIMIT
        return self.close_at != NEVER and (nothing_left or late)

    def timeout(self) -> "float | None":
        """Milliseconds until the next thing is due."""
        if self.surveying is not None:
            return 0.0
        due = min([program.due() for program in self.programs.values()] + [self.close_at + CLOSE_LIMIT, self.meter_at])
        return None if due == NEVER else max(0.0, due - time.monotonic()) * 1000 + 1

    def tick(self) -> None:
        """What every turn ends with: all that is due, then the output."""
        now = time.monotonic()
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

    def tend(self, program: Program, now: float) -> None:
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
        """Take everything down: stdin ended, or nobody reads stdout."""
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
        for line in self.commands.feed(chunk):
            self.obey(line)

    def obey(self, line: "bytes | bytearray | int") -> None:
        """Carry out one command line, or say why not."""
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
        if ident in self.used:
            raise ValueError("id %d was used before" % ident)
        start = Start(command)
        self.used.add(ident)
        try:
            program = self.fork(ident, start)
        except OSError as problem:
            self.output.state(ident, {"state": "failed", "reason": os.strerror(problem.errno or 0)})
            return
        self.programs[ident] = program
        self.listen(program.status, functools.partial(self.executed, program, start.argv[0]))

    def fork(self, ident: int, start: Start) -> Program:
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
        return Program(ident, pid, ends[4], pipes, ends[6] if self.terminals else -1)

    def executed(self, program: Program, name: bytes) -> None:
        """The exec succeeded or failed. The pipes are read from now on, so `started` precedes every line."""
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

    def fail(self, program: Program, reason: str) -> None:
        close_all([pipe.fd for pipe in program.pipes])
        program.reap()
        del self.programs[program.ident]
        self.output.state(program.ident, {"state": "failed", "reason": reason})

    def read(self, program: Program, pipe: Pipe) -> None:
        lines = pipe.read(time.monotonic())
        if lines is None:
            self.end_pipe(program, pipe)
        elif lines:
            program.read += sum(line if isinstance(line, int) else len(line) for line in lines)
            program.printed(time.monotonic())
            if pipe.kind == b"o":
                self.output.skipped(program.ident, program.misses.line(time.monotonic()))
            self.output.lines(program, pipe.kind, lines)

    def end_pipe(self, program: Program, pipe: Pipe) -> None:
        self.forget(pipe.fd)
        os.close(pipe.fd)
        program.pipes.remove(pipe)
        self.output.lines(program, pipe.kind, pipe.lines.flush())

    def end_shared_pipe(self, program: Program, pipe: Pipe) -> None:
        """End a pipe that another process keeps open, after reading what it can hold."""
        for _ in range(PIPE_SIZE // CHUNK):
            if pipe in program.pipes:
                self.read(program, pipe)
        if pipe in program.pipes:
            self.end_pipe(program, pipe)

    def reap(self) -> None:
        """SIGCHLD: note who exited. Each is reaped when its pipes are drained."""
        os.read(self.wake, CHUNK)
        now = time.monotonic()
        for program in self.programs.values():
            if not program.ended() and program.has_exited():
                program.finish_at = now + DRAIN_LIMIT
                program.count_at = NEVER

    def finish(self, program: Program) -> None:
        for pipe in list(program.pipes):
            self.end_shared_pipe(program, pipe)
        if program.dropping:
            self.output.tell_dropped(program)
        program.misses.close()
        del self.programs[program.ident]
        self.output.state(program.ident, {"state": "exited", "code": program.reap()})

    def program(self, ident: int) -> "Program | None":
        """The program of a command; None when it has ended, which a command may cross on its way."""
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

    def count(self, program: Program, now: float) -> None:
        program.count_at = now + WATCH_EVERY
        if program.status >= 0:
            program.count_at = now + RESEND  # not the program yet, still a copy of the tracer
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
        self.meter_at = time.monotonic()

    def tell_costs(self, now: float) -> None:
        self.meter_at = max(now, self.meter_at + self.meter_every)
        for program in self.programs.values():
            if program.status < 0 and not program.ended():
                with contextlib.suppress(OSError):  # it has just ended
                    self.output.cost(program.ident, program.cost())
        self.output.cost(0, process_cost(os.getpid()))

    def survey(self, _ident: int, _command: "dict[str, object]") -> None:
        if self.surveying is None:
            self.surveying = self.around.run(functools.partial(self.output.state, 0))

    def go_on_surveying(self, now: float) -> None:
        try:
            while self.surveying is not None and time.monotonic() < now + SURVEY_SLICE:
                next(self.surveying)
        except StopIteration:
            self.surveying = None


def close_all(fds: "list[int]") -> None:
    for fd in fds:
        os.close(fd)


def enlarge(pipe: int) -> None:
    """Let a program write ahead: a bpftrace that blocks in write() loses events."""
    try:
        fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_SIZE)
    except OSError:
        pass  # above the user's share of pipe memory


def raise_open_files() -> None:
    """bpftrace needs a descriptor per probe and CPU; the programs inherit the limit."""
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
    tracer = Tracer(option("--cap", LINE_CAP), option("--buffer", BUFFER), "--terminals" in sys.argv)
    try:
        tracer.run()
    finally:
        tracer.statistics.switch_off()


if __name__ == "__main__":
    main()
