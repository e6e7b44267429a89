"""Reads a period of a recording, which can be the baseline of another session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from bttop.engine.recording.replay import ReplaySession
from bttop.engine.session_period import session_period
from bttop.errors import UsageError
from bttop.model.record.records import Stamp
from bttop.store.compare.period import PeriodReading
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.times import parse_window, split_operand, wall_at, window


def recorded_period(operand: str, hosts: Sequence[str] = ()) -> PeriodReading:
    """Read `FILE@FROM..TO`, or the whole file; only these hosts of it. The first step opens it, and raises BttopError
    if there is nothing to read."""
    file, times = split_operand(operand)
    if not file:
        raise UsageError(f"{operand!r} names no recording: write FILE@FROM..TO", title="baseline")
    with Snapshot(Path(file).expanduser(), hosts) as snapshot:
        replay = ReplaySession(snapshot)
        span = (replay.begin, replay.end)
        ends = parse_window(times, *span) if times else window(None, None, *span)
        begin, end = (Stamp(moment, wall_at(moment, *span)) for moment in ends)
        yield
        namer, name = replay.frame_names().name, snapshot.path.name
        period = yield from session_period(replay, "a recording", begin, end, namer, name)
        return replace(period, problems=tuple(snapshot.problems))
