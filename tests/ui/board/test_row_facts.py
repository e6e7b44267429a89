"""What a row is about, and which process it stands for."""

from __future__ import annotations

import os
import subprocess
import threading
from typing import Any

import pytest
from msgspec.structs import replace

from bttop.engine.host.process.process_lookup import ProcessLookup
from bttop.model.format.names import syscall_name
from bttop.script.library.follow_ups import RowFacts
from bttop.script.process.pin import Pin
from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_frame import FrameState
from bttop.ui.board.row_facts import facts_of, row_pid
from bttop.ui.render.spans import UNICODE
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine, printed_name

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]
SYSCALLS = """// /// bttop
// [map.calls]
// columns = ["pid", "comm", "syscall"]
// decoders = { syscall = "syscall" }
// ///
tracepoint:raw_syscalls:sys_enter { @calls[pid, comm, args->id] = count(); }
"""
PORTS = """// /// bttop
// [map.retrans]
// columns = ["address", "port"]
// kinds = ["text", "int"]
// ///
kprobe:tcp_retransmit_skb { @retrans[ntop(1), arg0] = count(); }
"""
STACKS = "profile:hz:99 { @stacks[comm, kstack] = count(); }"
STACK = "java,\n\t0xffffffff81000000\n\tcopy_page+16\n\tdo_fault+3\n"
BY_THREAD = "profile:hz:99 { @runs[tid, comm] = count(); }"


def pane_of(text: str, name: str, *flushes: dict[str, Any]) -> Pane:
    """A pane that has drawn these flushes of one map."""
    fake = FakeEngine()
    program = fake.add("asked", text)
    fake.attach(program)
    for rows in flushes:
        fake.flush(program, {"type": "map", "data": {printed_name(program, name): rows}})
    pane = Pane(program, FrameState(1, 80, 12, focused=True, divided=False, below=False, glyphs=UNICODE), NIGHT)
    pane.advance()
    pane.repaint()
    return pane


def facts(pane: Pane) -> RowFacts | None:
    """The facts of the row under the cursor; None without one."""
    if pane.cursor is None:
        return None
    return facts_of(pane, pane.cursor, ProcessLookup(), lambda number: syscall_name(int(number), "x86_64"))


def pid_of(pane: Pane) -> int | None:
    """The process of the row under the cursor."""
    return row_pid(pane, pane.cursor, ProcessLookup())


def test_a_row_of_a_process_and_a_system_call() -> None:
    found = facts(pane_of(SYSCALLS, "@calls", {"4711,curl,0": 5, "842,dd,1": 3}))
    assert found == RowFacts(
        pid=4711, comm="curl", syscall="read", syscall_number=0, program="asked"
    )  # fmt: skip


def test_the_row_under_the_cursor_counts() -> None:
    pane = pane_of(SYSCALLS, "@calls", {"4711,curl,0": 5, "842,dd,1": 3})
    assert pane.cursor == "4711,curl,0"
    pane.move(1)
    assert pane.cursor == "842,dd,1"
    found = facts(pane)
    assert found is not None
    assert (found.pid, found.comm, found.syscall) == (842, "dd", "write")


@pytest.mark.parametrize("address", ["10.0.0.7", "2001:db8::7"])
def test_a_row_of_an_address(address: str) -> None:
    found = facts(pane_of(PORTS, "@retrans", {f"{address},443": 5}))
    assert found is not None
    assert (found.address, found.pid, found.syscall) == (address, None, "")


@pytest.mark.parametrize("text", ["1.5", "kworker/0:1", "a.out", "::x", ""])
def test_what_only_looks_like_an_address_is_none(text: str) -> None:
    found = facts(pane_of(PORTS, "@retrans", {f"{text},443": 5}))
    assert found is not None
    assert found.address == ""


def test_a_stack_stands_for_its_innermost_frame_that_has_a_name() -> None:
    found = facts(pane_of(STACKS, "@stacks", {STACK: 5}))
    assert found is not None
    assert (found.comm, found.function) == ("java", "copy_page")


@pytest.mark.parametrize("column", ["func", "probe"])
def test_a_column_may_name_the_function(column: str) -> None:
    front = f'// /// bttop\n// [map.hits]\n// columns = ["{column}"]\n// ///\n'
    text = f"{front}kprobe:vfs_read, kprobe:vfs_write {{ @hits[{column}] = count(); }}"
    found = facts(pane_of(text, "@hits", {"kprobe:vfs_read": 5}))
    assert found is not None
    assert found.function == "vfs_read"


def test_a_column_may_name_the_file() -> None:
    text = "tracepoint:syscalls:sys_enter_openat { @opens[str(args->filename)] = count(); }"
    front = '// /// bttop\n// [map.opens]\n// columns = ["path"]\n// ///\n'
    found = facts(pane_of(front + text, "@opens", {"/etc/passwd": 5}))
    assert found is not None
    assert found.file == "/etc/passwd"


def test_without_rows_there_are_no_facts() -> None:
    pane = pane_of(SYSCALLS, "@calls", {})
    assert (pane.cursor, pid_of(pane), facts(pane)) == (None, None, None)


def test_before_the_first_flush_there_are_no_facts() -> None:
    pane = pane_of(SYSCALLS, "@calls")
    assert (pane.cursor, pid_of(pane), facts(pane)) == (None, None, None)


def test_a_row_of_a_thread_stands_for_the_process_of_that_thread() -> None:
    started, leave = threading.Event(), threading.Event()

    def live() -> None:
        started.set()
        leave.wait()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        started.wait()
        pane = pane_of(BY_THREAD, "@runs", {f"{thread.native_id},python": 5})
        assert pid_of(pane) == os.getpid()
        found = facts(pane)
        assert found is not None
        assert (found.tid, found.pid) == (thread.native_id, os.getpid())
    finally:
        leave.set()
        thread.join()


def test_a_thread_that_is_gone_stands_for_no_process() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert pid_of(pane_of(BY_THREAD, "@runs", {f"{gone.pid},true": 5})) is None


@pytest.mark.parametrize("key", ["0,swapper/0", "-1,x", "x,y"])
def test_the_idle_task_is_no_process(key: str) -> None:
    text = "profile:hz:99 { @runs[pid, comm] = count(); }"
    assert pid_of(pane_of(text, "@runs", {key: 5})) is None


def test_a_row_without_a_process_is_not_one() -> None:
    assert pid_of(pane_of(PORTS, "@retrans", {"10.0.0.7,443": 5})) is None


def test_a_row_without_a_process_is_of_the_only_one_that_the_pane_is_pinned_to() -> None:
    pane = pane_of(PORTS, "@retrans", {"10.0.0.7,443": 5})
    for pin, pid in ((Pin(pids=(7,)), 7), (Pin(pids=(7, 8)), None), (Pin(comm="java"), None)):
        pane.model.page = replace(pane.model.page, pin=pin)
        assert pid_of(pane) == pid
    threads = pane_of(BY_THREAD, "@runs", {"0,swapper/0": 5})
    threads.model.page = replace(threads.model.page, pin=Pin(pids=(7,)))
    assert pid_of(threads) is None
