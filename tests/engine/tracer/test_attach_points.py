"""How many probes bpftrace lists for attach points, asked through the tracer."""

from __future__ import annotations

import queue
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bttop.engine.host.host import Bpftrace
from bttop.engine.tracer.attach_points import AttachPointList, can_list
from bttop.engine.tracer.bpftrace_queries import BpftraceQueries
from bttop.model.record.release import Release
from bttop.script.language.reader import AttachPoint, Script, read
from tests.engine.asking import queries
from tests.engine.stage import NEW, OLD

BPFTRACE = """#!/bin/sh
case $2 in
uprobe:/bin/x:two*) echo uprobe:/bin/x:two; echo uprobe:/bin/x:twofold ;;
uprobe:/bin/x:none) ;;
-e) case $3 in
    *'"ignore" } uprobe:libx:two* { }') echo uprobe:/bin/x:two; echo uprobe:/bin/x:twofold ;;
    *'"ignore" } uprobe:libx:none* { }') ;;
    *) exit 1 ;;
    esac ;;
*) echo "ERROR: no" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def through() -> Iterator[BpftraceQueries]:
    with queries() as running:
        yield running


def points(attach: str) -> tuple[AttachPoint, ...]:
    found = read(f"{attach} {{ @ = count(); }}")
    assert isinstance(found, Script)
    return found.points


def ask(through: BpftraceQueries, path: str, attach: str, release: Release = OLD) -> Mapping[str, int]:
    told: queue.Queue[tuple[Mapping[str, int], int]] = queue.Queue()
    AttachPointList(through, Bpftrace(path, release), lambda: 7).ask(points(attach), lambda *answer: told.put(answer))
    found, now = told.get(timeout=20)
    assert now == 7
    return found


@pytest.fixture
def bpftrace(tmp_path: Path) -> str:
    path = tmp_path / "bpftrace"
    path.write_text(BPFTRACE)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_lines_are_counted_and_no_answer_is_no_number(through: BpftraceQueries, bpftrace: str) -> None:
    found = ask(through, bpftrace, "uprobe:/bin/x:two*, uprobe:/bin/x:none, uprobe:/bin/y:f, profile:hz:9")
    assert found == {"uprobe:/bin/x:two*": 2, "uprobe:/bin/x:none": 0}


def test_from_0_24_on_the_attach_points_of_a_program_are_listed(through: BpftraceQueries, bpftrace: str) -> None:
    found = ask(through, bpftrace, "uprobe:libx:two*, uprobe:libx:none*, uprobe:nosuch:f*", NEW)
    assert found == {"uprobe:libx:two*": 2, "uprobe:libx:none*": 0}


def test_without_a_bpftrace_nothing_is_known(through: BpftraceQueries) -> None:
    assert ask(through, "/nosuch/bpftrace", "uprobe:/bin/x:none") == {}


@pytest.mark.parametrize(
    ("attach", "old", "new"),
    [
        ("uprobe:/bin/x:f*", True, True),
        ('uprobe:"/bin/x":f*', True, True),
        ("uprobe:libc:f*", True, True),
        ("usdt:/bin/x:a:b", True, True),
        ("usdt:/bin/x:b", True, True),
        ("rawtracepoint:a", True, False),
        ("kprobe:f*", True, True),
        ("hardware:cache-misses:9", False, False),
    ],
)
def test_only_what_a_release_can_list_is_asked_for(attach: str, old: bool, new: bool) -> None:
    (point,) = points(attach)
    assert [can_list(point, release) for release in (OLD, Release(0, 23), NEW)] == [old, old, new]
