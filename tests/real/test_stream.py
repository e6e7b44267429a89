"""`bttop stream` with the real bpftrace: what it shows adds up to what the load did."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import pytest

from tests.real import load, tracing
from tests.real.tracing import PROBES

pytestmark = pytest.mark.real

START_SECONDS = 90.0
STOP_SECONDS = 60.0

_WRITE = {"x86_64": 1}.get(platform.machine(), 64)

# The shell, the dynamic loader and dd itself read a little before dd starts to copy.
STARTUP_READS = 100

Line = dict[str, Any]


class Streaming:
    """A running `bttop stream`."""

    def __init__(self, process: subprocess.Popen[bytes], stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self.process = process
        self._stdout, self._stderr = stdout, stderr

    def lines(self) -> list[Line]:
        """Everything that was written so far, whole lines only."""
        text = Path(self._stdout.name).read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def complaints(self) -> str:
        return Path(self._stderr.name).read_text()

    def rows(self, name: str) -> Iterator[tuple[list[Any], Any]]:
        """The rows of one map in all its flushes."""
        for line in self.lines():
            if line.get("map") == name:
                yield from ((row["key"], row["value"]) for row in line["rows"])

    def sums(self, name: str) -> Counter[tuple[Any, ...]]:
        """Counts of one map, added up over all its flushes."""
        found: Counter[tuple[Any, ...]] = Counter()
        for key, value in self.rows(name):
            found[tuple(key)] += value
        return found

    def programs_after(self, moment: datetime) -> set[str]:
        """Programs of which a flush has ended after a moment."""
        return {line["program"] for line in self.lines() if datetime.fromisoformat(line["time"]) > moment}

    def wait_for(self, condition: Callable[[], object]) -> None:
        ended = f"bttop has ended: {self.complaints()}" if self.process.poll() is not None else ""
        tracing.wait_until(lambda: bool(condition()), START_SECONDS, f"the stream; {ended or self.complaints()}")

    def flush_everything(self) -> None:
        """Wait until each program has flushed what happened before now: until a flush that began later has ended, since
        a busy bpftrace may print the end of a flush long after its maps."""
        now, programs = datetime.now(UTC), self.programs_after(datetime.fromtimestamp(0, UTC))
        self.wait_for(lambda: self._begun_after(now) >= programs)

    def _begun_after(self, moment: datetime) -> set[str]:
        ended = ((line, datetime.fromisoformat(line["time"])) for line in self.lines())
        return {line["program"] for line, end in ended if end - timedelta(seconds=line["seconds"]) > moment}


@contextlib.contextmanager
def streaming(bpftrace: str, *arguments: str, programs: int = 1, force: bool = True) -> Iterator[Streaming]:
    """Run `bttop stream`; every program has flushed once when the block begins. At its end the stream is stopped
    by SIGINT, which must end it in order. With `force` whatever else this host is busy with holds nothing back."""
    forced = ["--force"] if force else []
    command = [sys.executable, "-m", "bttop", "stream", "--bpftrace", bpftrace, "--budget", "100", *forced, *arguments]
    with tempfile.NamedTemporaryFile() as stdout, tempfile.NamedTemporaryFile() as stderr:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        stream = Streaming(process, stdout, stderr)
        try:
            long_ago = datetime.fromtimestamp(0, UTC)
            stream.wait_for(lambda: len(stream.programs_after(long_ago)) == programs)
            yield stream
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                assert process.wait(STOP_SECONDS) == 0, stream.complaints()
        finally:
            process.kill()
            process.wait()


def test_every_call_of_a_million_is_seen(bpftrace: str) -> None:
    calls = 1_000_000
    with load.copy(calls, 1) as copy, streaming(bpftrace, "syscalls", "vfs_read", programs=2) as stream:
        copy.run()
        stream.flush_everything()
        by_call = stream.sums("calls")
        reads = [value for key, value in stream.rows("reads") if key == [copy.pid, "dd"]]
    assert by_call[copy.pid, "dd", "write"] == calls
    assert calls <= by_call[copy.pid, "dd", "read"] <= calls + STARTUP_READS
    count = sum(value["count"] for value in reads)
    assert calls <= count <= calls + STARTUP_READS
    # Each of the million is one byte; the few others are larger.
    assert calls < sum(value["total"] for value in reads)


def test_histogram_buckets_add_up_to_what_a_bare_bpftrace_prints_at_its_end(bpftrace: str) -> None:
    name = first_that_attaches(bpftrace, ["vfs_read.bt", "vfs_read_kprobe.bt", "vfs_read_syscalls.bt"])
    with (
        load.copy(50_000, 5_000) as copy,
        tracing.tracing(bpftrace, PROBES / name, copy.pid) as bare,
        streaming(bpftrace, "vfs_read", "-i", "0.2", "-p", str(copy.pid)) as stream,
    ):
        copy.run()
        stream.flush_everything()
        ((_, expected),) = bare.stop()["@bytes"]
        found: Counter[tuple[int | None, int | None]] = Counter()
        for _, buckets in stream.rows("bytes"):
            found.update({(low, high): count for low, high, count in buckets})
    wanted = {(one.get("min"), one.get("max")): one["count"] for one in expected if one["count"]}
    assert +found == wanted
    assert wanted[4096, 8191] >= 50_000
    assert len(wanted) > 1, "what dd reads at its start is smaller"


def first_that_attaches(bpftrace: str, names: list[str]) -> str:
    found = next((name for name in names if not tracing.refusal(bpftrace, PROBES / name, 0)), None)
    return found or tracing.unable("no probe for reads attaches here")


def test_a_one_liner_is_flushed_exactly(bpftrace: str) -> None:
    calls = 200_000
    program = f"tracepoint:raw_syscalls:sys_enter /args->id == {_WRITE}/ {{ @[pid] = count(); }}"
    with load.copy(calls, 1) as copy, streaming(bpftrace, "-e", program, "-i", "0.2") as stream:
        copy.run()
        stream.flush_everything()
        seen = stream.sums("")[copy.pid,]
    assert seen == calls


def test_a_script_with_its_own_interval_prints_as_it_says(bpftrace: str, tmp_path: Path) -> None:
    calls = 50_000
    script = tmp_path / "own.bt"
    script.write_text(
        f"tracepoint:raw_syscalls:sys_enter /args->id == {_WRITE} && pid == $1/ {{ @n = count(); }}\n"
        "interval:ms:200 { print(@n); }\n"
    )
    with load.copy(calls, 1) as copy, streaming(bpftrace, str(script), "-p", str(copy.pid)) as stream:
        copy.run()
        stream.flush_everything()
        values = [value for _, value in stream.rows("n")]
        lengths = [line["seconds"] for line in stream.lines()]
    # It never clears its map: two prints are subtracted.
    assert sum(values) == calls, values
    # Ticks may get lost, and then a flush is as long as several; none is shorter than the script's own interval.
    assert sorted(lengths[1:])[0] > 0.15


def test_a_pid_shows_no_other_process(bpftrace: str) -> None:
    with (
        load.copy(1_000, 1) as copy,
        load.copy(1_000, 1) as other,
        streaming(bpftrace, "syscalls", "-i", "0.3", "-p", str(copy.pid)) as stream,
    ):
        other.run()
        copy.run()
        stream.flush_everything()
        by_call = stream.sums("calls")
    assert by_call[copy.pid, "dd", "write"] == 1_000
    assert {key[0] for key in by_call} == {copy.pid}


def test_retransmits_belong_to_the_sender(bpftrace: str) -> None:
    if missing := load.lossy_network_missing():
        tracing.unable(missing)
    with (
        load.lossy_network() as network,
        network.transfer(1_500_000) as transfer,
        streaming(bpftrace, "retransmits", "-i", "0.5") as stream,
    ):
        retransmits = transfer.run()
        stream.flush_everything()
        found = stream.sums("retrans")
        if "pid is the interrupted process" in stream.complaints():
            tracing.unable("this kernel does not tell who owns a socket")
    assert load.are_the_retransmits(found[transfer.sender, "bttop-sender", "127.0.0.1"], retransmits)


def test_a_killed_bpftrace_is_told_and_its_program_comes_back(bpftrace: str) -> None:
    with streaming(bpftrace, "syscalls", "-i", "0.3") as stream:
        (victim,) = processes(stream.process.pid)
        os.kill(victim, signal.SIGKILL)
        stream.wait_for(lambda: any(line.get("generation") == 2 for line in stream.lines()))
        assert "bpftrace was killed by SIGKILL" in stream.complaints()
        stream.process.send_signal(signal.SIGINT)
        # What it had counted since its last flush is missing.
        assert stream.process.wait(STOP_SECONDS) == 1
        assert "is missing: bpftrace was killed by SIGKILL" in stream.complaints()
        assert [line["program"] for line in stream.lines() if line["kind"] == "lost"] == ["syscalls"]


def processes(stream: int) -> list[int]:
    """Every bpftrace below a stream: the children of its tracer."""
    (tracer,) = Path(f"/proc/{stream}/task/{stream}/children").read_text().split()
    return [int(pid) for pid in Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split()]


def test_a_script_that_ends_by_itself_shows_what_it_counted_last(bpftrace: str) -> None:
    text = (
        "interval:ms:20 { @keyed[1] = count(); @whole = count(); @spread[2] = hist(3); @state[0] = nsecs; "
        "@n = @n + 1; if (@n >= 70) { exit(); } }"
    )
    done = subprocess.run(
        [sys.executable, "-m", "bttop", "stream", "--bpftrace", bpftrace, "-e", text],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["map"] for one in found} == {"keyed", "whole", "spread"}
    counted = Counter[str]()
    for one in found:
        for row in one["rows"]:
            value = row["value"]
            counted[one["map"]] += value if isinstance(value, int) else sum(bucket[2] for bucket in value)
    # The interval that calls exit() may fire again before it takes effect.
    assert counted["keyed"] == counted["whole"] == counted["spread"] >= 70


_DISK = "tracepoint:block:block_rq_complete { @disk = count(); }"
_RAW_DISK = "rawtracepoint:block_rq_complete { @disk = count(); }"
_BUSY = "tracepoint:raw_syscalls:sys_enter { @busy[comm, kstack] = count(); }"
_READS = 2_000


def completions() -> tuple[int, int]:
    """Requests that the disks have completed, and how many of them were flushes."""
    stats = [list(map(int, path.read_text().split())) for path in Path("/sys/block").glob("*/stat")]
    flushes = sum(one[15] if len(one) > 15 else 0 for one in stats)
    return sum(one[0] + one[4] + (one[11] if len(one) > 11 else 0) for one in stats) + flushes, flushes


@contextlib.contextmanager
def busy_calls() -> Iterator[None]:
    """Two processes that do nothing but call the kernel."""
    command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1"]
    busy = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(2)]
    try:
        yield
    finally:
        for one in busy:
            one.kill()
            one.wait()


@contextlib.contextmanager
def file_on_disk(folder: Path = Path("/var/tmp")) -> Iterator[Path]:
    if os.major(folder.stat().st_dev) == 0:
        tracing.unable(f"{folder} lies on no block device")
    target = folder / f"bttop-test-{os.getpid()}"
    try:
        with target.open("wb") as file:
            file.write(os.urandom(_READS * 4096))
            os.fsync(file.fileno())
        yield target
    finally:
        target.unlink()


def read_beside_busy_calls(target: Path) -> int:
    """Read a file past the cache while two processes call the kernel; how many requests were completed meanwhile."""
    before = completions()
    with busy_calls():
        read = ["dd", f"if={target}", "of=/dev/null", "bs=4k", "iflag=direct"]
        subprocess.run(read, check=True, stderr=subprocess.DEVNULL)
    return completions()[0] - before[0]


class DiskCount(NamedTuple):
    """One count of the disk's completed requests beside busy calls."""

    made: int
    most: int
    """The requests that were completed while the programs ran, with those that complete twice."""
    lines: list[dict[str, Any]]

    @property
    def seen(self) -> int:
        return sum(row["value"] for line in self.lines for row in line["rows"])

    @property
    def skipped(self) -> int:
        return sum(line.get("skipped", 0) for line in self.lines)


