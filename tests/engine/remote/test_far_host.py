"""Connecting to another host: by a stand-in for ssh that runs the remote command here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bttop.engine.host.own_clock import own_clock
from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.host.process.processes import is_alive, look_up
from bttop.engine.remote import far_channel, far_host
from bttop.engine.remote.far_channel import FarChannel
from bttop.engine.remote.far_host import FarConnection
from bttop.engine.remote.far_processes import FarProcesses
from bttop.engine.remote.link import Link
from bttop.engine.remote.ssh import Destination
from bttop.engine.request.far_pinning import far_pin_of
from bttop.engine.tracer.frames import HEADER, Frame
from bttop.errors import CannotTrace, TracerLost
from bttop.model.record.records import StampedLine
from bttop.script.process.pin import Pin
from tests.engine.remote.fakes import fake_ssh
from tests.pythons import PYTHONS
from tests.standin import standin

PATIENCE = 60.0
IS_ROOT = os.geteuid() == 0
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups"
needs_root = pytest.mark.skipif(not IS_ROOT, reason="the tracer must be root")


def connection(folder: Path, ssh: list[str], *, bpftrace: str | None = None) -> FarConnection:
    made = FarConnection(ssh, Destination("web1"), bpftrace or str(standin(folder)))
    made.begin()
    return made


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[FarConnection]:
    made = connection(tmp_path, fake_ssh(tmp_path))
    yield made
    made.close()


@needs_root
@pytest.mark.parametrize("python", PYTHONS)
def test_the_facts_are_those_of_the_far_side(tmp_path: Path, python: str) -> None:
    made = connection(tmp_path, fake_ssh(tmp_path, python))
    try:
        far = made.finish(["raw_syscalls/sys_enter"])
        assert far.host.name == "web1"
        assert far.host.kernel == os.uname().release
        assert far.host.cpus == os.cpu_count()
        assert far.bpftrace.release == (0, 17, 0)
        assert far.host.tracefs is not None
        assert not far.host.why_not("tracepoint", "raw_syscalls:sys_enter")
        assert far.host.why_not("tracepoint", "raw_syscalls:no_such")
        assert "field:long id" in (far.host.tracefs / "events/raw_syscalls/sys_enter/format").read_text()
    finally:
        made.close()


@needs_root
def test_what_start_up_files_print_is_skipped(tmp_path: Path) -> None:
    made = connection(tmp_path, fake_ssh(tmp_path, before="echo Welcome; echo 'bttop-tracer oops'"))
    try:
        assert made.finish().host.name == "web1"
    finally:
        made.close()


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("echo 'Host key verification failed.' >&2; exit 255", "its host key is not known"),
        ("echo 'sudo: a password is required' >&2; exit 1", "sudo asks for a password there"),
        ("echo 'root@web1: Permission denied (publickey).' >&2; exit 255", "not let in without a password"),
        ("echo 'sh: 1: python3: not found' >&2; exit 127", "it has no python3"),
        ("echo 'SyntaxError: invalid syntax' >&2; exit 1", "older than 3.6"),
        ("echo 'ssh: connect to host web1 port 22: Connection refused' >&2; exit 255", "Connection refused"),
        ("head -c 70000 /dev/zero; sleep 60", "print too much"),
        ("exit 0", "the connection was closed"),
    ],
)
def test_a_host_that_does_not_let_bttop_in_is_said_in_a_sentence(tmp_path: Path, before: str, says: str) -> None:
    made = connection(tmp_path, fake_ssh(tmp_path, before=before))
    with pytest.raises(CannotTrace) as refusal:
        made.finish()
    assert says in refusal.value.cause
    assert refusal.value.title == "web1"


def test_a_host_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONNECTED_WITHIN", "ANSWER_SECONDS"):
        monkeypatch.setattr(far_host, name, 0.3)
    made = connection(tmp_path, fake_ssh(tmp_path, before="exec sleep 100"))
    with pytest.raises(CannotTrace, match="no answer within 0 s"):
        made.finish()


@needs_root
def test_a_late_host_is_not_given_up_while_another_has_just_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far_host, "CONNECTED_WITHIN", 0.01)
    monkeypatch.setattr(far_host, "ANSWER_SECONDS", PATIENCE)
    made = connection(tmp_path, fake_ssh(tmp_path, before="sleep 0.2"))
    try:
        assert made.finish().host.name == "web1"
    finally:
        made.close()


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ('exec env PATH=/no/such/folder /bin/sh -c "$command"', "it has no sudo"),
        (f"exec {NOBODY} sudo -n python3", "sudo asks for a password there"),
    ],
)
def test_a_host_without_sudo_is_said_as_its_shell_and_sudo_say_it(tmp_path: Path, before: str, says: str) -> None:
    if NOBODY in before and not (IS_ROOT and all(map(shutil.which, ("sudo", "setpriv")))):
        pytest.skip("needs root, sudo and setpriv")
    ssh = fake_ssh(tmp_path, before=before)
    made = FarConnection(ssh, Destination("web1", sudo=True), str(standin(tmp_path)))
    made.begin()
    with pytest.raises(CannotTrace, match=says):
        made.finish()


@needs_root
def test_a_host_without_bpftrace_is_said(tmp_path: Path) -> None:
    made = connection(tmp_path, fake_ssh(tmp_path), bpftrace="/no/such/bpftrace")
    with pytest.raises(CannotTrace, match="bpftrace does not run there"):
        made.finish()


def test_a_tracer_that_arrived_damaged_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = far_channel.FarChannel.open

    def damage(self: FarChannel, link: object, mark: bytes, tracer: bytes) -> None:
        sent(self, link, mark, tracer[:-1] + b"#")  # type: ignore[arg-type]

    monkeypatch.setattr(FarChannel, "open", damage)
    with pytest.raises(CannotTrace, match="damaged"):
        connection(tmp_path, fake_ssh(tmp_path)).finish()


class Reader:
    """Reads a channel in a loop."""

    def __init__(self, channel: FarChannel) -> None:
        self.frames: list[Frame] = []
        self.ended: list[str] = []
        self.channel = channel

    def until(self, is_so: Callable[[], object]) -> None:
        async def run() -> None:
            self.channel.attach(asyncio.get_running_loop(), self.frames.extend, self.ended.append)
            end = time.monotonic() + PATIENCE
            while not is_so():
                assert time.monotonic() < end, (self.frames[-5:], self.ended)
                await asyncio.sleep(0.01)
            self.channel.detach()

        asyncio.run(run())


@needs_root
def test_the_round_trip_and_the_clock_are_measured(opened: FarConnection) -> None:
    far = opened.finish()
    Reader(far.channel).until(lambda: far.link.clock.round_trip_ns)
    assert abs(far.link.clock.boot_offset_ns) <= far.link.clock.error_ns
    assert abs(far.link.clock.wall_offset_ns) < 1_000_000_000


@needs_root
def test_a_host_that_does_not_answer_is_said_then_given_up(
    opened: FarConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far_channel, "PING", 0.05)
    far = opened.finish()
    silent: list[int] = []
    os.kill(far.tracer, signal.SIGSTOP)
    reader = Reader(far.channel)

    def is_given_up() -> bool:
        silent.append(far.link.state.unheard)
        return bool(reader.ended)

    try:
        reader.until(is_given_up)
    finally:
        with contextlib.suppress(ProcessLookupError):  # it is in the group of the stand-in for ssh
            os.kill(far.tracer, signal.SIGKILL)
    assert {2, 3, 4} <= set(silent)
    assert reader.ended == ["no answer for 5 s"]
    assert far.link.state.lost == "no answer for 5 s"
    with pytest.raises(ConnectionError):
        far.link.processes([1])


@needs_root
def test_a_flood_is_read_at_a_limited_rate(opened: FarConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_channel, "BYTES_A_SECOND", 100_000)
    far = opened.finish()
    reader = Reader(far.channel)
    far.channel.start(5, ["sh", "-c", "yes 0123456789 | head -c 3000000"], {})
    begin = time.monotonic()
    reader.until(lambda: sum(len(one.data) for one in reader.frames if isinstance(one, StampedLine)) > 500_000)
    # Each read may take 256 KiB more than the limit of its second.
    assert time.monotonic() - begin > 0.9


@needs_root
def test_processes_are_looked_up_there(opened: FarConnection) -> None:
    far = opened.finish()
    found = FarProcesses(far.link, far.host.proc.parent / "etc/passwd", PidNumbers()).look(os.getpid())
    here = look_up(os.getpid())
    assert found is not None
    assert here is not None
    assert (found.comm, found.user, found.cgroup, found.parents, found.executable) == (
        here.comm,
        here.user,
        here.cgroup,
        here.parents,
        here.executable,
    )


@needs_root
def test_a_process_that_has_ended_is_known_after_a_look(opened: FarConnection) -> None:
    far = opened.finish()
    processes = FarProcesses(far.link, far.host.proc.parent / "etc/passwd", PidNumbers())
    assert processes.look(2**22 - 1) is None
    assert processes.has_ended(2**22 - 1)
    processes.close()


@needs_root
@pytest.mark.parametrize("text", ["nginx", "/no/such/cgroup", str(2**22 - 1), "", "own"])
def test_a_pin_is_checked_there(opened: FarConnection, text: str) -> None:
    far = opened.finish()
    found = far_pin_of(str(os.getpid()) if text == "own" else text, far.host, far.link)
    if text == "own":
        assert found == Pin(pids=(os.getpid(),))
    elif text == "nginx":
        assert found == Pin(comm="nginx")
    else:
        assert isinstance(found, str)


@needs_root
def test_another_boot_of_the_host_is_not_taken_for_the_same(opened: FarConnection) -> None:
    far = opened.finish()
    now = far.link.clock.now()
    assert far.link.clock.met(far.link.clock.sent(), now)
    assert not far.link.clock.met(far.link.clock.sent(), now._replace(boot_ns=5_000_000_000))


def test_the_proxy_of_a_host_that_hangs_ends_with_its_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONNECTED_WITHIN", "ANSWER_SECONDS"):
        monkeypatch.setattr(far_host, name, 0.5)
    file = tmp_path / "proxy"
    made = connection(tmp_path, fake_ssh(tmp_path, before=f"sleep 1000 & echo $! >{file}; wait"))
    with pytest.raises(CannotTrace):
        made.finish()
    end = time.monotonic() + PATIENCE
    while is_alive(int(file.read_text())):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_too_many_open_files_are_said(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    made = FarConnection(fake_ssh(tmp_path), Destination("web1"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = [os.open("/dev/null", os.O_RDONLY) for _ in range(2)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(opened) + 4, hard))
    try:
        with pytest.raises(TracerLost, match="Too many open files"):
            made.begin()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for one in opened:
            os.close(one)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_tracer_that_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def vanished(**_: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", "tracer.py")

    monkeypatch.setattr(far_host, "bootstrap", vanished)
    with pytest.raises(TracerLost, match=r"tracer.py: No such file or directory"):
        FarConnection(fake_ssh(tmp_path), Destination("web1")).begin()


def test_a_host_that_floods_before_the_programs_start_is_refused() -> None:
    header = HEADER.pack(b"e", 7, own_clock().boot_ns, own_clock().wall_ns, 60_000)
    code = f"import os\nos.write(1, b'mark')\nwhile True: os.write(1, {header!r} + bytes(60000))"
    channel = FarChannel.spawn([sys.executable, "-c", code])
    channel.open(Link("web1"), b"mark", b"")
    try:
        with pytest.raises(TracerLost, match="it sends more than it was asked for"):
            channel.wait(lambda _: False, time.monotonic() + PATIENCE)
    finally:
        channel.close(0.0)
