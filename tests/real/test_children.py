"""Children of a pinned process, and several processes, on the real bpftrace: all of their events count, no others."""

from __future__ import annotations

import contextlib
import os
import platform
from collections import Counter
from pathlib import Path

import pytest

from bttop.script.language.reader import read
from bttop.script.library.probe_files import Library, ProbeFile
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import Prepared, prepare
from tests.real import load, tracing
from tests.real.test_prepared_scripts import STOCK, flushed, running, total, wait_for_beats
from tests.real.test_probe_files import chain, first_that_attaches

pytestmark = pytest.mark.real

_GETPPID = {"x86_64": 110}.get(platform.machine(), 173)

# Prints the calls that it and its descendants make, thread, fork, grandchild and exec included.
_FAMILY = """
import os, sys, threading
def calls(number):
    for _ in range(number):
        os.getppid()
def wait_for(child):
    assert os.waitpid(child, 0)[1] == 0
def child():
    calls(200)
    thread = threading.Thread(target=calls, args=(50,))
    thread.start()
    thread.join()
    grandchild = os.fork()
    if grandchild == 0:
        calls(30)
        os._exit(0)
    wait_for(grandchild)
    again = "import os\\nfor _ in range(20): os.getppid()"
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", again])
calls(1000)
for _ in range(10):
    forked = os.fork()
    if forked == 0:
        child()
    wait_for(forked)
print(1000 + 10 * (200 + 50 + 30 + 20))
"""

# Prints its own pid and the voluntary switches of each of its children.
_SLEEPERS = """
import os, sys, time
sys.stdout.flush()
for _ in range(3):
    forked = os.fork()
    if forked == 0:
        for _ in range(20):
            time.sleep(0.001)
        status = open("/proc/self/status").read()
        print(os.getpid(), status.partition("\\nvoluntary_ctxt_switches:")[2].split()[0], flush=True)
        os._exit(0)
    os.waitpid(forked, 0)
"""


def stock(name: str) -> ProbeFile:
    return next(probe for probe in Library.load([STOCK]).probes if probe.name == name)


def count_calls(bpftrace: str, one: Prepared, name: str, folder: Path, family: load.Deed) -> tuple[Counter[str], int]:
    """What a prepared script saw, and the number of calls that the family says it made."""
    strange = "import os\nfor _ in range(500): os.getppid()"
    with load.deed(strange) as stranger, running(bpftrace, one, folder) as traced:
        wait_for_beats(traced, 1)
        stranger.run()
        (expected,) = family.run()
        wait_for_beats(traced, 3)
        output = traced.output()
    return total(flushed(output, one.plan)[name], one.plan.maps[name].scheme), expected


@pytest.mark.parametrize(
    "text",
    [
        "tracepoint:syscalls:sys_enter_getppid { @[pid] = count(); }",
        f"tracepoint:raw_syscalls:sys_enter /args->id == {_GETPPID}/ {{ @[pid, tid] = count(); }}",
        "t:syscalls:sys_enter_getppid /$1 == 0 || pid == $1/ { @[pid] = count(); }",
    ],
)
def test_every_call_of_children_counts_and_nobody_elses(bpftrace: str, text: str, tmp_path: Path) -> None:
    with load.deed(_FAMILY) as family:
        one = prepare(read(text), interval_ms=200, pin=Pin((family.pid,), children=True))
        seen, expected = count_calls(bpftrace, one, "@", tmp_path, family)
    assert sum(seen.values()) == expected


def test_without_children_only_the_process_itself_counts(bpftrace: str, tmp_path: Path) -> None:
    text = "tracepoint:syscalls:sys_enter_getppid { @[pid] = count(); }"
    with load.deed(_FAMILY) as family:
        one = prepare(read(text), interval_ms=200, pin=Pin((family.pid,)))
        seen, _ = count_calls(bpftrace, one, "@", tmp_path, family)
    assert seen == {str(family.pid): 1000}


