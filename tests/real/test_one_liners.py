"""What on-call engineers type, pasted verbatim: each is read, prepared and run, and shows who made the load."""

from __future__ import annotations

import contextlib
import functools
import platform
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from bttop.model.format.names import decoders
from bttop.model.plan import MapPlan
from bttop.model.record.keys import split_key
from bttop.script.language.reader import read
from bttop.script.pasted.one_liner import OneLiner
from bttop.script.pasted.read_line import read_one_liner
from bttop.script.rewrite.prepare import Prepared, prepare
from tests.real import load, tracing
from tests.real.test_prepared_scripts import flushed, running, total, wait_for_beats

pytestmark = pytest.mark.real

_DECODERS = decoders(platform.machine())


class Load(NamedTuple):
    """Something to trace: a process that is there, and what it does when it is told to."""

    pid: int
    run: Callable[[], object]


Maker = Callable[[], contextlib.AbstractContextManager[Load]]


@contextlib.contextmanager
def deed(code: str, comm: str = "bttop-deed") -> Iterator[Load]:
    with load.deed(f"open('/proc/self/comm', 'w').write({comm!r})\n{code}") as done:
        yield Load(done.pid, done.run)


@contextlib.contextmanager
def copy() -> Iterator[Load]:
    with load.copy(100_000, 512) as done:
        yield Load(done.pid, done.run)


@contextlib.contextmanager
def ping_pong() -> Iterator[Load]:
    with load.ping_pong(3_000, 0) as game:
        yield Load(game.ping, game.run)


@contextlib.contextmanager
def busy() -> Iterator[Load]:
    with load.busy_loop() as pid:
        start = load.cpu_seconds(pid)
        yield Load(pid, lambda: tracing.wait_until(lambda: load.cpu_seconds(pid) > start + 1, 90, "a second on a CPU"))


@contextlib.contextmanager
def lossy_transfer() -> Iterator[Load]:
    if missing := load.lossy_network_missing():
        tracing.unable(missing)
    with load.lossy_network() as network, network.transfer(1_500_000) as transfer:
        yield Load(transfer.sender, transfer.run)


@contextlib.contextmanager
def refused_call() -> Iterator[Load]:
    if missing := load.lossy_network_missing():
        tracing.unable(missing)
    with load.lossy_network() as network:
        yield Load(0, lambda: [network.call(network.CLOSED_PORT) for _ in range(3)])


@contextlib.contextmanager
def tls_client() -> Iterator[Load]:
    """openssl's own client and server, which call SSL_read."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a load with")
    # Without a certificate: a key that both know is enough for them to talk.
    options = ["-psk", "1a2b3c4d", "-tls1_2", "-cipher", "PSK"]
    server = subprocess.Popen(
        [openssl, "s_server", "-nocert", "-accept", "127.0.0.1:0", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout is not None
        lines = iter(server.stdout.readline, "")
        port = next(found[1] for line in lines if (found := re.match(r"ACCEPT .*:(\d+)$", line)))
        client = [openssl, "s_client", "-connect", f"127.0.0.1:{port}", *options]
        yield Load(server.pid, lambda: subprocess.run(client, input="Q\n", capture_output=True, text=True, check=True))
    finally:
        server.kill()
        server.communicate()


@contextlib.contextmanager
def python_calls() -> Iterator[Load]:
    """The very interpreter that the line names."""
    command = [_PYTHON, "-I", "-S", "-c", _PYTHON_CALLS]
    yield Load(0, lambda: subprocess.run(command, check=True, timeout=load.LIMIT_SECONDS))


@contextlib.contextmanager
def postgres_query() -> Iterator[Load]:
    """A cluster of its own, asked in single-user mode, which needs no server."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.chown(folder, "postgres")
        as_postgres = ["runuser", "-u", "postgres", "--"]
        create = [*as_postgres, str(_POSTGRES / "initdb"), "-D", f"{folder}/cluster", "--no-sync"]
        subprocess.run(create, cwd=folder, capture_output=True, check=True, timeout=load.LIMIT_SECONDS)
        ask = [*as_postgres, str(_POSTGRES / "postgres"), "--single", "-D", f"{folder}/cluster", "postgres"]
        run = functools.partial(subprocess.run, input="select 1;\n" * 20, text=True, cwd=folder, capture_output=True)
        yield Load(0, lambda: run(ask, check=True, timeout=load.LIMIT_SECONDS))


