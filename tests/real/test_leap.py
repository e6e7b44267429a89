"""What could be hot is measured before it runs, with the real bpftrace under a real load."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.real import load
from tests.real.test_stream import Streaming, streaming

pytestmark = pytest.mark.real

CALLS = "tracepoint:raw_syscalls:sys_enter { @[pid, comm] = count(); }"
LIMIT = 60.0


def stream(bpftrace: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `bttop stream`."""
    command = [sys.executable, "-m", "bttop", "stream", "--bpftrace", bpftrace, "--for", "20s", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def copying() -> Iterator[None]:
    """A process that makes system calls as fast as it can."""
    command = ["dd", "if=/dev/zero", "of=/dev/null", "status=none", "bs=1"]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_a_hot_probe_is_held_back_with_its_numbers_and_runs_by_force(bpftrace: str) -> None:
    with copying():
        # From 0.20 an event costs half as much.
        code, out, err = stream(bpftrace, "-e", CALLS, "--budget", "0.5")
        with streaming(bpftrace, "-e", CALLS) as forced:
            forced.wait_for(lambda: "dd" in {comm for _, comm in forced.sums("")})
    assert (code, out) == (1, "")
    found = re.search(r"would cost ([0-9.]+) % of all CPUs at ([0-9.]+) ([kM])/s \(the budget is 0.5 %\)", err)
    assert found is not None
    assert float(found[1]) > 0.5
    # Ten times the budget is refused, less is a question: what an event costs decides, and the machine that.
    assert re.search(r"(--force|--budget [0-9.]+) runs it", err)


def pinned(bpftrace: str, pid: int) -> contextlib.AbstractContextManager[Streaming]:
    return streaming(bpftrace, "-e", CALLS, "-i", "0.2", "-p", str(pid), force=False)


def test_the_same_pinned_to_a_quiet_process_is_not(bpftrace: str) -> None:
    with load.copy(1000, 1) as copy, pinned(bpftrace, copy.pid) as one:
        copy.run()
        one.flush_everything()
        assert one.sums("")[copy.pid, "dd"] >= 2000


def test_the_time_that_many_probes_take_to_detach_refuses_nothing(bpftrace: str) -> None:
    program = "tracepoint:syscalls:sys_enter_get* /pid == $1/ { @ = count(); }"
    with (
        load.deed("import os\nfor _ in range(500): os.getpgid(0)") as doing,
        streaming(bpftrace, "-i", "0.2", "-e", program, "-p", str(doing.pid), force=False) as one,
    ):
        doing.run()
        one.flush_everything()
        assert one.sums("")[()] >= 500


def test_stock_probes_are_not_looked_at(bpftrace: str) -> None:
    with copying(), streaming(bpftrace, "syscalls", force=False) as one:
        one.wait_for(lambda: "dd" in {comm for _, comm, _ in one.sums("calls")})
        assert "would cost" not in one.complaints()


def test_unsafe_is_to_be_said_twice_and_then_it_works(bpftrace: str) -> None:
    program = 'tracepoint:syscalls:sys_enter_execve { system("true"); @ = count(); }'
    code, _, err = stream(bpftrace, "--unsafe", "-e", program)
    assert code == 2
    assert "bttop stream" in err
    assert "--unsafe" in err
    assert "--confirm-unsafe" in err
    assert stream(bpftrace, "-e", program)[0] == 1
    with streaming(bpftrace, "--unsafe", "--confirm-unsafe", "-e", program):
        pass