def test_the_stock_probe_of_system_calls_follows_children(bpftrace: str, tmp_path: Path) -> None:
    probe = stock(first_that_attaches(bpftrace, chain("syscalls.bt")))
    with load.deed(_FAMILY) as family:
        pin = Pin((family.pid,), children=True)
        one = prepare(probe.script, front=probe.front, interval_ms=200, pin=pin)
        seen, expected = count_calls(bpftrace, one, "@calls", tmp_path, family)
    assert sum(count for key, count in seen.items() if key.endswith(f",{_GETPPID}")) == expected


def test_the_stock_probe_of_switches_follows_children(bpftrace: str, tmp_path: Path) -> None:
    probe = stock(first_that_attaches(bpftrace, chain("sched_switch.bt")))
    with load.deed(_SLEEPERS) as parent:
        pin = Pin((parent.pid,), children=True)
        one = prepare(probe.script, front=probe.front, interval_ms=200, pin=pin)
        with running(bpftrace, one, tmp_path) as traced:
            wait_for_beats(traced, 1)
            said = parent.run()
            wait_for_beats(traced, 3)
            output = traced.output()
    out: Counter[int] = Counter()
    for key, count in total(flushed(output, one.plan)["@out"], "bank").items():
        out[int(key.partition(",")[0])] += count
    children = dict(zip(said[::2], said[1::2], strict=True))
    assert out.keys() == {parent.pid, *children}
    # It prints its number before its last switches; besides these, the kernel takes CPUs away.
    assert all(out[pid] >= voluntary >= 20 for pid, voluntary in children.items())


@pytest.mark.parametrize("children", [True, False])
def test_the_stock_probe_of_retransmits_sees_a_childs_socket(bpftrace: str, children: bool, tmp_path: Path) -> None:
    """The sender is a child of this very process; without `children` it is named beside it."""
    if missing := load.lossy_network_missing():
        tracing.unable(missing)
    probe = stock("retransmits.bt" if tracing.has_raw_tracepoints(bpftrace) else "retransmits_tracepoint.bt")
    if refusal := tracing.refusal(bpftrace, probe.path, 0):
        tracing.unable(tracing.reason_line(refusal))
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(load.lossy_network())
        earlier = None if children else stack.enter_context(network.transfer(1_500_000))
        pin = Pin((os.getpid(), earlier.sender)) if earlier else Pin((os.getpid(),), children=True)
        one = prepare(probe.script, front=probe.front, pin=pin)
        traced = stack.enter_context(running(bpftrace, one, tmp_path))
        every = prepare(read("tracepoint:tcp:tcp_retransmit_skb { @[args->sport] = count(); }"))
        beside = stack.enter_context(running(bpftrace, every, new_folder(tmp_path)))
        for each in (traced, beside):
            wait_for_beats(each, 1)
        transfer = earlier or stack.enter_context(network.transfer(1_500_000))
        transfer.run()
        for each in (traced, beside):
            wait_for_beats(each, 2)
        output, by_port = traced.output(), total(flushed(beside.output(), every.plan)["@"], "bank")
    ((key, seen),) = total(flushed(output, one.plan)["@retrans"], "bank").items()
    assert key == f"{transfer.sender},bttop-sender,127.0.0.1"
    # All events of one port, which is the sender's; other transfers of the host have theirs.
    assert seen in by_port.values()


def new_folder(parent: Path) -> Path:
    folder = parent / "beside"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("probe", Library.load([STOCK]).probes, ids=lambda probe: probe.name)
def test_a_stock_probe_that_attaches_also_does_so_for_children(bpftrace: str, probe: ProbeFile, tmp_path: Path) -> None:
    if refusal := tracing.refusal(bpftrace, probe.path, 0):
        pytest.skip(f"{probe.name}: {tracing.reason_line(refusal)}")
    one = prepare(probe.script, front=probe.front, interval_ms=100, pin=Pin((1, os.getpid()), children=True))
    with running(bpftrace, one, tmp_path) as traced:
        wait_for_beats(traced, 1)