_OPENS = "for _ in range(5000): open('/proc/self/comm').close()"
_READS = "import os\nzero = os.open('/dev/zero', os.O_RDONLY)\nfor _ in range(5000): os.read(zero, 4096)"
_MAPS = "import mmap\nfor _ in range(200): mmap.mmap(-1, 3 << 20).close()"
_SENDS = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
sender = socket.create_connection(listener.getsockname())
receiver, _ = listener.accept()
for _ in range(1000):
    sender.send(b"x" * 700)
    receiver.recv(700)
"""
_PYTHON_CALLS = "for _ in range(2000): list(map(lambda one: one, (1, 2, 3)))"
_PYTHON = "/usr/bin/python3.11"
_POSTGRES = Path("/usr/lib/postgresql/15/bin")

# 0.23 escapes line ends twice; the decoder, which is not at work here, undoes that.
STACK = r"(?:\n|\\n).+(?:\n|\\n)"


class Case(NamedTuple):
    """One line, the load for it, and what it must show."""

    line: str
    """`PID` stands for the load's."""
    make: Maker
    expected: tuple[str, ...]
    """Patterns of the entries that are at the top, each of the parts of a key joined by blanks."""
    events: int
    """The top entry has at least so many."""


CASES = [
    Case(
        "tracepoint:syscalls:sys_enter_* { @[probe] = count(); }",
        copy,
        ("tracepoint:syscalls:sys_enter_read", "tracepoint:syscalls:sys_enter_write"),
        100_000,
    ),
    Case(
        "tracepoint:tcp:tcp_retransmit_skb { @[pid, comm, ntop(args->family, args->daddr)] = count(); }",
        lossy_transfer,
        (r"\d+ .+ 127\.0\.0\.1",),
        5,
    ),
    Case("tracepoint:tcp:tcp_send_reset { @[comm] = count(); }", refused_call, ("bttop-caller",), 3),
    Case(
        "tracepoint:sched:sched_switch /args->prev_pid==PID/ { @[args->next_comm] = count(); }",
        ping_pong,
        ("bttop-pong",),
        2_000,
    ),
    Case("kprobe:vfs_read /pid==PID/ { @bytes = hist(arg2); }", copy, ("",), 100_000),
    Case("kprobe:vfs_write /pid==PID/ { @bytes = hist(arg2); }", copy, ("",), 100_000),
    Case("profile:hz:99 /pid==PID/ { @[ustack] = count(); }", busy, (STACK,), 1),
    Case(
        'kprobe:tcp_sendmsg /comm=="java"/ { @bytes = hist(arg2); }',
        functools.partial(deed, _SENDS, "java"),
        ("",),
        1_000,
    ),
    Case(
        'kprobe:vfs_read /comm=="java"/ { @bytes = hist(arg2); }', functools.partial(deed, _READS, "java"), ("",), 5_000
    ),
    Case(
        'kprobe:nf_conntrack_in /comm=="java"/ { @drops = count(); }',
        functools.partial(deed, _SENDS, "java"),
        ("",),
        1_000,
    ),
    Case(
        'kprobe:do_mmap /comm=="java"/ { @[ustack] = hist(arg1); }',
        functools.partial(deed, _MAPS, "java"),
        (STACK,),
        100,
    ),
    Case(
        "tracepoint:tcp:tcp_retransmit_skb { @[args->saddr, args->daddr] = count(); } "
        "interval:s:10 { print(@); clear(@); }",
        lossy_transfer,
        (r"127\.0\.0\.1 127\.0\.0\.1",),
        5,
    ),
    Case(
        "tracepoint:sched:sched_switch { @[args->next_comm] = count(); }",
        ping_pong,
        ("bttop-ping|bttop-pong|swapper/0|swapper/1",),
        2_000,
    ),
    Case("kprobe:do_sys_openat2 { @[comm] = count(); }", functools.partial(deed, _OPENS), ("bttop-deed",), 5_000),
    Case(
        "uprobe:/usr/bin/python3.11:_PyEval_EvalFrameDefault { @[ustack] = count(); }",
        python_calls,
        (STACK,),
        1_000,
    ),
    Case("uprobe:/usr/lib/x86_64-linux-gnu/libssl.so.3:SSL_read { @[comm] = count(); }", tls_client, ("openssl",), 1),
    Case(
        "usdt:/usr/lib/postgresql/15/bin/postgres:postgresql:query__start { @[comm] = count(); }",
        postgres_query,
        ("postgres",),
        20,
    ),
]


