"""The hook timer: what it says where it may not measure, and that its machine code does what it is said to do.

tests/real/test_meter.py holds what it measures against programs that are slowed.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from bttop import hooktimer
from bttop.engine.tracer.channel import HOOK_TIMER

needs_code = pytest.mark.skipif(os.uname().machine not in hooktimer.SYSTEM_CALLS, reason="no machine code for it")


def said(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-I", "-S", str(HOOK_TIMER), *arguments]
    found = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert found.stderr == b""
    assert found.stdout.count(b"\n") == 1
    return dict(json.loads(found.stdout))


def test_it_stands_alone() -> None:
    names = {
        name.name
        for node in ast.walk(ast.parse(HOOK_TIMER.read_text()))
        if isinstance(node, ast.Import)
        for name in node.names
    }
    assert names <= sys.stdlib_module_names


@pytest.mark.parametrize("groups", [[], ["user"], ["kernel"], ["user", "kernel"]])
def test_every_group_that_was_asked_for_has_prices_or_a_reason(groups: list[str]) -> None:
    answer = said(*groups)
    told = {"user"} if "emulated" in answer["prices"] else set()
    told |= {"kernel"} if "kprobe" in answer["prices"] else set()
    assert told | answer["reasons"].keys() == set(groups)
    assert not told & answer["reasons"].keys()
    assert all(0 <= price < 1e6 for price in answer["prices"].values())
    assert all(answer["reasons"].values())


def test_a_machine_without_code_of_its_own_says_so() -> None:
    with mock.patch.object(os, "uname", return_value=mock.Mock(machine="sparc64")):
        assert hooktimer.measure(["user"]) == {"prices": {}, "reasons": {"user": "it has no machine code for sparc64"}}


@needs_code
@pytest.mark.parametrize("method", ["make_file", "map_file", "bpf"])
@pytest.mark.parametrize(
    "problem", [PermissionError(1, "Operation not permitted"), AttributeError("no memfd_create in this libc")]
)
def test_whatever_the_system_refuses_is_the_reason(method: str, problem: Exception) -> None:
    with mock.patch.object(hooktimer.Timer, method, side_effect=problem):
        answer = hooktimer.measure(["user", "kernel"])
    assert answer["prices"] == {}
    assert all(str(reason) in str(problem) for reason in answer["reasons"].values())


@needs_code
def test_its_functions_return() -> None:
    timer = hooktimer.Timer(os.uname().machine)
    assert [timer.call_ns(name) > 0 for name in hooktimer.FUNCTIONS] == [True] * len(hooktimer.FUNCTIONS)


@needs_code
def test_no_other_process_has_the_code_that_is_probed() -> None:
    timer = hooktimer.Timer(os.uname().machine)
    inode = os.fstat(timer.file).st_ino
    assert inode not in {Path(path).stat().st_ino for path in (sys.executable, "/proc/self/exe")}
    mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if "bttop-hooktimer" in line]
    assert any(line.split()[1] == "r-xp" and int(line.split()[4]) == inode for line in mapped)


@pytest.mark.parametrize(
    ("release", "number"),
    [("6.18.44-fc", 0x06122C), ("4.18", 0x041200), ("4.9.337-x", 0x0409FF), ("5.10.0+", 0x050A00), ("odd", 0)],
)
def test_the_kernels_version_is_told_as_a_number(release: str, number: int) -> None:
    assert hooktimer.kernel_version(release) == number
