from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.host.process.pid_numbers import OF_HOST, PidNumbers, Unnumbered
from bttop.engine.request.pinning import numbered
from bttop.model.record.release import Release
from bttop.script.process.pid_namespace import PidNamespace
from bttop.script.process.pin import Pin
from tests.engine.proctree import add_process, in_namespace

OWN, OTHER = 4026532178, 4026532999
OLD, SWAPPING, NEW = Release(0, 17), Release(0, 23), Release(0, 27)
KINDS = ("host", "own")


def proc(folder: Path, kind: str) -> Path:
    """A /proc with process 5 of bttop's namespace, and 6 of one inside it."""
    root = folder / "proc"
    in_namespace(root, OF_HOST if kind == "host" else OWN, "22")
    for pid, inode, below in ((5, OWN, ""), (6, OTHER, "\t3")):
        add_process(root, pid)
        with (root / f"{pid}/status").open("a") as status:
            status.write(f"NSpid:\t{pid}{below}\n")
        (root / f"{pid}/ns").mkdir()
        (root / f"{pid}/ns/pid").symlink_to(f"pid:[{inode}]")
    return root


@pytest.mark.parametrize(
    ("release", "kind", "namespace", "are_equal"),
    [
        (OLD, "host", None, True),
        (NEW, "host", None, True),
        (OLD, "own", PidNamespace(OWN, "host"), False),
        (SWAPPING, "own", PidNamespace(OWN, "inside", swaps_ids=True), True),
        (Release(0, 24, 1), "own", PidNamespace(OWN, "inside", swaps_ids=True), True),
        (Release(0, 24, 2), "own", PidNamespace(OWN, "inside"), True),
        (NEW, "own", PidNamespace(OWN, "inside"), True),
    ],
)
def test_whose_numbers_bpftrace_has(
    tmp_path: Path, release: Release, kind: str, namespace: PidNamespace | None, are_equal: bool
) -> None:
    found = PidNumbers.read(release, proc(tmp_path, kind))
    assert found.namespace == namespace
    assert found.are_equal == are_equal


@pytest.mark.parametrize(
    ("release", "kind", "pid", "expected"),
    [
        (OLD, "host", 5, 5),
        (OLD, "host", 6, 6),
        (NEW, "host", 6, 6),
        (OLD, "own", 5, "process 5 of this PID namespace has another number on the host"),
        (OLD, "own", 6, "another number on the host"),
        (SWAPPING, "own", 5, 5),
        (NEW, "own", 5, 5),
        (NEW, "own", 6, "process 6 is in a PID namespace inside this one"),
    ],
)
def test_a_pin_by_a_number_of_proc_is_one_by_bpftraces_number_or_refused_with_the_reason(
    tmp_path: Path, release: Release, kind: str, pid: int, expected: int | str
) -> None:
    numbers = PidNumbers.read(release, proc(tmp_path, kind))
    found, pin = numbers.of_bpftrace(pid), numbered(Pin(pids=(pid,)), numbers)
    if isinstance(expected, int):
        assert (found, pin) == (expected, Pin(pids=(expected,)))
    else:
        assert isinstance(found, Unnumbered)
        assert expected in found
        assert pin == f"{found}: pin by its name or its cgroup"


@pytest.mark.parametrize("release", [OLD, SWAPPING, NEW], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_pins_by_a_name_and_by_a_cgroup_need_no_number(tmp_path: Path, release: Release, kind: str) -> None:
    numbers = PidNumbers.read(release, proc(tmp_path, kind))
    for pin in (Pin(comm="java"), Pin(cgroups=("/sys/fs/cgroup/a",))):
        assert numbered(pin, numbers) == pin


@pytest.mark.parametrize(
    ("release", "kind", "is_followed"),
    [(OLD, "host", True), (NEW, "host", True), (OLD, "own", False), (NEW, "own", False)],
)
def test_children_are_followed_where_bpftrace_counts_as_the_kernel_reports_them(
    tmp_path: Path, release: Release, kind: str, is_followed: bool
) -> None:
    numbers = PidNumbers.read(release, proc(tmp_path, kind))
    pin = Pin(pids=(5,), children=True)
    found = numbered(pin, numbers)
    assert (found == pin) == is_followed
    assert is_followed or isinstance(found, str)
