"""What prepared scripts do on the real bpftrace: they load, give heartbeats, and count every event once."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bttop.model.plan import MapPlan, Plan, Scheme
from bttop.model.record.decode import decode_line
from bttop.model.record.records import MapRecord, Stamp, StampedLine
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.language.reader import read
from bttop.script.library.probe_files import Library, ProbeFile
from bttop.script.messages.diagnostics import parse_diagnostics, undefined_maps
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import Prepared, prepare
from tests.real.tracing import RefusedError, Tracing, reason_line, tracing, wait_until

pytestmark = pytest.mark.real

CALLS = 400_000
"""Of each of the two writers; a multiple of the four sizes."""
SIZES = (1, 2, 3, 4)
HEARTBEAT = b'{"type": "value", "data": [0,['
STOCK = Path(__file__).parents[2] / "probes"
TOOLS = sorted(Path("/usr/sbin").glob("*.bt"))
WRITES = "tracepoint:syscalls:sys_enter_pwrite64"

_WRITER = f"""
import os, signal, sys
signal.alarm(100)
os.sched_setaffinity(0, {{int(sys.argv[1])}})
target = os.open("/dev/null", os.O_WRONLY)
texts = [b"x" * size for size in {SIZES}]
sys.stdin.readline()
for call in range({CALLS}):
    os.pwrite(target, texts[call % 4], call)
