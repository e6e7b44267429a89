"""Makes the shipped recordings again: `python -m benchmarks.recordings FOLDER [NAME...]`, as root.

Each is a recording of one to two minutes, made by bttop under a load of tests/real/load.py, incident.py or waits.py,
with an invented host name and without the suffix of the kernel's release. Those of a shop name no process that is not
part of it.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace
from tests.real import load

from benchmarks import incident, waits
from benchmarks.stories import INCIDENT, LOCK_FIGHT, RETRANSMIT_STORM, SLOW_DISK, Act
from bttop.engine.engine import Engine
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings
from bttop.engine.host.cgroup_tree import pin_to_cgroup
from bttop.engine.host.host import Host, find_bpftrace
from bttop.engine.host.process.processes import Parent, look_up
from bttop.engine.host.process.recorded_processes import process_facts
from bttop.engine.recording.host_recorder import HostRecorder
from bttop.engine.recording.recorder import Recorder
from bttop.engine.recording.session_facts import facts_of, session_facts
from bttop.engine.request.questions import Asked, questions
from bttop.model.record.decode import DecodedLine
from bttop.paths import shipped
from bttop.script.library.ladder import LADDER
from bttop.script.library.probe_files import Library
from bttop.script.process.pin import Pin
from bttop.store.recording.snapshot_files import claim
from bttop.store.snapshot.recording_events import LineReceived

HOST = "demo-host"
CALM = 10.0
"""Seconds before and after the load."""
BUSY = 40.0
PATIENCE = 60.0


class Stage:
    """What the acts of one recording can do: pin, wait, and remember processes."""

    def __init__(self, engine: Engine, recorder: Recorder) -> None:
        self._engine = engine
        self._recorder = recorder

    def play(self, act: Act) -> None:
        """Set the mark of an act and let its time pass."""
        if act.note:
            self._recorder.mark(act.note)
        time.sleep(act.seconds)

    def pin(self, pin: Pin | None) -> None:
        """Pin every program, as `P` does."""
        self._engine.pin(pin, self._engine.programs)

    def meet(self, pid: int, command: str) -> None:
        """Record who a process is, by an invented command line and without what started it here."""
        found = look_up(pid)
        if found is not None:
            path = command.partition(" ")[0]
            invented = replace(
                found,
                command=command,
                executable=path,
                parents=(Parent(1, "systemd"),),
                cgroup=f"/system.slice/{incident.UNIT}",
                unit=incident.UNIT,
                container=None,
            )
            self._recorder.met(found.pid, process_facts(invented))


class Scene(NamedTuple):
    """One recording."""

    name: str
    probes: tuple[str, ...]
    perform: Callable[[Stage], None]
    """Makes the load, sets the marks, and returns at the end of the recording."""
    unit: str = ""
    """The cgroup to which all programs are pinned at first; empty for no pin."""


def _under(load: Callable[[threading.Event], None], note: str) -> Callable[[Stage], None]:
    """A scene of one load between two calm parts."""

    def perform(stage: Stage) -> None:
        stage.play(Act("", CALM))
        with _running(load):
            stage.play(Act(note, BUSY))
        stage.play(Act("it has ended", CALM))

    return perform


def _storm(stop: threading.Event) -> None:
    with load.lossy_network() as network:
        while not stop.is_set():
            with network.transfer(600_000, comm="mirror", pause=0.02) as transfer:
                incident.take_in(transfer.sender)
                transfer.run()


def _hog(stop: threading.Event) -> None:
    with load.busy_loop("hog"):
        stop.wait(BUSY)


def _batch(stop: threading.Event) -> None:
    while not stop.is_set():
        with load.copy(60_000, 4096) as dd:
            dd.run()
        stop.wait(0.5)


def _incident(stage: Stage) -> None:
    before, well, slow, size, network, pinned, after = INCIDENT
    with incident.shop() as shop, shop.mirroring(), shop.running("shopd", "page.html") as shopd:
        stage.meet(shopd, "/srv/shop/bin/shopd --listen 443")
        stage.play(before)
        stage.play(well)
        with shop.running("report", "orders.csv") as report:
            stage.meet(report, "/srv/shop/bin/report --month 2026-10 orders.csv")
            for act in (slow, size, network):
                stage.play(act)
            stage.pin(Pin(pids=(report,)))
            stage.play(pinned)
            stage.pin(_pin(incident.UNIT))
        stage.play(after)


def _retransmit_storm(stage: Stage) -> None:
    before, *late, after = RETRANSMIT_STORM
    stage.play(before)
    with _running(_storm):
        for act in late:
            stage.play(act)
    stage.play(after)


def _lock_fight(stage: Stage) -> None:
    before, well, *late, after = LOCK_FIGHT
    with waits.orders() as orders:
        stage.meet(orders, "/srv/shop/bin/orders")
        stage.play(before)
        stage.play(well)
        with waits.audit(orders):
            for act in late:
                stage.play(act)
        stage.play(after)


def _slow_disk(stage: Stage) -> None:
    before, well, *late, after = SLOW_DISK
    with waits.ledger() as ledger:
        stage.meet(ledger, "/srv/shop/bin/ledger /srv/shop/ledger.db")
        stage.play(before)
        stage.play(well)
        with waits.backup() as backup:
            stage.meet(backup, "/usr/bin/backup /srv/shop /mnt/backup")
            for act in late:
                stage.play(act)
        stage.play(after)


SCENES = (
    Scene("incident", LADDER, _incident, incident.UNIT),
    Scene("retransmit-storm", ("retransmits", "tcp_connect"), _retransmit_storm, incident.UNIT),
    Scene("lock-fight", ("offcpu", "futex", "cputime", "profile"), _lock_fight, incident.UNIT),
    Scene("slow-disk", ("offcpu", "biolatency", "cputime", "vfs_write"), _slow_disk, incident.UNIT),
    Scene("cpu-hog", ("profile", "runqlat"), _under(_hog, "one process takes a whole CPU")),
    Scene("read-batch", ("vfs_read", "syscall_latency"), _under(_batch, "the batch begins to read")),
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


class _DiscreetRecorder(HostRecorder):
    """Records no name of a process that is not part of the incident, whatever else this host does: a pin does not
    restrict who gets the CPU next, and not who retransmits."""

    def came(self, generation: Generation, decoded: DecodedLine) -> None:
        self._newest[generation.id] = decoded.line
        data = _without_strangers(generation.candidate.source.name, decoded.line.data)
        self.recorder.tell(LineReceived(replace(decoded.line, data=data), decoded.hexadecimal))


def _without_strangers(script: str, line: bytes) -> bytes:
    """A printed map of sched_switch or offcpu with other processes' threads as `other`; one of retransmits without
    them."""
    if script.startswith("offcpu"):
        return _WAKER.sub(_known_waker, line)
    if not script.startswith(("sched_switch", "retransmits")) or not line.startswith(b'{"type": "map"'):
        return line
    record = json.loads(line)
    for name, rows in record["data"].items():
        if script.startswith("retransmits"):
            record["data"][name] = {key: value for key, value in rows.items() if _is_part(key)}
        else:
            record["data"][name] = {_renamed(key): value for key, value in rows.items()}
    return json.dumps(record).encode()


def _is_part(key: str) -> bool:
    """Whether the second part of a key, a name, is of the incident or of the kernel."""
    return _PARTS.fullmatch(key.split(",")[1]) is not None


def _renamed(key: str) -> str:
    """A key of `@in`, a thread id and a name, without a stranger's name. One of `@out` has two ids and is pinned."""
    number, second, *_ = key.split(",")
    return key if second.isdecimal() or _is_part(key) else f"{number},other"


