"""Recording from the dashboard: start and end it, show it in the header, and report losses and failures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.model.format import numbers
from bttop.model.record.records import Stamp
from bttop.ui.render.spans import Glyphs, Span

if TYPE_CHECKING:
    from bttop.engine.recording.host_watch import HostWatch
    from bttop.engine.recording.recorder import Recorder
    from bttop.engine.recording.recording import Recording
    from bttop.store.snapshot.recording_events import MarkSet
    from bttop.ui.services.screen_access import ScreenAccess

_PATIENCE = 30.0
"""Seconds to wait until the last lines are written to a slow disk."""


class Recordings:
    """The dashboard's side of the recorder. A review has no recorder and shows the marks of the file."""

    def __init__(
        self,
        screen: ScreenAccess,
        glyphs: Glyphs,
        recorder: Recorder | None,
        marks: Sequence[MarkSet] = (),
        watch: HostWatch | None = None,
    ) -> None:
        """`marks` are the marks of the file if there is no recorder. `watch` looks at the connections to several
        hosts."""
        self._screen = screen
        self._glyphs = glyphs
        self._recorder = recorder
        self._recorded_marks = marks
        self._watch = watch
        self._seen: Recording | None = None
        self._told_loss: Path | None = None
        """The recording whose loss was reported."""

    @property
    def marks(self) -> Sequence[MarkSet]:
        """All marks."""
        return self._recorded_marks if self._recorder is None else self._recorder.marks

    @property
    def is_recording(self) -> bool:
        """Whether a recording is being made."""
        return self._recorder is not None and _runs(self._recorder.recording)

    def begin(self) -> None:
        """After the first frame: let the recorder take in what has arrived so far."""
        if self._recorder is not None:
            self._recorder.begin()

    def toggle(self) -> None:
        """Start a recording, or end the current one."""
        recorder = self._recorder
        if recorder is None:
            self._screen.tell("this is already a recording", "warn")
        elif _runs(recorder.recording):
            self._screen.on_a_thread(self._stop, "recorder")
        else:
            recorder.save()

    def _stop(self) -> None:
        """End the recording and report its size. Runs on a thread: writing the rest to a slow disk may take long."""
        assert self._recorder is not None
        recording = self._recorder.recording
        self._recorder.stop()
        whole = self._recorder.wait(_PATIENCE)
        if recording is None or self._recorder.recording is not None:
            return  # it has failed instead; `check` reports that
        told = f"recorded {_size(recording.path)}: {recording.path}; bttop review, report and export read it"
        told = told if whole else f"still being written: {recording.path}"
        lost = self._recorder.new_losses
        missing = "; ".join([told, *lost.sentences])
        self._screen.from_thread(lambda: self._screen.tell(missing, "error" if lost else "hint", stays=bool(lost)))

    def mark(self, note: str, stamp: Stamp) -> bool:
        """Set a mark; return whether it is written to a file now. Needs a recorder."""
        assert self._recorder is not None
        self._recorder.mark(note, stamp=stamp)
        return self.is_recording

    @property
    def can_mark(self) -> bool:
        """Whether marks can be set; False in a review."""
        return self._recorder is not None

    def check(self) -> None:
        """Report what has changed since the last call: a new file, a loss or a failure. Called with every repaint."""
        if self._watch is not None:
            self._watch.look()
        recording = None if self._recorder is None else self._recorder.recording
        before, self._seen = self._seen, recording
        if recording is None:
            return
        if recording.failure and (before is None or not before.failure):
            hint = f"; {recording.hint}" if recording.hint else ""
            self._screen.tell(f"recording ended: {recording.failure}{hint}", "error", stays=True)
        elif not recording.failure and (before is None or before.path != recording.path):
            self._screen.tell(f"recording to {recording.path}")
        elif not recording.failure and self._told_loss != recording.path:
            self._tell_loss(recording.path)

    def _tell_loss(self, path: Path) -> None:
        """Report the first loss of a recording; the header counts all losses."""
        assert self._recorder is not None
        if lost := self._recorder.new_losses:
            self._told_loss = path
            self._screen.tell(f"recording: {'; '.join(lost.sentences)}", "error", stays=True)

    def spans(self) -> tuple[Span, ...]:
        """The recording in the header: a light, how long it has run, and how many flushes are missing in it."""
        recorder = self._recorder
        recording = None if recorder is None else recorder.recording
        if recorder is None or recording is None:
            return ()
        light = self._glyphs.light
        if recording.failure:
            return (Span(f"{light} failed  ", "error"),)
        seconds = max(0, round((recorder.now().boot_ns - recording.since.boot_ns) / 1e9))
        lost = recorder.new_losses
        missing = (Span(f"{lost.count:,} lost  ", "warn"),) if lost else ()
        return (Span(f"{light} {numbers.duration(seconds)}  ", "error"), *missing)


def _runs(recording: Recording | None) -> bool:
    return recording is not None and not recording.failure


def _size(path: Path) -> str:
    try:
        return f"{numbers.size(path.stat().st_size)}B"
    except OSError as error:
        return f"an unreadable file ({error.strerror})"
