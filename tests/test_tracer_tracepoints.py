"""The short list of tracepoints that a program finds in place of the kernel's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bttop.engine.tracer.frames import StartRefused
from tests.test_tracer import Session, open_session, session

__all__ = ["open_session", "session"]

TRACEPOINTS = Path("/sys/kernel/tracing/available_events")
can_mount = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(TRACEPOINTS, os.R_OK), reason="needs root and tracefs in its usual place"
)


def read_list(session: Session, *categories: object) -> list[bytes]:
    """The tracepoints that a started program finds in the kernel's list."""
    ident = session.start(argv=["cat", str(TRACEPOINTS)], categories=categories)
    session.finish(ident)
    return session.lines(ident)


@can_mount
@pytest.mark.parametrize("categories", [("sched",), ("sched", "raw_syscalls"), ("raw_syscalls", "no_such_category")])
def test_a_program_finds_only_the_tracepoints_of_its_categories(session: Session, categories: tuple[str, ...]) -> None:
    every = TRACEPOINTS.read_bytes().splitlines()
    wanted = [line for line in every if line.decode().partition(":")[0] in categories]
    assert read_list(session, *categories) == wanted != every
    assert TRACEPOINTS.read_bytes().splitlines() == every
    assert "tracing/available_events" not in Path("/proc/self/mountinfo").read_text()
    assert "tracing/instances" not in Path("/proc/self/mountinfo").read_text()


@can_mount
def test_the_rest_of_the_file_tree_is_the_same(session: Session) -> None:
    command = ["ls", str(TRACEPOINTS.parent), f"{TRACEPOINTS.parent}/instances", "/sys/kernel", "/"]
    session.finish(session.start(argv=command, categories=["sched"]))
    assert session.lines() == subprocess.run(command, capture_output=True, check=True).stdout.splitlines()


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A mount of which other namespaces see what is mounted below."""
    place = tmp_path / "shared"
    place.mkdir()
    for words in (["--bind", str(place), str(place)], ["--make-shared", str(place)]):
        subprocess.run(["mount", *words], check=True)
    (place / "below").mkdir()
    yield place / "below"
    subprocess.run(["umount", "--recursive", str(place)], check=True)


@can_mount
def test_mounts_of_the_host_still_arrive_and_none_reaches_the_host(session: Session, shared: Path) -> None:
    (session.folder / "own").mkdir()
    script = f"mount -t tmpfs tmpfs {session.folder}/own && echo mounted; read line; cat {shared}/file"
    os.mkfifo(session.folder / "go")
    ident = session.start(argv=["sh", "-c", f"exec < {session.folder}/go; {script}"], categories=["sched"])
    with (session.folder / "go").open("w") as go:
        session.until(lambda: session.lines(ident))
        assert f"{session.folder}/own" not in Path("/proc/self/mountinfo").read_text()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(shared)], check=True)
        (shared / "file").write_text("arrived\n")
        go.write("\n")
    session.finish(ident)
    assert session.lines(ident) == [b"mounted", b"arrived"]


@can_mount
@pytest.mark.parametrize("categories", [(), ("no_such_category",)])
def test_without_such_tracepoints_a_program_finds_the_whole_list(session: Session, categories: tuple[str, ...]) -> None:
    assert read_list(session, *categories) == TRACEPOINTS.read_bytes().splitlines()


@can_mount
def test_where_no_mount_is_allowed_a_program_finds_the_whole_list(
    tmp_path: Path, open_session: Callable[..., Session]
) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec setpriv --bounding-set -sys_admin -- {sys.executable} "$@"\n')
    python.chmod(0o755)
    one = open_session(python=str(python))
    assert read_list(one, "sched") == TRACEPOINTS.read_bytes().splitlines()


@pytest.mark.parametrize("categories", ["sched", [1], ["a\0b"], None])
def test_categories_must_be_a_list_of_strings(session: Session, categories: object) -> None:
    refused = session.one(StartRefused, session.start(["wait"], categories=categories))
    assert "categories" in refused.reason