def disk_count(bpftrace: str, *words: str, programs: int) -> DiskCount:
    before = completions()
    with file_on_disk() as target, streaming(bpftrace, *words, programs=programs) as stream:
        made = read_beside_busy_calls(target)
        stream.flush_everything()
        after = completions()
        found = [line for line in stream.lines() if line.get("map") == "disk"]
    # A write that waits for a flush is completed twice, the second time with nothing.
    return DiskCount(made, after[0] - before[0] + after[1] - before[1], found)


def whole_disk_count(bpftrace: str, *words: str, programs: int) -> DiskCount:
    """The first of four counts without a missing event, else the last. Above a thread whose recursion guard stays set
    the kernel (6.11 and newer) runs no program and counts nothing; such a thread of the host may run in one count."""
    for _ in range(3):
        count = disk_count(bpftrace, *words, programs=programs)
        if count.made <= count.seen + count.skipped:
            return count
    return disk_count(bpftrace, *words, programs=programs)


@pytest.mark.parametrize("statistics", [True, False])
def test_what_is_seen_and_what_is_skipped_is_what_the_disk_completed(bpftrace: str, *, statistics: bool) -> None:
    options = [] if statistics else ["--no-stats"]
    count = whole_disk_count(bpftrace, "-e", _DISK, "-e", _BUSY, *options, programs=2)
    assert count.made <= count.seen + count.skipped <= count.most
    assert count.skipped > 0, "this load has always made the kernel skip some"
    assert all(("skipped events" in line.get("doubts", [])) == ("skipped" in line) for line in count.lines)


