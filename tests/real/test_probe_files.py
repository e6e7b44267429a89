"""The stock probes: what they are made of, and what they count when bpftrace runs them by themselves."""

from __future__ import annotations

import os
import platform
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.real import load, tracing
from tests.real.tracing import PROBES, RefusedError, Rows

ALL = sorted(path.name for path in PROBES.glob("*.bt"))
LADDER = ("syscalls.bt", "retransmits.bt", "sched_switch.bt", "vfs_read.bt", "profile.bt")

_READ, _WRITE = (0, 1) if platform.machine() == "x86_64" else (63, 64)
"""Numbers of the system calls, on x86-64 and on the architectures with the generic table."""

_AGGREGATED = re.compile(r"@(\w+)(?:\[(.*)\])? = (?:count|sum|max|stats|hist)\(")
_SINCE = re.compile(r"@(waiting)\[(.*)\] = \$now;")

# The shell, the dynamic loader and dd itself read a little before dd starts to copy.
_STARTUP_READS = 100


def front_matter(name: str) -> dict[str, Any]:
    text = (PROBES / name).read_text()
    block = text[text.index("// /// bttop\n") : text.index("// ///\n")].splitlines()[1:]
    return tomllib.loads("\n".join(line.removeprefix("// ") for line in block))


def chain(name: str) -> list[str]:
    """The file and its fallbacks, in the order in which they are tried."""
    names = [name]
    while following := front_matter(names[-1]).get("fallback", ""):
        assert following not in names
        names.append(following)
    return names


def code(name: str) -> str:
    lines = (PROBES / name).read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("//"))


def parts_of(key: str | None) -> int:
    """How many top-level parts a key's text has."""
    depth, commas = 0, 0
    for character in key or "":
        depth += (character in "([") - (character in ")]")
        commas += character == "," and depth == 0
    return commas + 1 if key else 0


def first_that_attaches(bpftrace: str, names: list[str]) -> str:
    """The first that bttop would try and that attaches."""
    refusals = {}
    for name in [name for name in names if can_be_tried(bpftrace, name)]:
        refusals[name] = tracing.refusal(bpftrace, PROBES / name, 0)
        if not refusals[name]:
            return name
    return tracing.unable("; ".join(f"{name}: {tracing.reason_line(said)}" for name, said in refusals.items()))


def can_be_tried(bpftrace: str, name: str) -> bool:
    """Whether bttop would try a probe file on this release; where that has no raw tracepoints to rely on, the file must
    name what runs in its place."""
    if "rawtracepoint:" not in code(name) or tracing.has_raw_tracepoints(bpftrace):
        return True
    assert front_matter(name)["fallback"] in ALL
    return False


def totals(rows: Rows) -> int:
    return sum(value for _, value in rows)


def bucket(rows: Rows, low: int) -> int:
    """The count of the histogram bucket that begins at `low`."""
    return sum(entry["count"] for _, entries in rows for entry in entries if entry.get("min") == low)


@pytest.mark.parametrize("name", ALL)
def test_a_stock_probe_keeps_to_what_every_release_runs(name: str) -> None:
    text = code(name)
    assert not re.search(r"\b(BEGIN|END|interval|config|let|print|clear|exit)\b", text)
    assert "args." not in text
    assert "#include" not in text
    assert "$1" in text


@pytest.mark.parametrize("name", ALL)
def test_front_matter_names_every_result_and_each_part_of_its_key(name: str) -> None:
    front = front_matter(name)
    results = [found for one in (_AGGREGATED, _SINCE) for found in one.finditer(code(name))]
    aggregated = {found[1]: parts_of(found[2]) for found in results}
    described = {mapped: len(fields.get("columns", ())) for mapped, fields in front["map"].items()}
    assert described == aggregated
    assert front["title"]
    assert front["help"]
    for fields in front["map"].values():
        columns = fields.get("columns", [])
        assert {fields.get("pid", ""), fields.get("tid", "")} - {""} <= set(columns)
        assert set(fields.get("decoders", {})) <= set(columns)


@pytest.mark.parametrize("name", ALL)
def test_a_fallback_is_a_stock_probe_with_the_same_maps(name: str) -> None:
    for following in chain(name)[1:]:
        assert following in ALL
        assert list(front_matter(following)["map"]) == list(front_matter(name)["map"])


