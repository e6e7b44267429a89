"""Pins as people write them, and the children of a pinned process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bttop.engine.request.pinning import children_of, left_out_by_name, pin_of, with_children
from bttop.script.process.pin import Pin
from tests.engine.proctree import add_process

# Forks a child and the child another; each says who it is, and all of them end with the pipe.
_FAMILY = """
import os, sys
print(os.getpid(), flush=True)
for _ in range(2):
    if os.fork() == 0:
        print(os.getpid(), flush=True)
    else:
        break
sys.stdin.read()
"""


def gone_pid() -> int:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize("text", ["{}", " {} ", "{},1", "1 , {}"])
def test_numbers_are_processes(text: str) -> None:
    pin = pin_of(text.format(os.getpid()))
    assert isinstance(pin, Pin)
    assert set(pin.pids) <= {1, os.getpid()}
    assert os.getpid() in pin.pids
    assert (pin.comm, pin.cgroups, pin.children) == ("", (), False)


def test_a_process_that_is_gone_is_said() -> None:
    gone = gone_pid()
    assert pin_of(str(gone)) == f"there is no process {gone}"
    assert pin_of(f"{os.getpid()},{gone}") == f"there is no process {gone}"


@pytest.mark.parametrize("text", ["java", "kworker/0:1", "42nd", "1;2", "-5", "a,1"])
def test_other_words_are_names(text: str) -> None:
    assert pin_of(f" {text} ") == Pin(comm=text)


@pytest.mark.parametrize("text", ["/no/such", "no-such.service", "0123456789ab"])
def test_a_path_a_unit_and_a_container_are_looked_for_among_the_cgroups(text: str) -> None:
    assert re.fullmatch("there is no cgroup .* below .*|cgroup v2 is not mounted .*", str(pin_of(text)))


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_nothing_is_no_pin(text: str) -> None:
    assert pin_of(text) == "nothing to pin to"


@pytest.mark.parametrize("text", [",", "1,", "²", "٣", "9" * 30, "\x00", "/\x00"])
def test_odd_text_gives_a_sentence_or_a_pin_and_never_fails(text: str) -> None:
    assert isinstance(pin_of(text), Pin | str)


def test_the_children_of_all_threads_count(tmp_path: Path) -> None:
    add_process(tmp_path, 100, threads=(101,))
    (tmp_path / "100/task/100/children").write_text("200 201 ")
    (tmp_path / "100/task/101/children").write_text("202 ")
    assert sorted(children_of(100, tmp_path)) == [200, 201, 202]


def test_a_thread_that_ends_meanwhile_has_no_children(tmp_path: Path) -> None:
    add_process(tmp_path, 100, threads=(101,))
    (tmp_path / "100/task/100/children").write_text("200 ")
    assert children_of(100, tmp_path) == [200]


def test_a_process_that_is_gone_has_no_children(tmp_path: Path) -> None:
    assert children_of(100, tmp_path) == []


def test_the_whole_family_is_pinned() -> None:
    with subprocess.Popen([sys.executable, "-c", _FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as family:
        assert family.stdout is not None
        pids = [int(family.stdout.readline()) for _ in range(3)]
        try:
            pin = with_children(Pin(pids=(pids[0],)))
        finally:
            family.communicate()
    assert pin.children
    assert pin.pids[0] == pids[0]
    assert sorted(pin.pids) == sorted(pids)


def test_a_pin_without_children_keeps_its_processes() -> None:
    gone = gone_pid()
    assert with_children(Pin(pids=(gone,))) == Pin(pids=(gone,), children=True)


def test_a_pin_to_a_name_says_which_threads_it_leaves_out(tmp_path: Path) -> None:
    add_process(tmp_path, 70, comm=b"ledger", threads=(71, 72, 73, 74, 75))
    add_process(tmp_path, 80, comm=b"ledger", threads=(81,))
    add_process(tmp_path, 90, comm=b"fifteen-bytes-o", threads=(91,))
    names = {71: "payer", 72: "payer", 73: "ledger", 74: "gc", 75: "net", 81: "ledger", 91: "fifteen-bytes-o"}
    for pid, tids in ((70, (70, 71, 72, 73, 74, 75)), (80, (80, 81)), (90, (90, 91))):
        for tid in tids:
            (tmp_path / str(pid) / "task" / str(tid) / "comm").write_text(f"{names.get(tid, 'ledger')}\n")
    wanted = {
        Pin(
            comm="ledger"
        ): "not counted: 4 threads of ledger with other names (gc, net, payer); a pin to 70 counts them",
        Pin(comm="fifteen-bytes-of-it"): "not counted: 1 thread of fifteen-bytes-of-it with other names (ledger); "
        "a pin to 90 counts them",
        Pin(comm="sleep"): "no process has the name sleep now; what starts with this name will count",
        Pin(pids=(70,)): "",
    }
    assert {pin: left_out_by_name(pin, tmp_path) for pin in wanted} == wanted
    (tmp_path / "90/task/90/comm").write_text("fifteen-bytes-o\n")
    assert left_out_by_name(Pin(comm="fifteen-bytes-of-it"), tmp_path) == ""
