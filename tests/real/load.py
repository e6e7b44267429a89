"""Loads of known size for tests that trace: each is bounded, and gone when its block or call ends.

The lossy transfer needs root, iproute2, iptables and util-linux (`unshare`, `nsenter`). It runs in a network
namespace of its own, which ends with its processes, so no rule of the host changes.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

LIMIT_SECONDS = 100
"""No load lives longer than this, whatever happens to the test."""

# The kernel's alarm clock ends a load whose test was killed.
_BOUNDED = f"""
import signal
signal.alarm({LIMIT_SECONDS})
"""

_SIGNALLER = """
import os, signal, time
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.alarm(100)
while True:
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(0.2)
"""

_BUSY = """
import sys
open("/proc/self/comm", "w").write(sys.argv[1])
while True:
    pass
"""

_PARENT_ASKER = """
import os, sys
open("/proc/self/comm", "w").write(sys.argv[1])
import time
while True:
    for _ in range(3_000):
        os.getppid()
    time.sleep(0.01)
"""

_PLAYER = """
import os, sys
open("/proc/self/comm", "w").write(sys.argv[1])
os.sched_setaffinity(0, {int(sys.argv[2])})
source, target, rounds = (int(word) for word in sys.argv[3:6])
for _ in range(rounds):
    if not os.read(source, 1):
        break
    os.write(target, b"o")
"""

_RECEIVER = """
import socket, sys
open("/proc/self/comm", "w").write("bttop-receiver")
listener = socket.create_server((sys.argv[1], int(sys.argv[2])), family=int(sys.argv[3]))
print("listening", flush=True)
connection, _ = listener.accept()
while connection.recv(65536):
    pass
"""

_SENDER = """
import socket, sys, time
open("/proc/self/comm", "w").write(sys.argv[4])
sys.stdin.readline()
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
block, left, pause = bytes(16384), int(sys.argv[3]), float(sys.argv[5])
while left > 0:
    left -= connection.send(block[:left])
    time.sleep(pause)
connection.shutdown(socket.SHUT_WR)
connection.recv(1)
"""

_CALLER = """
import contextlib, socket, sys
open("/proc/self/comm", "w").write("bttop-caller")
with contextlib.suppress(OSError):
    socket.create_connection((sys.argv[1], int(sys.argv[2])))
"""

_DEED = """
import sys
open("/proc/self/comm", "w").write("bttop-deed")
print("ready", flush=True)
sys.stdin.readline()
"""


def go_first() -> None:
    """For `preexec_fn` of a load whose rate matters: it gets CPU before the tests that run beside it. Needs root."""
    os.setsid()
    os.setpriority(os.PRIO_PROCESS, 0, -15)
    with contextlib.suppress(OSError):  # the kernel divides CPUs between sessions first, if it has autogroups
        Path("/proc/self/autogroup").write_text("-15")


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """The process, killed and waited for when the block ends."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _interpreter(code: str, *arguments: object) -> list[str]:
    """The command of a bare, bounded interpreter: no site packages, so that little but the load is seen."""
    return [sys.executable, "-I", "-S", "-c", _BOUNDED + code, *(str(argument) for argument in arguments)]