def entries(one: Prepared, output: bytes) -> list[tuple[str, int]]:
    """The entries of a program's only map, the largest first, as a pane shows their keys."""
    ((name, prints),) = flushed(output, one.plan).items()
    plan = one.plan.maps[name]
    # What a script prints and clears itself adds up like a bank.
    counted = total(prints, "bank" if plan.scheme == "own" else plan.scheme)
    shown: Counter[str] = Counter()
    for key, count in counted.items():
        shown[_shown(key, plan)] += count
    return shown.most_common()


def _shown(key: str, plan: MapPlan) -> str:
    parts = split_key(key, plan.columns).parts
    names = [column.decoder for column in plan.columns] or [""]
    pairs = zip(parts, names, strict=True)
    return " ".join(str(_DECODERS[name](part)) if name else str(part) for part, name in pairs)


def pasted(line: str) -> Prepared:
    """A line as the prompt takes it."""
    read_line = read_one_liner(line)
    assert isinstance(read_line, OneLiner)
    return prepare(read(read_line.program), args=read_line.args, interval_ms=500)


def traced_entries(bpftrace: str, one: Prepared, made: Load, folder: Path) -> list[tuple[str, int]]:
    with running(bpftrace, one, folder) as traced:
        made.run()
        own_interval = any(point.provider == "interval" for point in one.attach_points)
        wait_for_beats(traced, 2 if one.plan.maps and not own_interval else 1)
        return entries(one, traced.output())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.partition(" ")[0])
def test_a_line_pasted_verbatim_shows_who_makes_the_load(bpftrace: str, case: Case, tmp_path: Path) -> None:
    binary = re.match(r"(?:uprobe|usdt):([^:]+):", case.line)
    if binary is not None and not Path(binary[1]).exists():
        pytest.skip(f"{case.line}: there is no such file")
    with case.make() as made:
        line = case.line.replace("PID", str(made.pid))
        one = pasted(line)
        try:
            found = traced_entries(bpftrace, one, made, tmp_path)
        except tracing.RefusedError as refused:
            pytest.skip(f"{line}: {tracing.reason_line(str(refused))}")
    if binary is not None and not found and bpftrace != tracing.binaries()[0]:
        pytest.skip(f"{case.line}: this bpftrace may live in a root of its own, with another file of that name")
    patterns = "|".join(case.expected)
    # What else runs on this machine may be above it; nothing of it is expected by name.
    rows = [calls for entry, calls in found if re.fullmatch(patterns, entry, re.DOTALL)]
    assert len(rows) >= len(case.expected), found[:5]
    assert rows[0] >= case.events


def test_the_offered_form_of_all_system_calls_names_them(bpftrace: str, tmp_path: Path) -> None:
    (suggestion,) = pasted("tracepoint:syscalls:sys_enter_* { @[probe] = count(); }").suggestions
    with copy() as made:
        found = traced_entries(bpftrace, prepare(read(suggestion.rewritten), interval_ms=500), made, tmp_path)
    assert {entry for entry, calls in found if calls >= 100_000} >= {"read", "write"}


def test_the_offered_form_of_a_thread_id_sees_every_thread(bpftrace: str, tmp_path: Path) -> None:
    threads = """
import threading, time
def sleep():
    for _ in range(50):
        time.sleep(0.001)
all_of_them = [threading.Thread(target=sleep) for _ in range(4)]
for one in all_of_them: one.start()
for one in all_of_them: one.join()
"""
    with deed(threads) as made:
        line = f"tracepoint:sched:sched_switch /args->prev_pid=={made.pid}/ {{ @[tid] = count(); }}"
        (suggestion,) = pasted(line).suggestions
        found = traced_entries(bpftrace, prepare(read(suggestion.rewritten), interval_ms=500), made, tmp_path)
    assert len([count for _, count in found if count >= 50]) >= 4
