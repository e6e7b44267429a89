"""What saves by itself: conditions and silence set marks and record, not too often, and end what they began."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.status import ProgramState
from bttop.engine.recording.automatic_saving import AFTERMATH_NS, COOLDOWN_NS, AutomaticSaver, read_triggers
from bttop.engine.recording.host_recorder import HostRecorder
from bttop.engine.recording.recorder import Recorder
from bttop.errors import UsageError
from bttop.store.recording.snapshot_files import claim
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import SECOND
from tests.store.made import FACTS, SESSION
from tests.ui.scenes import FakeEngine, calls

CALLS = "profile:hz:99 { @calls[pid, comm] = count(); }"
OTHER = "profile:hz:99 { @usecs[comm] = hist(cpu); }"


class Scene:
    """An engine with a recorder and a saver, over a program whose counts the test says."""

    def __init__(self, *conditions: str) -> None:
        self.fake = FakeEngine()
        self.program = self.fake.add("calls", CALLS)
        self.recorder = Recorder(SESSION, "demo-host")
        host = HostRecorder(self.recorder, FACTS)
        self.fake.engine.observe(host)
        self.fake.engine.observe(AutomaticSaver(host, read_triggers(conditions, self.fake.engine.programs)))
        self.fake.attach(self.program)

    def count(self, *counts: int) -> None:
        for count in counts:
            self.fake.flush(self.program, calls(self.program, {"1,java": count}))
            assert self.recorder.wait(20)

    def records(self) -> bool:
        return self.recorder.recording is not None

    @property
    def notes(self) -> list[tuple[str, str]]:
        return [(mark.cause, mark.note) for mark in self.recorder.marks]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where new snapshots go."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "snapshots").mkdir()
    return tmp_path / "snapshots"


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene("max(@calls) > 100")
    yield made
    made.recorder.close()


def test_a_condition_that_holds_records_what_was_before_it_with_a_mark(scene: Scene, folder: Path) -> None:
    scene.count(1, 2, 3)
    assert not scene.recorder.files
    scene.count(500, 4)
    assert scene.notes == [("trigger", "max(@calls) > 100 in calls")]
    scene.recorder.close()
    (path,) = folder.iterdir()
    with Snapshot(path) as snapshot:
        (mark,) = snapshot.marks()
        assert mark.note == "max(@calls) > 100 in calls"
        first, flushes = snapshot.extent(snapshot.programs[0].id)
        assert flushes - first >= 5


def test_a_condition_that_goes_on_holding_saves_once_in_a_while(scene: Scene) -> None:
    scene.count(*[500] * 30)
    assert len(scene.notes) == 1
    scene.fake.now += COOLDOWN_NS
    scene.count(500)
    assert len(scene.notes) == 2


def test_a_recording_that_began_by_itself_ends_by_itself(scene: Scene, folder: Path) -> None:
    scene.count(500, 1)
    assert scene.records()
    scene.fake.now += AFTERMATH_NS
    scene.count(1, 1)
    assert not scene.records()
    scene.fake.now += COOLDOWN_NS
    scene.count(500)
    assert len(list(folder.glob("*.bttop"))) == 2


def test_a_recording_that_somebody_began_gets_the_mark_and_goes_on(scene: Scene, folder: Path) -> None:
    path = folder / "mine.bttop"
    claim(path, replace=False)
    scene.recorder.start(path)
    scene.count(500)
    scene.fake.now += AFTERMATH_NS
    scene.count(1, 1)
    assert scene.records()
    assert scene.recorder.files == [path]
    assert len(scene.notes) == 1


def test_a_pane_that_goes_silent_saves_without_any_condition(folder: Path) -> None:
    scene = Scene()
    scene.count(1, 2)
    scene.fake.tick(30)
    assert scene.program.status.state is ProgramState.SILENT
    assert scene.recorder.wait(20)
    ((cause, note),) = scene.notes
    assert cause == "silent"
    assert note.startswith("calls: no heartbeat for")
    assert len(scene.recorder.files) == 1
    scene.recorder.close()


def test_conditions_are_checked_against_what_runs() -> None:
    fake = FakeEngine()
    fake.add("calls", CALLS)
    fake.add("waits", OTHER)
    programs = fake.engine.programs
    assert len(read_triggers(["p99(@usecs) > 5ms", "rate(calls:@calls) > 1K"], programs)) == 2
    for text, why in (
        ("p99(@usec) > 5ms", "there is no map @usec; there are: @calls, @usecs"),
        ("p99(call:@calls) > 5", "there is no program 'call'; there are: calls, waits"),
        ("p99(calls:@usecs) > 5", "there is no map @usecs; there are: @calls"),
        ("p99 > 5", "is not a condition"),
    ):
        with pytest.raises(UsageError, match=why):
            read_triggers([text], programs)


def test_a_running_program_keeps_its_pages(scene: Scene) -> None:
    scene.count(1, 2)
    live = scene.fake.now
    scene.fake.tick(30)
    then: PastStatus = scene.program.page(live + SECOND)
    assert then.status.state is ProgramState.LIVE
    assert scene.program.page().status.state is ProgramState.SILENT