class Copy:
    """A `dd` from /dev/zero to /dev/null that waits for `run`: its pid is known before its first call."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self) -> None:
        """Copy everything; returns when dd has ended. Raises `AssertionError` when it failed."""
        self._process.communicate("go\n", timeout=LIMIT_SECONDS)
        assert self._process.returncode == 0


@contextlib.contextmanager
def copy(count: int, block_size: int) -> Iterator[Copy]:
    """Exactly `count` writes and `count` reads of `block_size` bytes by one process named `dd`.

    The dynamic loader and the shell that waits add a handful of small reads, never a write.
    """
    dd = f"read -r _ && exec dd if=/dev/zero of=/dev/null status=none bs={block_size} count={count}"
    process = subprocess.Popen(["/bin/sh", "-c", dd], stdin=subprocess.PIPE, text=True)
    with _ended(process):
        yield Copy(process)


class Deed:
    """A process named `bttop-deed` that waits for `run`: its pid is known before it does what is asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def begin(self) -> str:
        """Begin to do it; returns the first line that it prints."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def run(self) -> list[int]:
        """Do it; returns the numbers that it printed once it has ended. Raises `AssertionError` when it failed."""
        said, _ = self._process.communicate("go\n", timeout=LIMIT_SECONDS)
        assert self._process.returncode == 0
        return [int(word) for word in said.split()]


@contextlib.contextmanager
def deed(code: str) -> Iterator[Deed]:
    """A process that has started and waits to run a piece of Python; it does little else then."""
    words = _interpreter(_DEED + code)
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with _ended(process):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Deed(process)


@contextlib.contextmanager
def busy_loop(comm: str = "bttop-busy") -> Iterator[int]:
    """A process that computes without a system call; yields its pid."""
    process = subprocess.Popen(_interpreter(_BUSY, comm), stdin=subprocess.DEVNULL, text=True)
    with _ended(process):
        yield process.pid


@contextlib.contextmanager
def signaller() -> Iterator[int]:
    """A process that sends itself SIGUSR1 five times a second; yields its pid."""
    process = subprocess.Popen(_interpreter(_SIGNALLER), stdin=subprocess.DEVNULL, text=True)
    with _ended(process):
        yield process.pid


@contextlib.contextmanager
def caller(comm: str) -> Iterator[int]:
    """A process that makes one system call, getppid, some hundred thousand times a second; yields its pid."""
    process = subprocess.Popen(_interpreter(_PARENT_ASKER, comm), stdin=subprocess.DEVNULL, text=True)
    with _ended(process):
        yield process.pid


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class PingPong(NamedTuple):
    """Two processes on one CPU that pass a byte to and fro."""

    ping: int
    pong: int
    start: int
    done: tuple[subprocess.Popen[str], subprocess.Popen[str]]

    def run(self) -> None:
        """Play all rounds. Each round switches each of the two out and in at least once."""
        os.write(self.start, b"o")
        for process in self.done:
            assert process.wait(LIMIT_SECONDS) == 0


def _player(
    comm: str, cpu: int, rounds: int, source: int, target: int
) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
    words = _interpreter(_PLAYER, comm, cpu, source, target, rounds)
    descriptors = (source, target)
    return _ended(subprocess.Popen(words, pass_fds=descriptors, stdin=subprocess.DEVNULL, text=True))


@contextlib.contextmanager
def ping_pong(rounds: int, cpu: int) -> Iterator[PingPong]:
    """Processes named `bttop-ping` and `bttop-pong`, both bound to `cpu`, that wait for `PingPong.run`."""
    with contextlib.ExitStack() as stack:
        to_ping, to_pong = os.pipe(), os.pipe()
        for descriptor in (*to_ping, *to_pong):
            stack.callback(os.close, descriptor)
        ping = stack.enter_context(_player("bttop-ping", cpu, rounds, to_ping[0], to_pong[1]))
        pong = stack.enter_context(_player("bttop-pong", cpu, rounds, to_pong[0], to_ping[1]))
        yield PingPong(ping.pid, pong.pid, to_ping[1], (ping, pong))


class Transfer:
    """A TCP transfer that loses segments; waits for `run`: the sender's pid is known before it connects."""

    def __init__(self, network: LossyNetwork, sender: subprocess.Popen[str], receiver: subprocess.Popen[str]) -> None:
        self._network, self._sender, self._receiver = network, sender, receiver

    @property
    def sender(self) -> int:
        return self._sender.pid

    def begin(self) -> None:
        """Send everything, and do not wait for it."""
        assert self._sender.stdin is not None
        self._sender.stdin.write("go\n")
        self._sender.stdin.flush()

    def run(self) -> int:
        """Send everything; returns how many segments were sent again, by the kernel's own count."""
        before = self._network.retransmits()
        self.begin()
        self._sender.communicate(timeout=LIMIT_SECONDS)
        assert self._sender.returncode == 0
        assert self._receiver.wait(LIMIT_SECONDS) == 0
        return self._network.retransmits() - before


