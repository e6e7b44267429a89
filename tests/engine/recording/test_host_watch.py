from __future__ import annotations

from pathlib import Path

from bttop.engine.recording.host_recorder import HostRecorder
from bttop.engine.recording.host_watch import HostWatch, WatchedHost, clock_of
from bttop.engine.recording.recorder import Recorder
from bttop.engine.remote.clock import FarClock
from bttop.engine.remote.link import Link
from bttop.model.record.records import Stamp
from bttop.store.recording.snapshot_files import claim
from bttop.store.snapshot.facts import HostClock
from bttop.store.snapshot.snapshot import Snapshot
from tests.store.made import FACTS, SESSION, at
from tests.store.snapshot.test_recorded_history import banked

TRIP = 20_000_000
AHEAD = 7_000_000_000


class Scene:
    """A host whose answers the test times, and its recording."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = at(0)
        self.link = Link("web1", FarClock(lambda: self.now))
        self.recorder = Recorder(SESSION, "web1", clock=lambda: self.now)
        host = HostRecorder(self.recorder, FACTS, clock_of(self.link.clock))
        self.watch = HostWatch([WatchedHost(host, self.link, HostClock())])
        claim(path, replace=True)
        self.recorder.start(path)
        for one in banked(3).events():
            self.recorder.tell(one)

    def answer(self, trip: int) -> None:
        """An answer arrives after `trip` ns, from a host whose clocks are AHEAD."""
        sent = self.link.clock.sent()
        self.now = Stamp(sent.boot_ns + trip, sent.wall_ns + trip)
        middle = AHEAD + trip // 2
        self.link.clock.answered(sent, Stamp(sent.boot_ns + middle, sent.wall_ns + middle))

    def ended(self) -> Snapshot:
        assert self.recorder.close(20)
        return Snapshot(self.path)


def test_the_best_measured_clock_is_that_of_the_recording(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "s.bttop")
    scene.answer(TRIP)
    scene.watch.look()
    scene.answer(TRIP // 4)
    scene.watch.look()
    with scene.ended() as snapshot:
        assert snapshot.hosts[0].clock == HostClock(AHEAD, AHEAD, TRIP // 8)


def test_a_lost_connection_and_its_return_are_one_mark_each_time(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "s.bttop")
    for _ in range(2):
        scene.link.lost("no answer for 5 s")
        scene.watch.look()
        scene.watch.look()
        scene.link.heard()
        scene.watch.look()
    with scene.ended() as snapshot:
        found = [(mark.cause, mark.note, mark.host) for mark in snapshot.marks()]
    lost = ("lost", "the connection was lost: no answer for 5 s", 1)
    assert found == [lost, ("reached", "it answers again", 1)] * 2
