"""Hot reload: the time from a saved file until the new text is attached, and the gap of the hand-over.

Peer: a bare bpftrace with the same text, from its start until it reports that it is attached. Both run in turn; the
figures are medians.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.options import Options
from benchmarks.table import Row, compared
from bttop.engine.engine import Engine
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Bpftrace, Host, find_bpftrace
from bttop.engine.host.own_clock import boot_ns
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.reload.folder_watch import FileChange, FolderWatch
from bttop.engine.request.questions import sources_of
from bttop.engine.tracer import launch
from bttop.model.flush.flush import Flush
from bttop.script.language.reader import read
from bttop.script.library.probe_files import Library, ProbeFile, load_file
from bttop.script.rewrite.prepare import prepare

_TEXT = "tracepoint:raw_syscalls:sys_enter {{ @calls[pid] = count(); }} // {0}\n"
_READY = b"__BPFTRACE_NOTIFY_PROBES_ATTACHED"
PATIENCE = 30.0


def run(options: Options) -> Sequence[Row]:
    """Measure milliseconds, medians of twice the rounds. The first save has its own row: the watcher is idle then."""
    bpftrace, host = find_bpftrace(None), Host.read()
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(Path(folder) / "probe.bt", bpftrace, host)
        try:
            first, bare_first = bench.reload(), _bare(bpftrace, host)
            pairs = [(bench.reload(), _bare(bpftrace, host)) for _ in range(2 * options.rounds)]
        finally:
            bench.close()
    attached, bare = (statistics.median(one[column] for one in pairs) * 1000 for column in range(2))
    return [
        compared("save to attached, first save, ms (peer: bpftrace alone)", first * 1000, bare_first * 1000),
        compared("save to attached, ms (peer: bpftrace alone)", attached, bare),
        compared("longest step from flush to flush, ms (peer: the interval)", bench.longest_step() * 1000, 1000.0),
    ]


class _Bench(Observer):
    """One program whose file is saved repeatedly."""

    def __init__(self, path: Path, bpftrace: Bpftrace, host: Host) -> None:
        self._path = path
        self._saves = 0
        self._ends: list[int] = []
        self._flushed = threading.Event()
        self._save()
        self._engine = Engine(host, bpftrace)
        self._engine.observe(self)
        self._program = self._engine.add("probe", sources_of(Library(), self._load()), Settings())
        self._engine.start()
        self._engine.at_full_speed()
        self._watch = FolderWatch([path.parent], (".bt",), self._on_change)
        self._watch.start()
        self._await_flush()

    def close(self) -> None:
        self._watch.stop()
        self._engine.close()

    def reload(self) -> float:
        """Save once, wait for two flushes, and return the seconds until the new generation was attached."""
        before = max(one.number for one in self._program.generations())
        saved = boot_ns()
        self._save()
        ready = self._await_ready(before)
        self._await_flush()
        self._await_flush()
        return (ready - saved) / 1e9

    def longest_step(self) -> float:
        """Return the longest time, in seconds, between the ends of two consecutive flushes."""
        return max(b - a for a, b in zip(self._ends, self._ends[1:], strict=False)) / 1e9

    def _await_ready(self, before: int) -> int:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for generation in self._program.generations():
                if generation.number > before and generation.ready_ns is not None:
                    return generation.ready_ns
            time.sleep(0.002)
        raise TimeoutError("the new text was not attached")

    def _await_flush(self) -> None:
        self._flushed.clear()
        if not self._flushed.wait(PATIENCE):
            raise TimeoutError("no flush came")

    def flushed(self, program: Program, generation: Generation | None, flush: Flush) -> None:
        self._ends.append(flush.end_ns)
        self._flushed.set()

    def _on_change(self, _change: FileChange) -> None:
        self._engine.reload(self._program, sources_of(Library(), self._load()))

    def _load(self) -> ProbeFile:
        found = load_file(self._path)
        assert isinstance(found, ProbeFile)
        return found

    def _save(self) -> None:
        self._saves += 1
        self._path.write_text(_TEXT.format(self._saves))


def _bare(bpftrace: Bpftrace, host: Host) -> float:
    """Return the seconds from the start of a bare bpftrace with the same prepared text until it is attached."""
    prepared = prepare(read(_TEXT.format(0)))
    environment = launch.environment(
        bpftrace.release, cpus=host.cpus, user_stacks=False, one_process=False, all_probes=False
    )
    command = launch.command(bpftrace, prepared)
    began = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if _READY in line:
                break
        seconds = time.monotonic() - began
        process.kill()
    return seconds