def _known_waker(found: re.Match[bytes]) -> bytes:
    """The first parts of a key of `@blocked`, without a stranger's id and name."""
    return found[0] if _PARTS.fullmatch(found["waker"].decode()) else found["before"] + b"other,0,"


_WAKER: Final = re.compile(rb'(?P<before>"\d+,[^,"]+,\d+,)(?P<waker>[^,"]+),\d+,')
"""What a key of `@blocked` begins with: pid, comm, state, and name and process of the waker."""
_PARTS: Final = re.compile(
    r"orders|order-\d|audit|ledger|backup|\w+-interrupt|no-wake-up-seen|jbd2/.*"
    r"|shopd|report|mirror|bttop-receiver|swapper/\d+|rcu_\w+|k\w+/.*|migration/\d+"
)


def _record(scene: Scene, path: Path) -> None:
    with incident.group(scene.unit) if scene.unit else contextlib.nullcontext():
        _record_in(scene, path)


def _record_in(scene: Scene, path: Path) -> None:
    host, bpftrace = Host.read(), find_bpftrace(None)
    engine = Engine(host, bpftrace)
    settings = Settings(pin=_pin(scene.unit))
    asked = questions(Library.load([shipped("probes")]), Asked(scene.probes))
    for question in asked:
        engine.add(question.name, question.sources, settings, failure=question.failure)
    words = ["-p", scene.unit] if scene.unit else scene.probes
    recorder = Recorder(session_facts(" ".join(["bttop", "record", *words])), HOST)
    facts = replace(facts_of(host, bpftrace), name=HOST, kernel=host.kernel.partition("-")[0])
    engine.observe((_DiscreetRecorder if scene.unit else HostRecorder)(recorder, facts))
    claim(path, replace=True)
    recorder.start(path)
    engine.start()
    try:
        engine.at_full_speed()
        _await_flushes(engine)
        scene.perform(Stage(engine, recorder))
    finally:
        engine.close()
        recorder.close()


def _pin(unit: str) -> Pin | None:
    if not unit:
        return None
    pin = pin_to_cgroup(unit)
    if isinstance(pin, str):
        raise TypeError(pin)
    return pin


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