print("done", flush=True)
sys.stdin.readline()
"""


class Writers:
    """Two processes on two CPUs, if there are two; each makes `CALLS` calls of pwrite64 once told to."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self._processes = processes

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in self._processes)

    def write(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in self._processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "done\n"


@contextlib.contextmanager
def writers() -> Iterator[Writers]:
    cpus = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        processes = []
        for cpu in (cpus[0], cpus[-1]):
            words = [sys.executable, "-c", _WRITER, str(cpu)]
            process = stack.enter_context(
                subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            stack.callback(process.kill)
            processes.append(process)
        yield Writers(processes)


@contextlib.contextmanager
def running(bpftrace: str, one: Prepared, folder: Path) -> Iterator[Tracing]:
    path = folder / "prepared.bt"
    path.write_text(one.text)
    with tracing(bpftrace, path, *one.args) as traced:
        yield traced


def beats(traced: Tracing) -> int:
    return traced.output().count(HEARTBEAT)


def wait_for_beats(traced: Tracing, number: int) -> None:
    wanted = beats(traced) + number
    wait_until(lambda: beats(traced) >= wanted or traced.ended, 90, "heartbeats")
    assert not traced.ended, traced.complaints().decode(errors="replace")


def flushed(output: bytes, plan: Plan) -> dict[str, list[Any]]:
    """Every print of each map, by the user's name, up to the last heartbeat."""
    found: dict[str, list[Any]] = {name: [] for name in plan.maps}
    for line in output[: output.rindex(HEARTBEAT)].splitlines():
        record = json.loads(line) if line.startswith(b'{"type": "') and line.endswith(b"}") else {}
        if record.get("type") in ("map", "hist", "stats"):
            ((name, data),) = record["data"].items()
            found[plan.logical(name)].append(data)
    return found


def total(prints: list[Any], scheme: Scheme) -> Counter[str]:
    """Counts by key over a whole run: of banks the sum of all prints, else the last print."""
    shown = prints if scheme == "bank" else prints[-1:]
    result: Counter[str] = Counter()
    for data in shown:
        for key, value in (data if isinstance(data, Mapping) and "count" not in data else {"": data}).items():
            result[key] += _events(value)
    return result


def _events(value: Any) -> int:
    if isinstance(value, list):
        return sum(bucket["count"] for bucket in value)
    return int(value["count"] if isinstance(value, Mapping) else value)


class Totals(NamedTuple):
    """What a run counted."""

    maps: dict[str, Counter[str]]
    collisions: int
    """Events that may be lost, as bpftrace says: two CPUs made one new key at the same moment. 0 where the script was
    edited so that none is."""

    def assert_all(self, expected: Mapping[str, Mapping[str, int]]) -> None:
        """Every event is counted once. On 0.23, where a script's own statements drop the event of a collision, none
        is missing without bpftrace's own word for it (`map_update_elem`, -17)."""
        assert self.maps.keys() == expected.keys()
        assert all(self.maps[name].keys() == rows.keys() for name, rows in expected.items())
        missing = [rows[key] - self.maps[name][key] for name, rows in expected.items() for key in rows]
        assert min(missing) >= 0
        assert sum(missing) == self.collisions


@functools.cache
def release_of(bpftrace: str) -> Release:
    answer = subprocess.run([bpftrace, "--version"], capture_output=True, text=True, check=True)
    release = Release.parse(answer.stdout)
    assert release is not None
    return release


def collisions(output: bytes) -> int:
    records = (json.loads(line) for line in output.splitlines() if line.startswith(b'{"type": "helper_error"'))
    return sum(one["helper"] == "map_update_elem" and one["retcode"] == -17 for one in records)


def counted(bpftrace: str, text: str, folder: Path, **options: Any) -> Totals:
    """Run a script while two writers make their calls; the totals of each map."""
    with writers() as load:
        collide = traits_of(release_of(bpftrace)).new_keys_collide
        one = prepare(read(text), interval_ms=200, pin=Pin(pids=load.pids), new_keys_collide=collide, **options)
        with running(bpftrace, one, folder) as traced:
            wait_for_beats(traced, 1)
            load.write()
            wait_for_beats(traced, 3)
            output = traced.output()
    prints = flushed(output, one.plan)
    maps = {
        name: total([_by_key(data, plan) for data in prints[name]], plan.scheme) for name, plan in one.plan.maps.items()
    }
    return Totals(maps, collisions(output) if one.new_keys_collide else 0)


def _by_key(data: Any, plan: MapPlan) -> Any:
    """A print with the rows of all numbers of buckets added up."""
    if plan.numbered is None:
        return data
    rows: Counter[str] = Counter()
    for key, value in data.items():
        rows[key.rpartition(",")[0]] += value
    return rows


BY_SIZE = {str(size): 2 * CALLS // len(SIZES) for size in SIZES}


@pytest.mark.parametrize("scheme", ["bank", "cumulative"])
def test_every_event_is_counted_once(bpftrace: str, scheme: Scheme, tmp_path: Path) -> None:
    text = (
        f"{WRITES} {{ @calls[args->count] = count(); @sizes[args->count] = hist(args->count);\n"
        "  @all = count(); @spread = lhist(args->count, 0, 10, 1); @mean[args->count] = avg(args->count); }"
    )
    seen = counted(
        bpftrace, text, tmp_path, schemes=dict.fromkeys(("@calls", "@sizes", "@all", "@spread", "@mean"), scheme)
    )
    whole = {"": 2 * CALLS}
    seen.assert_all({"@calls": BY_SIZE, "@sizes": BY_SIZE, "@all": whole, "@spread": whole, "@mean": BY_SIZE})


VALUES = (*range(-3, 20), 31, 32, 39, 40, 41, 1 << 31, 1 << 32, (1 << 33) - 1, 1 << 62, (1 << 63) - 1)


def test_histograms_counted_by_the_number_of_the_bucket_equal_bpftraces_own(bpftrace: str, tmp_path: Path) -> None:
    if not traits_of(release_of(bpftrace)).new_keys_collide:
        pytest.skip("this release makes histograms without losing events")
    updates = "".join(
        f"@h[{at % 3}] = hist({value}); @l = lhist({value}, 3, 40, 10); " for at, value in enumerate(VALUES)
    )
    found = []
    banks: dict[str, Scheme] = {"@h": "bank", "@l": "bank"}
    for collide in (False, True):
        one = prepare(read(f"BEGIN {{ {updates} }}"), interval_ms=100, schemes=banks, new_keys_collide=collide)
        with running(bpftrace, one, tmp_path) as traced:
            wait_for_beats(traced, 1)
            lines = traced.output().splitlines()
        records = [
            decode_line(StampedLine(1, "stdout", Stamp(1, 1), line), release_of(bpftrace), one.plan, False)[0]
            for line in lines
        ]
        prints = [record for record in records if isinstance(record, MapRecord) and record.rows]
        found.append({one.plan.logical(record.name): record.rows for record in prints})
    assert found[0].keys() == {"@h", "@l"}
    assert found[0] == found[1]


def test_increments_rewritten_as_counts_lose_nothing(bpftrace: str, tmp_path: Path) -> None:
    seen = counted(bpftrace, f"{WRITES} {{ @m[args->count]++; @n += 2; }}", tmp_path)
    seen.maps["@n"] = Counter({"": seen.maps["@n"][""] // 2})
    seen.assert_all({"@m": BY_SIZE, "@n": {"": 2 * CALLS}})


def test_the_pin_counts_one_process_only(bpftrace: str, tmp_path: Path) -> None:
    with writers() as load:
        one = prepare(
            read(f"{WRITES} /args->count > 0/ {{ @[pid] = count(); }}"),
            interval_ms=200,
            pin=Pin(pids=load.pids[:1]),
        )
        with running(bpftrace, one, tmp_path) as traced:
            wait_for_beats(traced, 1)
            load.write()
            wait_for_beats(traced, 3)
            prints = flushed(traced.output(), one.plan)["@"]
    assert total(prints, "bank") == {str(load.pids[0]): CALLS}


@pytest.mark.parametrize(
    "key",
    [
        *(
            "pid",
            "args->count",
            "comm",
            "probe",
            "kstack",
            "ustack",
            "kstack(3)",
            "str(args->buf)",
            "username",
        ),
        *(
            "ksym(args->buf)",
            "usym(args->buf)",
            "ntop(args->fd)",
            "@s[tid]",
            "kstack, ustack, comm",
            "cgroup",
        ),
        *("args->fd ? 1 : 2", "args->count > 5", "(int8)args->fd, args->count, args->pos"),
    ],
)
def test_three_banks_with_any_kind_of_key_load(bpftrace: str, key: str, tmp_path: Path) -> None:
    text = (
        f"{WRITES} {{ @s[tid] = nsecs; @a[{key}] = count(); @b[{key}] = sum(args->count);"
        f" @c[{key}] = hist(args->fd); }}"
    )
    one = prepare(read(text), interval_ms=100)
    assert [plan.scheme for plan in one.plan.maps.values()] == ["bank"] * 3
    with running(bpftrace, one, tmp_path) as traced:
        wait_for_beats(traced, 2)


@pytest.mark.parametrize("probe", Library.load([STOCK]).probes, ids=lambda probe: probe.name)
def test_a_stock_probe_that_attaches_also_does_so_edited(bpftrace: str, probe: ProbeFile, tmp_path: Path) -> None:
    try:
        with tracing(bpftrace, probe.path):
            pass
    except RefusedError as refused:
        pytest.skip(f"{probe.name}: {reason_line(str(refused))}")
    one = prepare(probe.script, front=probe.front, interval_ms=100)
    with running(bpftrace, one, tmp_path) as traced:
        wait_for_beats(traced, 2)


def complaints(bpftrace: str, text: str, args: tuple[str, ...]) -> list[str]:
    """What a check without running says; empty when the text compiles."""
    words = [bpftrace, *_check_option(bpftrace), "-e", text, *args]
    environment = {**os.environ, "BPFTRACE_MISSING_PROBES": "warn"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def _check_option(bpftrace: str) -> tuple[str, str]:
    release = release_of(bpftrace)
    if release < (0, 24):
        return "--test", "codegen"
    return ("--test-mode" if release < (0, 25) else "--mode"), "codegen"


@pytest.mark.parametrize("path", TOOLS, ids=lambda path: path.name)
def test_an_edited_tool_compiles_where_the_original_does(bpftrace: str, path: Path) -> None:
    script = read(path.read_bytes())
    one = prepare(script, pin=Pin(pids=(7,)))
    if complaints(bpftrace, one.original, one.args):
        pytest.skip("the tool itself does not compile here")
    undefined = undefined_maps(parse_diagnostics(complaints(bpftrace, one.text, one.args)))
    missing = {one.plan.logical(name) for name in undefined}
    again = prepare(script, pin=Pin(pids=(7,)), leave_out=missing)
    assert complaints(bpftrace, again.text, again.args) == []
