"""The tracer with `--terminals`, for programs that it may not signal: the kernel signals them for it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bttop.engine.tracer.frames import Exited
from tests.test_tracer import Session, alive, wait_for

# As sudo does: PDEATHSIG is cleared, and the group is another one, so that no signal of the tracer finds it.
PRIVILEGED = """
import ctypes, os, signal, sys, time
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
signal.signal(signal.SIGINT, lambda *_: (os.write(1, b"interrupted\\n"), os._exit(5)))
{more}
print(os.getpid(), open("/proc/self/stat").read().split()[6], os.isatty(0), flush=True)
while True: time.sleep(600)
"""
DEAF = "signal.signal(signal.SIGINT, signal.SIG_IGN)"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(tmp_path, "--terminals")
    yield made
    made.destroy()


def start(session: Session, more: str = "") -> tuple[int, int]:
    """Start such a program; its id and pid once it is ready."""
    ident = session.start(argv=[sys.executable, "-I", "-S", "-c", PRIVILEGED.format(more=more)])
    session.until(lambda: session.lines(ident))
    return ident, int(session.lines(ident)[0].split()[0])


def test_each_program_has_a_terminal_of_its_own_and_does_not_read_from_it(session: Session) -> None:
    idents = [start(session)[0] for _ in range(2)]
    first, second = (session.lines(ident)[0].split() for ident in idents)
    assert b"0" not in (first[1], second[1])
    assert first[1] != second[1]
    assert first[2] == b"False"


def test_stop_interrupts_by_the_terminal(session: Session) -> None:
    ident, _ = start(session)
    session.send(do="stop", id=ident, grace=20)
    assert session.finish(ident) == 5, session.lines(ident, "stderr")
    assert session.lines(ident)[-1] == b"interrupted"


def test_what_does_not_stop_is_hung_up_after_the_grace(session: Session) -> None:
    ident, _ = start(session, DEAF)
    session.send(do="stop", id=ident, grace=0.3)
    assert session.finish(ident) in (-signal.SIGHUP, -signal.SIGKILL)


def test_the_end_of_stdin_takes_everything_down(session: Session) -> None:
    pids = [start(session)[1], start(session, DEAF)[1]]
    assert session.end() == 0
    assert not any(map(alive, pids))
    while session.read(0):
        pass
    assert len(session.all(Exited)) == 2


def test_a_killed_tracer_takes_everything_with_it(session: Session) -> None:
    pids = [start(session)[1], start(session, DEAF)[1]]
    session.process.kill()
    wait_for(lambda: not any(map(alive, pids)))


def test_no_terminal_is_left_open(session: Session) -> None:
    folder = Path(f"/proc/{session.process.pid}/fd")
    ident, _ = start(session)
    before = len(list(folder.iterdir()))
    session.send(do="stop", id=ident, grace=20)
    session.finish(ident)
    assert not [fd for fd in folder.iterdir() if "ptmx" in str(fd.readlink())]
    assert len(list(folder.iterdir())) < before
