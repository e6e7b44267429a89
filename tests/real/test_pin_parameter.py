"""A script that takes a process id as its parameter, on the real bpftrace: with the pin it counts what it counts
alone with that id, and nothing of other processes."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from bttop.script.language.reader import read
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import Prepared, prepare
from tests.real import load, tracing
from tests.real.test_prepared_scripts import flushed, running, total, wait_for_beats

pytestmark = pytest.mark.real

CALLS = 300
_CALL = f"import os\nfor _ in range({CALLS}): os.getppid()"
_POINT = "tracepoint:syscalls:sys_enter_getppid"
_COUNT = "@[pid] = count();"
_TASK = "(struct task_struct *)curtask"

# Each counts the calls of the process that is its parameter.
OF_THE_PROCESS = {
    "predicate": f"{_POINT} /$1 == 0 || pid == $1/ {{ {_COUNT} }}",
    "zero behind": f"{_POINT} /pid == $1 || $1 == 0/ {{ {_COUNT} }}",
    "reversed": f"{_POINT} /(uint64)$1 == (uint64)pid/ {{ {_COUNT} }}",
    "return": f"{_POINT} {{ if (pid != $1) {{ return; }} {_COUNT} }}",
    "choice": f"{_POINT} {{ if ($1 ? pid == $1 : pid == pid) {{ {_COUNT} }} }}",
    "thread": f"{_POINT} /tid == $1/ {{ {_COUNT} }}",
    "task": f"{_POINT} {{ $me = {_TASK}; if ($me->tgid == $1) {{ {_COUNT} }} }}",
    "usage": f"BEGIN {{ if ($1 == 0) {{ exit(); }} }} {_POINT} /pid == $1/ {{ {_COUNT} }}",
    "variable": f"{_POINT} {{ $who = (uint64)pid; if ($who == $1) {{ {_COUNT} }} }}",
    "target": f"BEGIN {{ @target = (uint64)$1; }} {_POINT} /(uint64)pid == @target/ {{ {_COUNT} }}",
    "set": f"BEGIN {{ @ours[(uint64)$1] = 1; }} {_POINT} /@ours[(uint64)pid]/ {{ {_COUNT} }}",
    "owner": f"{_POINT} {{ @owner[tid] = pid; }} "
    f"tracepoint:syscalls:sys_exit_getppid /@owner[tid] == $1/ {{ {_COUNT} }}",
    "constant": f"#define WANTED $1\n{_POINT} /pid == WANTED/ {{ {_COUNT} }}",
    "comparison": f"#define MINE (pid == $1)\n{_POINT} /MINE/ {{ {_COUNT} }}",
    "second": f"{_POINT} /nsecs >= $1 && ($2 == 0 || pid == $2)/ {{ {_COUNT} }}",
}
# Newer releases alone accept these.
_NEW = {
    "macro": f"macro is_mine(p) {{ p == $1 }}\n{_POINT} /is_mine(pid)/ {{ {_COUNT} }}",
    "value of a macro": f"macro wanted() {{ $1 }}\n{_POINT} /pid == wanted()/ {{ {_COUNT} }}",
}

# `$1` has another role: the pin is a predicate, and `$1` is 0.
OF_ANOTHER_ROLE = {
    "threshold": f"{_POINT} /nsecs > $1/ {{ {_COUNT} }}",
    "a name with tid": f"{_POINT} {{ $tidy = args->__syscall_nr; if ($tidy != $1) {{ {_COUNT} }} }}",
    "a namespace": f"{_POINT} {{ $me = {_TASK}; "
    f"if ($me->nsproxy->pid_ns_for_children->ns.inum != $1) {{ {_COUNT} }} }}",
}


def counted(bpftrace: str, one: Prepared, folder: Path, process: load.Deed) -> Counter[str]:
    """The calls by process that a prepared script saw, while the process and another one made theirs."""
    with load.deed(_CALL) as stranger, running(bpftrace, one, folder) as traced:
        wait_for_beats(traced, 1)
        stranger.run()
        process.run()
        wait_for_beats(traced, 3)
        return total(flushed(traced.output(), one.plan)["@"], one.plan.maps["@"].scheme)


def can_run(bpftrace: str, text: str, folder: Path) -> bool:
    path = folder / "plain.bt"
    path.write_text(text)
    return not tracing.refusal(bpftrace, path, 1)


@pytest.mark.parametrize("name", [*OF_THE_PROCESS, *_NEW, *OF_ANOTHER_ROLE])
def test_the_calls_of_the_pinned_process_count_and_no_others(bpftrace: str, name: str, tmp_path: Path) -> None:
    if name in _NEW and not can_run(bpftrace, _NEW[name], tmp_path):
        pytest.skip("this release has no macros")
    text = (OF_THE_PROCESS | _NEW | OF_ANOTHER_ROLE)[name]
    with load.deed(_CALL) as process:
        one = prepare(read(text), interval_ms=200, pin=Pin((process.pid,)))
        seen = counted(bpftrace, one, tmp_path, process)
    assert (str(process.pid) in one.args) == (name not in OF_ANOTHER_ROLE)
    assert seen == {str(process.pid): CALLS}


@pytest.mark.parametrize("name", ["predicate", "return", "usage", "task", "constant", "comparison", "second"])
def test_a_pin_by_name_restricts_a_script_that_takes_a_process(bpftrace: str, name: str, tmp_path: Path) -> None:
    comm = f"pinned-{os.getpid()}"  # tests that run at the same time have processes too
    named = f"open('/proc/self/comm', 'w').write({comm!r})\n{_CALL}"
    with load.deed(named) as process:
        one = prepare(read(OF_THE_PROCESS[name]), interval_ms=200, pin=Pin(comm=comm))
        seen = counted(bpftrace, one, tmp_path, process)
    assert seen == {str(process.pid): CALLS}


@pytest.mark.parametrize("name", ["constant", "comparison", "return"])
def test_two_processes_count_where_a_script_takes_one(bpftrace: str, name: str, tmp_path: Path) -> None:
    with load.deed(_CALL) as first, load.deed(_CALL) as second:
        one = prepare(read(OF_THE_PROCESS[name]), interval_ms=200, pin=Pin((first.pid, second.pid)))
        with load.deed(_CALL) as stranger, running(bpftrace, one, tmp_path) as traced:
            wait_for_beats(traced, 1)
            for process in (stranger, first, second):
                process.run()
            wait_for_beats(traced, 3)
            seen = total(flushed(traced.output(), one.plan)["@"], one.plan.maps["@"].scheme)
    assert seen == {str(first.pid): CALLS, str(second.pid): CALLS}


_NAPS = """
import time
open('/proc/self/comm', 'w').write('bttop-naps')
for _ in range(50): time.sleep(0.002)
"""


@pytest.mark.parametrize(
    ("text", "is_raw"),
    [
        ("tracepoint:sched:sched_switch /args->next_pid == $1/ { @[args->next_comm] = count(); }", False),
        ("tracepoint:sched:sched_wakeup { if ($1 == 0 || args->pid == $1) { @[args->comm] = count(); } }", False),
        (
            "rawtracepoint:sched_switch { $to = (struct task_struct *)arg2; "
            "if ($1 == 0 || $to->tgid == $1) { @[$to->comm] = count(); } }",
            True,
        ),
    ],
)
def test_events_of_the_scheduler_are_those_of_the_process_itself(
    bpftrace: str, text: str, is_raw: bool, tmp_path: Path
) -> None:
    if is_raw and not tracing.has_raw_tracepoints(bpftrace):
        pytest.skip("this release does not attach reliably to raw tracepoints")
    with load.deed(_NAPS) as process:
        one = prepare(read(text), interval_ms=200, pin=Pin((process.pid,)))
        with running(bpftrace, one, tmp_path) as traced:
            wait_for_beats(traced, 1)
            process.run()
            wait_for_beats(traced, 3)
            seen = total(flushed(traced.output(), one.plan)["@"], one.plan.maps["@"].scheme)
    assert set(seen) <= {"bttop-naps", "bttop-deed", "python3"}
    # A plain tracepoint in an interrupt is skipped while another BPF program runs there: not each of the 50 is seen.
    assert seen["bttop-naps"] > 0
