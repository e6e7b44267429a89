"""A pin to a cgroup on the real bpftrace: the events of what is in it and below it count, no others."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bttop.engine.host.cgroup_tree import pin_to_cgroup
from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import prepare
from tests.real import load
from tests.real.test_children import count_calls

pytestmark = pytest.mark.real

_CALLS = "tracepoint:syscalls:sys_enter_getppid { @[pid] = count(); }"
# Half of its calls in the one cgroup, half in the one below it; then it leaves them, so that they can be removed.
_MOVES = """
import os, sys
home = open("/proc/self/cgroup").read().partition("0::")[2].split("\\n")[0]
for folder in {folders}:
    open(folder + "/cgroup.procs", "w").write(str(os.getpid()))
    for _ in range(300): os.getppid()
open({mount} + home + "/cgroup.procs", "w").write(str(os.getpid()))
print(600)
"""


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Path]:
    """Version 2 of cgroups, mounted by the test: a host may have it elsewhere or not at all."""
    folder = tmp_path / "cgroup2"
    folder.mkdir()
    subprocess.run(["mount", "-t", "cgroup2", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def folders(mount: Path) -> Iterator[tuple[Path, Path]]:
    top = mount / f"bttop-test-{id(mount)}.service"
    (top / "worker").mkdir(parents=True)
    try:
        yield top, top / "worker"
    finally:
        for folder in (top / "worker", top):
            with contextlib.suppress(OSError):
                folder.rmdir()


def test_every_call_in_the_cgroup_and_below_it_counts_and_nobody_elses(
    bpftrace: str, mount: Path, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    told = tmp_path / "mounts"
    told.write_text(f"none {mount} cgroup2 rw 0 0\n")
    pin = pin_to_cgroup(folders[0].name, told)
    assert not isinstance(pin, str)
    assert pin.cgroups == tuple(map(str, folders))
    one = prepare(read(_CALLS), interval_ms=200, pin=pin)
    with load.deed(_MOVES.format(folders=list(map(str, folders)), mount=repr(str(mount)))) as family:
        seen, expected = count_calls(bpftrace, one, "@", tmp_path, family)
    assert dict(seen) == {str(family.pid): expected}
