"""Programs that nobody looks at are detached, and come back with the first key."""

from __future__ import annotations

from bttop.engine.program.status import ProgramState
from bttop.engine.safety.idle_monitor import IdleMonitor
from tests.engine.stage import SECOND, Stage, state

HOUR = 3600


def alone(stage: Stage, hours: float) -> None:
    """Nobody touches a key for so long, while the program goes on."""
    stage.now += round(hours * HOUR * SECOND)


def watched(stage: Stage) -> IdleMonitor:
    return IdleMonitor(8 * HOUR, lambda: stage.now / SECOND)


def test_after_eight_hours_without_a_key_everything_is_detached_and_says_why() -> None:
    stage = Stage()
    stage.go_live()
    idle_monitor = watched(stage)
    alone(stage, 7.9)
    idle_monitor.look([stage.program], stage.now)
    assert state(stage) is ProgramState.LIVE
    alone(stage, 0.1)
    idle_monitor.look([stage.program], stage.now)
    assert 1 in stage.stopped
    stage.exit(stage.last, 0)
    assert state(stage) is ProgramState.HELD
    assert "nobody touched a key for 8 h" in stage.program.status.reason
    assert stage.program.history.appended


def test_a_key_in_time_keeps_everything() -> None:
    stage = Stage()
    stage.go_live()
    idle_monitor = watched(stage)
    alone(stage, 7.9)
    idle_monitor.touch()
    alone(stage, 7.9)
    idle_monitor.look([stage.program], stage.now)
    assert state(stage) is ProgramState.LIVE


def test_the_first_key_starts_what_was_detached_and_nothing_else() -> None:
    stage, stopped = Stage(), Stage()
    stage.go_live()
    stopped.go_live()
    stopped.program.stop(stopped.now)
    stopped.exit(stopped.last, 0)
    programs = [stage.program, stopped.program]
    idle_monitor = watched(stage)
    alone(stage, 9)
    idle_monitor.look(programs, stage.now)
    stage.exit(stage.last, 0)
    idle_monitor.look(programs, stage.now)
    assert state(stage) is ProgramState.HELD
    idle_monitor.touch()
    idle_monitor.look(programs, stage.now)
    assert state(stage) is ProgramState.STARTING
    assert state(stopped) is ProgramState.STOPPED
    assert len(stage.launched) == 2


def test_what_the_key_itself_started_is_not_started_twice() -> None:
    stage = Stage()
    stage.go_live()
    idle_monitor = watched(stage)
    alone(stage, 9)
    idle_monitor.look([stage.program], stage.now)
    stage.exit(stage.last, 0)
    idle_monitor.touch()
    stage.program.start(stage.now)
    idle_monitor.look([stage.program], stage.now)
    assert len(stage.launched) == 2