@pytest.mark.real
@pytest.mark.parametrize("name", LADDER)
def test_each_question_has_a_probe_that_attaches_here(bpftrace: str, name: str) -> None:
    assert first_that_attaches(bpftrace, chain(name)) in ALL


@pytest.mark.real
@pytest.mark.parametrize("name", chain("syscalls.bt"))
def test_syscalls_counts_every_call(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    calls = 100_000
    with load.copy(calls, 512) as copy, tracing.tracing(bpftrace, PROBES / name, 0) as traced:
        copy.run()
        rows = traced.stop()["@calls"]
    assert totals(tracing.key_is(rows, copy.pid, "dd", _WRITE)) == calls
    assert calls <= totals(tracing.key_is(rows, copy.pid, "dd", _READ)) <= calls + _STARTUP_READS


@pytest.mark.real
@pytest.mark.parametrize("name", chain("syscalls.bt"))
def test_syscalls_with_a_pid_shows_no_other_process(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    calls = 1_000
    with (
        load.copy(calls, 512) as copy,
        load.copy(calls, 512) as other,
        tracing.tracing(bpftrace, PROBES / name, copy.pid) as traced,
    ):
        other.run()
        copy.run()
        rows = traced.stop()["@calls"]
    assert totals(tracing.key_is(rows, copy.pid, "dd", _WRITE)) == calls
    assert tracing.key_starts(rows, copy.pid) == rows


def maps_after(bpftrace: str, name: str, pid: int, work: Callable[[], object]) -> dict[str, Rows] | None:
    """What a probe file that is pinned to a process shows of some work; None where it is refused here, and names what
    runs in its place."""
    try:
        with tracing.tracing(bpftrace, PROBES / name, pid) as traced:
            work()
            return traced.stop()
    except RefusedError:
        assert front_matter(name)["fallback"] in ALL
        return None


@pytest.mark.real
@pytest.mark.parametrize("name", chain("vfs_read.bt"))
def test_vfs_read_counts_every_read_or_leaves_it_to_its_fallback(bpftrace: str, name: str) -> None:
    count, size = 20_000, 65_536
    with load.copy(count, size) as copy:
        maps = maps_after(bpftrace, name, copy.pid, copy.run)
    if maps is None:
        return
    assert bucket(maps["@bytes"], size) == count
    ((_, reads),) = tracing.key_is(maps["@reads"], copy.pid, "dd")
    assert count <= reads["count"] <= count + _STARTUP_READS
    assert count * size <= reads["total"] <= (count + _STARTUP_READS) * size


@pytest.fixture
def owner_probe(bpftrace: str) -> Path:
    """The retransmit probe of this host that knows the owner of a socket."""
    if missing := load.lossy_network_missing():
        tracing.unable(missing)
    return PROBES / first_that_attaches(bpftrace, chain("retransmits.bt")[:-1])


@pytest.mark.real
@pytest.mark.parametrize(("family", "address"), [("ipv4", "127.0.0.1"), ("ipv6", "::1")])
def test_every_retransmit_belongs_to_the_sender(
    bpftrace: str, owner_probe: Path, family: Literal["ipv4", "ipv6"], address: str
) -> None:
    with (
        load.lossy_network() as network,
        network.transfer(1_500_000, family) as transfer,
        tracing.tracing(bpftrace, owner_probe, 0) as traced,
    ):
        retransmits = transfer.run()
        rows = traced.stop()["@retrans"]
    events = totals(tracing.key_is(rows, transfer.sender, "bttop-sender", address))
    assert load.are_the_retransmits(events, retransmits)


@pytest.mark.real
def test_retransmits_with_a_pid_shows_that_owner_only(bpftrace: str, owner_probe: Path) -> None:
    with (
        load.lossy_network() as network,
        network.transfer(1_000_000) as other,
        tracing.tracing(bpftrace, owner_probe, other.sender) as traced,
    ):
        retransmits = other.run()
        with network.transfer(1_000_000) as unseen:
            assert unseen.run() > 0
        rows = traced.stop()["@retrans"]
    ((key, events),) = rows
    assert key == f"{other.sender},bttop-sender,127.0.0.1"
    assert isinstance(events, int)
    assert load.are_the_retransmits(events, retransmits)


@pytest.mark.real
def test_a_caller_owns_its_unanswered_and_its_refused_calls(bpftrace: str, owner_probe: Path) -> None:
    with load.lossy_network() as network, tracing.tracing(bpftrace, owner_probe, 0) as traced:
        waiting = network.call(network.DEAD_PORT, until=lambda: network.retransmits() > 0)
        retransmits = network.retransmits()
        refused = network.call(network.CLOSED_PORT)
        maps = traced.stop()
    assert totals(tracing.key_is(maps["@retrans"], waiting, "bttop-caller", "127.0.0.1")) == retransmits
    assert totals(tracing.key_is(maps["@resets"], refused, "bttop-caller", "recv")) == 1


@pytest.mark.real
def test_owners_of_closed_sockets_are_forgotten(bpftrace: str, owner_probe: Path) -> None:
    with load.lossy_network() as network, tracing.tracing(bpftrace, owner_probe, 0) as traced:
        with network.transfer(100_000) as transfer:
            transfer.run()
        network.call(network.CLOSED_PORT)
        owners = traced.stop().get("@owner", [])
    assert transfer.sender not in [pid for _, pid in owners]


@pytest.mark.real
@pytest.mark.parametrize("name", chain("sched_switch.bt"))
def test_sched_switch_sees_both_sides_of_a_ping_pong(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    rounds = 5_000
    cpu = min(os.sched_getaffinity(0))
    with (
        load.ping_pong(rounds, cpu) as pair,
        tracing.tracing(bpftrace, PROBES / name, 0) as traced,
    ):
        pair.run()
        maps = traced.stop()
    for pid, comm in ((pair.ping, "bttop-ping"), (pair.pong, "bttop-pong")):
        assert totals(tracing.key_is(maps["@in"], pid, comm)) >= rounds
        assert totals(tracing.key_is(maps["@out"], pid, pid, comm)) >= rounds
    runs = sum(entry["count"] for _, entries in maps["@run"] for entry in entries)
    assert runs >= 2 * rounds
    assert not tracing.key_starts(maps["@in"], 0)


@pytest.mark.real
@pytest.mark.parametrize("name", chain("sched_switch.bt"))
def test_sched_switch_with_a_pid_shows_its_runs_and_who_came_after(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    rounds = 5_000
    cpu = min(os.sched_getaffinity(0))
    with (
        load.ping_pong(rounds, cpu) as pair,
        tracing.tracing(bpftrace, PROBES / name, pair.ping) as traced,
    ):
        pair.run()
        maps = traced.stop()
    leaving = totals(maps["@out"])
    runs = sum(entry["count"] for _, entries in maps["@run"] for entry in entries)
    assert tracing.key_starts(maps["@out"], pair.ping) == maps["@out"]
    assert totals(maps["@in"]) == leaving >= rounds
    # The first switch on a CPU has no start to measure from.
    assert leaving - len(os.sched_getaffinity(0)) <= runs <= leaving
    assert totals(tracing.key_starts(maps["@in"], pair.pong)) > rounds // 2


@pytest.mark.real
def test_profile_finds_the_busy_process(bpftrace: str) -> None:
    wanted_seconds = 1.0
    with load.busy_loop() as pid, tracing.tracing(bpftrace, PROBES / "profile.bt", 0) as traced:
        start = load.cpu_seconds(pid)
        tracing.wait_until(lambda: load.cpu_seconds(pid) - start >= wanted_seconds, load.LIMIT_SECONDS, "a busy second")
        maps = traced.stop()
        used = load.cpu_seconds(pid) - start
    samples = totals(tracing.key_starts(maps["@stacks"], pid, "bttop-busy"))
    # A tick that meets another BPF program on its CPU is lost; the samples before `start` come on top.
    assert 99 * wanted_seconds / 2 <= samples <= 99 * (used + 1)
    assert not tracing.key_starts(maps["@stacks"], 0)


@pytest.mark.real
def test_profile_with_a_pid_shows_no_other_process_and_no_idle_cpu(bpftrace: str) -> None:
    with load.busy_loop() as pid, tracing.tracing(bpftrace, PROBES / "profile.bt", pid) as traced:
        start = load.cpu_seconds(pid)
        tracing.wait_until(lambda: load.cpu_seconds(pid) - start >= 0.5, load.LIMIT_SECONDS, "half a busy second")
        maps = traced.stop()
    assert set(maps) == {"@stacks"}
    assert tracing.key_starts(maps["@stacks"], pid, "bttop-busy") == maps["@stacks"] != []
