"""Automatic saving: when a condition is true or a pane becomes silent, sets a mark and starts a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.generation.generation import Generation
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.engine.recording.host_recorder import HostRecorder
from bttop.errors import UsageError
from bttop.model.flush.flush import Flush
from bttop.model.record.records import Stamp

if TYPE_CHECKING:
    from bttop.model.flush.trigger import Trigger

COOLDOWN_NS = 600_000_000_000
"""Minimum time between two saves for the same cause: a condition that stays true would fill the disk."""
AFTERMATH_NS = 120_000_000_000
"""An automatic recording ends this long after its last cause."""


class AutomaticSaver(Observer):
    """Observes the programs of one host, and controls the recorder. Engine thread only."""

    def __init__(self, host: HostRecorder, triggers: Sequence[Trigger] = ()) -> None:
        self._host = host
        self._recorder = host.recorder
        self._triggers = tuple(triggers)
        self._fired: dict[str, int] = {}
        self._states: dict[Program, ProgramState] = {}
        self._own: Path | None = None
        """The file of the automatic recording, once its name is known."""
        self._waits_for_name = False
        self._until = 0

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:  # noqa: ARG002
        for trigger in self._triggers:
            if trigger.concerns(program.name) and trigger.holds(flush):
                stamp = Stamp(flush.end_ns, flush.wall_ns)
                self._save("trigger", f"{trigger.text} in {program.name}", trigger.text, stamp)
        self._end_in_time(flush.end_ns)

    def changed(self, program: Program) -> None:
        state = program.status.state
        before = self._states.get(program)
        self._states[program] = state
        if state is ProgramState.SILENT and before is not ProgramState.SILENT:
            self._save("silent", f"{program.name}: {program.status.reason}", f"silent {program.name}", None)

    def _save(self, cause: str, note: str, about: str, stamp: Stamp | None) -> None:
        now = self._host.now().boot_ns if stamp is None else stamp.boot_ns
        last = self._fired.get(about)
        if last is not None and now - last < COOLDOWN_NS:
            return
        self._fired[about] = now
        self._host.mark(note, cause, stamp)
        recording = self._recorder.recording
        if recording is None or recording.failure:
            self._recorder.save()
            self._own, self._waits_for_name = None, True
        self._until = now + AFTERMATH_NS

    def _end_in_time(self, now: int) -> None:
        """End the automatic recording when its time is over. A recording that the user has started since continues."""
        recording = self._recorder.recording
        if self._waits_for_name and recording is not None and not recording.failure:
            self._own, self._waits_for_name = recording.path, False
        if self._own is not None and now >= self._until:
            if recording is not None and recording.path == self._own:
                self._recorder.stop()
            self._own = None


def read_triggers(texts: Sequence[str], programs: Sequence[Program]) -> tuple[Trigger, ...]:
    """Parse the conditions of a command line. Raises UsageError for an invalid one or an unknown program or map."""
    return tuple([_read(text, programs) for text in texts])


def _read(text: str, programs: Sequence[Program]) -> Trigger:
    from bttop.model.flush.trigger import parse_trigger  # not at startup: it would delay the first frame

    found = parse_trigger(text)
    if isinstance(found, str):
        raise UsageError(found)
    named = [program for program in programs if found.concerns(program.name)]
    if not named:
        known = ", ".join(program.name for program in programs)
        raise UsageError(f"{text}: there is no program {found.program!r}; there are: {known}")
    # The maps of a script that bttop cannot parse are unknown until it prints them.
    maps = {name for program in named for name in program.plan.maps}
    if maps and found.map not in maps and all(program.plan.maps for program in named):
        raise UsageError(f"{text}: there is no map {found.map}; there are: {', '.join(sorted(maps))}")
    return found
