"""Makes the shipped recordings again: `python -m benchmarks.recordings FOLDER [NAME...]`, as root.

Each is a recording of about one minute, made by bttop under a load of tests/real/load.py, with an invented host name.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tests.real import load

from bttop.engine.engine import Engine
from bttop.engine.generation.candidates import Settings
from bttop.engine.host.host import Host, find_bpftrace
from bttop.engine.recording.recorder import Recorder, facts_of
from bttop.engine.request.questions import questions
from bttop.paths import shipped
from bttop.script.library.probe_files import Library
from bttop.store.recording.snapshot_files import claim

HOST = "demo-host"
CALM = 10.0
"""Seconds before and after the load."""
BUSY = 40.0
PATIENCE = 60.0


class Scene(NamedTuple):
    """One recording."""

    name: str
    probes: tuple[str, ...]
    load: Callable[[threading.Event], None]
    mark: str
    """Note of the mark that is set when the load begins."""


def _storm(stop: threading.Event) -> None:
    with load.lossy_network() as network:
        while not stop.is_set():
            with network.transfer(3_000_000) as transfer:
                transfer.run()
            stop.wait(1.0)


def _hog(stop: threading.Event) -> None:
    with load.busy_loop("hog"):
        stop.wait(BUSY)


def _batch(stop: threading.Event) -> None:
    while not stop.is_set():
        with load.copy(60_000, 4096) as dd:
            dd.run()
        stop.wait(0.5)


SCENES = (
    Scene("retransmit-storm", ("retransmits", "tcp_connect"), _storm, "the network begins to lose segments"),
    Scene("cpu-hog", ("profile", "runqlat"), _hog, "one process takes a whole CPU"),
    Scene("read-batch", ("vfs_read", "syscall_latency"), _batch, "the batch begins to read"),
)


def main(arguments: Sequence[str]) -> int:
    """Make the named recordings, or all."""
    folder, *names = arguments
    for scene in SCENES:
        if not names or scene.name in names:
            path = Path(folder, f"{scene.name}.bttop")
            _record(scene, path)
            print(f"{path}: {path.stat().st_size:,} bytes")
    return 0


def _record(scene: Scene, path: Path) -> None:
    host, bpftrace = Host.read(), find_bpftrace(None)
    engine = Engine(host, bpftrace)
    asked = questions(Library.load([shipped("probes")]), scene.probes, ())
    for question in asked:
        engine.add(question.name, question.sources, Settings(), failure=question.failure)
    command = " ".join(["bttop", "record", *scene.probes])
    recorder = Recorder(replace(facts_of(host, bpftrace, command), host=HOST))
    engine.observe(recorder)
    claim(path, replace=True)
    recorder.start(path)
    engine.start()
    try:
        engine.at_full_speed()
        _await_flushes(engine)
        time.sleep(CALM)
        recorder.mark(scene.mark)
        with _running(scene.load):
            time.sleep(BUSY)
        recorder.mark("it has ended")
        time.sleep(CALM)
    finally:
        engine.close()
        recorder.close()


def _await_flushes(engine: Engine) -> None:
    deadline = time.monotonic() + PATIENCE
    while not all(program.history.appended for program in engine.programs):
        if time.monotonic() > deadline:
            raise TimeoutError("a program did not flush")
        time.sleep(0.1)


@contextlib.contextmanager
def _running(work: Callable[[threading.Event], None]) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
