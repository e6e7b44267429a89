"""`bttop probes SEARCH` with the real bpftrace: what it lists is what the kernel has, on every release."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bttop.engine.host.host import Host
from bttop.script.library.tracepoint_hints import stable_hints
from tests.real.slowed import usdt_library
from tests.real.tracing import has_raw_tracepoints

pytestmark = pytest.mark.real

EVENTS = next(
    (path for path in (Path("/sys/kernel/tracing/events"), Path("/sys/kernel/debug/tracing/events")) if path.is_dir()),
    Path("/sys/kernel/tracing/events"),
)
SECONDS = 120.0


def searched(bpftrace: str, search: str, code: int = 0) -> list[str]:
    """The lines that the search prints; of an error, those of stderr."""
    command = [sys.executable, "-m", "bttop", "probes", "--bpftrace", bpftrace, search]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == code, ended.stderr
    return (ended.stderr if code else ended.stdout).splitlines()


def names(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith(" ")]


def fields(group: str, event: str) -> list[str]:
    """The fields of a tracepoint without the common ones, by its format file."""
    text = (EVENTS / group / event / "format").read_text()
    found = [line.split(";")[0].split(":", 1)[1] for line in text.splitlines() if "\tfield:" in line]
    return [one.split()[-1].partition("[")[0] for one in found if "common_" not in one]


@pytest.mark.parametrize("search", ["tracepoint:tcp:*", "t:tcp:*", "t:tcp"])
def test_a_group_of_tracepoints_is_listed_with_every_field(bpftrace: str, search: str) -> None:
    lines = searched(bpftrace, search)
    events = sorted(path.parent.name for path in EVENTS.glob("tcp/*/format"))
    assert names(lines) == [f"tracepoint:tcp:{event}" for event in events]
    listed = [line.split()[-1].partition("[")[0] for line in lines if line.startswith(" ")]
    assert listed == [name for event in events for name in fields("tcp", event)]


def test_every_tracepoint_of_the_kernel_is_listed(bpftrace: str) -> None:
    found = set(names(searched(bpftrace, "tracepoint:*")))
    # ftrace's own events cannot be attached to.
    groups = [path for path in EVENTS.glob("*/*/format") if path.parts[-3] != "ftrace"]
    assert found == {f"tracepoint:{path.parts[-3]}:{path.parts[-2]}" for path in groups}


def test_a_search_without_a_provider_finds_the_event_under_each(bpftrace: str) -> None:
    found = names(searched(bpftrace, "*sched_switch"))
    assert "tracepoint:sched:sched_switch" in found
    assert ("rawtracepoint:sched_switch" in found) == has_raw_tracepoints(bpftrace)


@pytest.mark.parametrize(
    ("search", "name"),
    [("hardware:cache-*", "hardware:cache-misses"), ("h:*", "hardware:cycles"), ("software:cpu", "software:cpu")],
)
def test_events_of_perf_are_listed_by_name(bpftrace: str, search: str, name: str) -> None:
    found = names(searched(bpftrace, search))
    assert name in found
    assert not any("*" in one for one in found)


def test_functions_of_a_program_are_listed_also_by_the_name_of_a_library(bpftrace: str) -> None:
    (found,) = names(searched(bpftrace, "uprobe:libc:malloc_inf?"))
    assert found.startswith("uprobe:/")
    assert found.endswith(":malloc_info")
    assert names(searched(bpftrace, "uretprobe:libc:malloc_info")) == [f"uretprobe{found.removeprefix('uprobe')}"]


@pytest.mark.parametrize("probes", ["*", "bttop:*", "bttop:hi?", "hit"])
def test_usdt_probes_are_listed(bpftrace: str, probes: str, tmp_path: Path) -> None:
    library = usdt_library(tmp_path)
    if not library:
        pytest.skip("there is no C compiler")
    assert names(searched(bpftrace, f"usdt:{library}:{probes}")) == [f"usdt:{library}:bttop:hit"]


def test_functions_of_the_kernel_are_listed_with_arguments_or_the_reason_is_told(bpftrace: str) -> None:
    if Host.read().why_not("kprobe", "vfs_read"):
        lines = searched(bpftrace, "kprobe:vfs_read", code=1)
        assert "this kernel has no kprobes" in lines[0]
        assert lines[1].endswith(" -m bttop probes tracepoint:syscalls:sys_enter_read")
    else:
        assert names(searched(bpftrace, "kprobe:vfs_rea?")) == ["kprobe:vfs_read"]


def test_no_match_names_the_next_best_search(bpftrace: str) -> None:
    lines = searched(bpftrace, "tracepoint:sched:sched_swich", code=1)
    assert lines[1].endswith(" -m bttop probes tracepoint:sched:sched_switch")


def test_every_tracepoint_that_is_offered_in_place_of_a_function_exists_in_this_kernel() -> None:
    host = Host.read()
    if host.tracefs is None:
        pytest.skip("tracefs is not mounted")
    known = [one for one in stable_hints("kprobe:*_*") if one.is_expected(host.version, host.machine)]
    modules = {"ext4", "jbd2"}
    missing = [one.name for one in known if host.why_not("tracepoint", one.name)]
    assert {one for one in missing if one.partition(":")[0] not in modules} == set()