def test_a_raw_tracepoint_is_not_skipped_beside_a_busy_program(bpftrace: str) -> None:
    if not tracing.has_raw_tracepoints(bpftrace):
        return
    with (
        file_on_disk() as target,
        streaming(bpftrace, "-e", _RAW_DISK, "-e", _BUSY, programs=2) as stream,
    ):
        made = read_beside_busy_calls(target)
        stream.flush_everything()
        found = [line for line in stream.lines() if line.get("map") == "disk"]
    assert sum(row["value"] for line in found for row in line["rows"]) >= made
    assert not [line for line in found if "skipped" in line]


_RAW_FORMS: Final = (
    "syscalls", "syscall_latency", "sched_switch", "runqlat", "tcp_connect", "biolatency", "slow_calls",
)  # fmt: skip
_NEIGHBOURS: Final = {
    "raw forms": _RAW_FORMS,
    "sockets": ("retransmits", "tcp_resets"),
    "files": ("vfs_read", "vfs_write"),
}


@pytest.mark.parametrize("neighbours", _NEIGHBOURS.values(), ids=_NEIGHBOURS)
def test_stock_probes_make_no_event_be_skipped_where_raw_tracepoints_are_to_be_had(
    bpftrace: str, neighbours: tuple[str, ...]
) -> None:
    count = whole_disk_count(bpftrace, *neighbours, "-e", _DISK, programs=len(neighbours) + 1)
    assert count.seen + count.skipped >= count.made
    # Programs of other tests make the kernel skip some too; a plain tracepoint on these calls makes it skip most.
    is_raw = tracing.has_raw_tracepoints(bpftrace) and not any(name.startswith("vfs_") for name in neighbours)
    assert count.skipped <= _READS // 10 or not is_raw