def are_the_retransmits(events: int, segments: int) -> bool:
    """Whether so many events can be all retransmits of so many segments, as the kernel counts them: one event is one
    buffer, which may hold several segments, so there are never more events and seldom a few less."""
    return segments > 0 and 0.8 * segments <= events <= segments


class LossyNetwork:
    """A network namespace whose loopback loses every 33rd TCP packet to `PORT`, and all to `DEAD_PORT`."""

    PORT = 5555
    DEAD_PORT = 5556
    CLOSED_PORT = 5557

    def __init__(self, keeper: subprocess.Popen[str]) -> None:
        self._keeper = keeper

    def _inside(self, code: str, *arguments: object) -> subprocess.Popen[str]:
        enter = ["nsenter", f"--net=/proc/{self._keeper.pid}/ns/net"]
        words = [*enter, *_interpreter(code, *arguments)]
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def retransmits(self) -> int:
        """RetransSegs of the namespace: one per packet here, as segmentation offload is off."""
        lines = [line.split() for line in Path(f"/proc/{self._keeper.pid}/net/snmp").read_text().splitlines()]
        names, values = (line for line in lines if line[0] == "Tcp:")
        return int(values[names.index("RetransSegs")])

    @contextlib.contextmanager
    def transfer(
        self, size: int, family: Literal["ipv4", "ipv6"] = "ipv4", *, comm: str = "bttop-sender", pause: float = 0.0
    ) -> Iterator[Transfer]:
        """`size` bytes from a process of this name to `bttop-receiver`, to be sent by `Transfer.run`, with a pause in
        seconds after every 16 KiB."""
        address, number = ("127.0.0.1", 2) if family == "ipv4" else ("::1", 10)
        receiver = self._inside(_RECEIVER, address, self.PORT, number)
        sender = self._inside(_SENDER, address, self.PORT, size, comm, pause)
        with _ended(receiver), _ended(sender):
            assert receiver.stdout is not None
            assert receiver.stdout.readline() == "listening\n"
            yield Transfer(self, sender, receiver)

    def call(self, port: int, until: Callable[[], bool] | None = None) -> int:
        """Connect from `bttop-caller`, and give up when it is refused or `until` holds; returns its pid."""
        caller = self._inside(_CALLER, "127.0.0.1", port)
        with _ended(caller):
            while caller.poll() is None and not (until and until()):
                time.sleep(0.02)
        return caller.pid


def lossy_network_missing() -> str:
    """Why `lossy_network` cannot work here, or an empty string."""
    try:
        with lossy_network():
            return ""
    except (OSError, AssertionError) as problem:
        return str(problem)


@contextlib.contextmanager
def lossy_network() -> Iterator[LossyNetwork]:
    """A `LossyNetwork`; raises `AssertionError` with the tools' own words where it cannot be made."""
    lose = "INPUT -i lo -p tcp --dport"
    rules = [
        f"{tool} -A {lose} {port} {match} -j DROP"
        for tool in ("iptables", "ip6tables")
        for port, match in (
            (LossyNetwork.PORT, "-m statistic --mode nth --every 33 --packet 0"),
            (LossyNetwork.DEAD_PORT, ""),
        )
    ]
    # One segment per packet makes the kernel's counter of segments comparable with a count of events.
    setup = ["exec 2>&1", "ip link set dev lo mtu 1500 gso_max_segs 1 up", *rules]
    script = "\n".join([*setup, "echo ready", f"exec sleep {LIMIT_SECONDS * 2}"])
    words = ["unshare", "--net", "/bin/sh", "-ec", script]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    with _ended(process) as keeper:
        assert keeper.stdout is not None
        answer = keeper.stdout.readline().strip()
        assert answer == "ready", f"{shlex.join(words[:3])}: {answer or 'no answer'}"
        yield LossyNetwork(keeper)
