"""A host whose clocks say anything: it is refused with a reason, or its recording can be read."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bttop.engine.host.own_clock import own_clock
from bttop.engine.recording.host_recorder import HostRecorder
from bttop.engine.recording.host_watch import clock_of
from bttop.engine.recording.recorder import Recorder
from bttop.engine.remote.clock import FarClock
from bttop.engine.remote.far_channel import MOST_AHEAD_NS, FarFrameReader
from bttop.engine.tracer.frames import HEADER, Frame
from bttop.errors import TracerLost
from bttop.model.record.records import FOREVER
from bttop.store.recording.snapshot_files import claim
from bttop.store.snapshot.check_up import checkup, summary
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import beat
from tests.store.made import FACTS, SESSION
from tests.ui.scenes import FakeEngine, calls

MARK: Final = b"mark"
OWN: Final = own_clock()
EDGES: Final = [
    0, 1, 1 << 60, MOST_AHEAD_NS, 1 << 61, (1 << 61) + 1, FOREVER - 1, FOREVER, 1 << 63, (1 << 64) - 1,
    OWN.boot_ns, OWN.wall_ns, OWN.boot_ns + MOST_AHEAD_NS, OWN.wall_ns + MOST_AHEAD_NS,
]  # fmt: skip
TIMES = st.one_of(st.sampled_from(EDGES), st.integers(0, (1 << 64) - 1))


def far_frames(lines: list[str], ident: int, boot_ns: int, wall_ns: int) -> list[Frame]:
    """The lines as they come from a host with these times. Raises TracerLost if it is refused."""
    sent = [HEADER.pack(b"o", ident, boot_ns, wall_ns, len(line)) + line.encode() for line in lines]
    return FarFrameReader(MARK).feed(MARK + b"".join(sent))


def recorded(path: Path, boot_ns: int, wall_ns: int, nsecs: int) -> None:
    """Record a flush whose lines have these times and whose heartbeat says `nsecs`."""
    fake, clock = FakeEngine(), FarClock()
    program = fake.add("calls", "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }")
    rows, nonce = calls(program, {"7,nginx": 3}), program.plan.nonce
    records = [{"type": "attached_probes", "data": {"probes": 1}}, beat(1, 5, 0, nonce), rows, beat(2, nsecs, 0, nonce)]
    lines = [one if isinstance(one, str) else json.dumps(one) for one in records]
    frames = far_frames(lines, fake._id(program), boot_ns, wall_ns)
    clock.met(own_clock(), frames[0].stamp)
    claim(path, replace=True)
    recorder = Recorder(SESSION, "web1")
    host = HostRecorder(recorder, FACTS, clock_of(clock), clock.now)
    fake.engine.observe(host)
    recorder.start(path)
    fake.engine._router.take(frames)
    host.mark("a mark", "user")
    assert recorder.close(20)


@settings(max_examples=60, deadline=None)
@given(TIMES, TIMES, st.one_of(TIMES, st.just(None)))
@example(OWN.boot_ns + MOST_AHEAD_NS - 1, OWN.wall_ns, 5)
@example(OWN.boot_ns, OWN.wall_ns + MOST_AHEAD_NS - 1, FOREVER - 1)
@example(0, 0, 0)
@example(100_000_000_000, 1, 95_000_000_000)
@example(FOREVER - 1, OWN.wall_ns, FOREVER - 1)
@example(OWN.boot_ns + MOST_AHEAD_NS - 1, OWN.wall_ns, None)
@example(OWN.boot_ns + MOST_AHEAD_NS // 2, OWN.wall_ns, None)
def test_a_host_is_refused_or_its_recording_can_be_read(boot_ns: int, wall_ns: int, nsecs: int | None) -> None:
    """`nsecs`: that of the second heartbeat; None: the clock of the lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.bttop"
        try:
            recorded(path, boot_ns, wall_ns, boot_ns if nsecs is None else nsecs)
        except TracerLost as problem:
            assert "its clock is" in problem.cause or "an impossible time" in problem.cause
            return
        with Snapshot(path) as snapshot:
            assert [host.name for host in snapshot.hosts] == [FACTS.name]
            assert [program.name for program in snapshot.programs] == ["calls"]
            assert len(snapshot.marks()) == 1
            found, about = checkup(snapshot), summary(snapshot)
            assert (found.faults, snapshot.problems) == ((), [])
            assert found.flushes == about.programs[0].flushes
            assert about.span is not None


@pytest.mark.parametrize(
    ("boot_ns", "wall_ns", "says"),
    [
        (FOREVER - 1, OWN.wall_ns, "its clock is 146 years ahead of that of this host: set it first"),
        (OWN.boot_ns, FOREVER - 1, "years ahead of"),
        (FOREVER, OWN.wall_ns, "an impossible time"),
    ],
    ids=["since its start", "of day", "beyond all"],
)
def test_the_reason_says_how_far_the_clock_is(boot_ns: int, wall_ns: int, says: str) -> None:
    with pytest.raises(TracerLost, match=says):
        far_frames(["x"], 1, boot_ns, wall_ns)


def test_a_host_without_a_battery_that_begins_in_1970_is_traced() -> None:
    assert far_frames(["x"], 1, 5_000_000_000, 5_000_000_000)
