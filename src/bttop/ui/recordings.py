"""Recording from the dashboard: the light in the header, the keys `r` and `m`, and what is said when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.engine import boot_ns
from bttop.model import numbers
from bttop.model.records import Stamp
from bttop.store.happenings import Marked
from bttop.ui.ask import Question
from bttop.ui.spans import Span

if TYPE_CHECKING:
    from bttop.engine.recorder import Recorder, Recording
    from bttop.ui.app import BttopApp

_PATIENCE = 30.0
"""Seconds for the last lines to reach a slow disk."""


class Recordings:
    """What the screen does with the recorder. In a review there is none, and the marks are those of the file."""

    def __init__(self, app: BttopApp, recorder: Recorder | None, marks: Sequence[Marked] = ()) -> None:
        self._app = app
        self._recorder = recorder
        self._recorded_marks = marks
        self._seen: Recording | None = None
        self._told_loss: Path | None = None
        """The recording of which it was said that something is missing."""

    @property
    def marks(self) -> Sequence[Marked]:
        """All marks there are."""
        return self._recorded_marks if self._recorder is None else self._recorder.marks

    @property
    def is_recording(self) -> bool:
        """Whether a recording goes on."""
        return self._recorder is not None and _runs(self._recorder.recording)

    def begin(self) -> None:
        """The first frame is there: the recorder may take in what has come so far."""
        if self._recorder is not None:
            self._recorder.begin()

    def toggle(self) -> None:
        """Begin a recording, or end the one that runs."""
        recorder = self._recorder
        if recorder is None:
            self._app.tell("this is a recording already", "warn")
        elif _runs(recorder.recording):
            self._app.run_worker(self._stop, thread=True, group="recorder")
        else:
            recorder.save()

    def _stop(self) -> None:
        """Wait on a thread of its own: what is still to be written may meet a slow disk."""
        assert self._recorder is not None
        recording = self._recorder.recording
        self._recorder.stop()
        whole = self._recorder.wait(_PATIENCE)
        if recording is None or self._recorder.recording is not None:
            return  # it has failed instead, which is said by itself
        told = f"recorded {_size(recording.path)}: {recording.path}"
        told = told if whole else f"still being written: {recording.path}"
        lost = self._recorder.new_losses
        missing = "; ".join([told, *lost.sentences])
        self._app.call_from_thread(self._app.tell, missing, "error" if lost else "hint", stays=bool(lost))

    def ask_mark(self) -> None:
        """Ask for a note, and set a mark at the moment on show."""
        recorder, travel = self._recorder, self._app.travel
        if recorder is None:
            self._app.tell("this is a recording: its marks were set when it was made", "warn")
            return
        moment = travel.clock.moment
        stamp = Stamp(moment, travel.wall_ns(moment))

        def done(note: str | None) -> None:
            if note is None:
                return
            recorder.mark(note.strip(), stamp=stamp)
            kept = "" if _runs(recorder.recording) else "; r saves the last minutes with it"
            self._app.tell(f"marked {travel.clock.time_of_day(moment)}{kept}")

        self._app.ask(Question("mark: ", done))

    def check(self) -> None:
        """Say what has changed by itself: a file begun, a loss, a failure. Called with every repaint."""
        recording = None if self._recorder is None else self._recorder.recording
        before, self._seen = self._seen, recording
        if recording is None:
            return
        if recording.failure and (before is None or not before.failure):
            hint = f"; {recording.hint}" if recording.hint else ""
            self._app.tell(f"recording ended: {recording.failure}{hint}", "error", stays=True)
        elif not recording.failure and (before is None or before.path != recording.path):
            self._app.tell(f"recording to {recording.path}")
        elif not recording.failure and self._told_loss != recording.path:
            self._tell_loss(recording.path)

    def _tell_loss(self, path: Path) -> None:
        """Say the first loss of a recording; the light counts what is lost after it."""
        assert self._recorder is not None
        if lost := self._recorder.new_losses:
            self._told_loss = path
            self._app.tell(f"recording: {'; '.join(lost.sentences)}", "error", stays=True)

    def spans(self) -> tuple[Span, ...]:
        """The light in the header, how long it has been on, and how many flushes the recording lacks."""
        recorder = self._recorder
        recording = None if recorder is None else recorder.recording
        if recorder is None or recording is None:
            return ()
        light = self._app.glyphs.light
        if recording.failure:
            return (Span(f"{light} failed  ", "error"),)
        seconds = max(0, round((boot_ns() - recording.since.boot_ns) / 1e9))
        lost = recorder.new_losses
        missing = (Span(f"{lost.count:,} lost  ", "warn"),) if lost else ()
        return (Span(f"{light} {numbers.duration(seconds)}  ", "error"), *missing)


def _runs(recording: Recording | None) -> bool:
    return recording is not None and not recording.failure


def _size(path: Path) -> str:
    try:
        return f"{numbers.size(path.stat().st_size)}B"
    except OSError as error:
        return f"nothing readable ({error.strerror})"
