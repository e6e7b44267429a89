"""The configuration of the dashboard: folders, themes, glyphs, recorder and trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from bttop.engine.host.process.process_lookup import ProcessLookup
from bttop.engine.session import FrameNames, ProcessSource
from bttop.model.history.span import TimeSpan
from bttop.store.snapshot.recording_events import MarkSet
from bttop.trust import EVERYBODY, Trust
from bttop.ui.render.spans import Glyphs
from bttop.ui.themes import Theme

if TYPE_CHECKING:
    from bttop.engine.recording.host_watch import HostWatch
    from bttop.engine.recording.recorder import Recorder
    from bttop.store.compare.period import PeriodReading


class AppConfig(Struct, frozen=True):
    """Everything that the dashboard gets besides the session."""

    probe_folders: tuple[Path, ...]
    theme_folders: tuple[Path, ...]
    themes: Mapping[str, Theme]
    theme: str
    glyphs: Glyphs
    follows_background: bool = False
    """Whether the terminal's background may choose another theme."""
    notices: Sequence[str] = ()
    """Warnings from before the screen was open."""
    processes: ProcessSource = field(default_factory=ProcessLookup)
    frame_names: FrameNames | None = None
    """Names user addresses that bpftrace prints without a name; None leaves them as they are."""
    recorder: Recorder | None = None
    """None in a review."""
    watch: HostWatch | None = None
    """Records what changes about the connections to several hosts."""
    marks: Sequence[MarkSet] = ()
    """The marks of the recording in a review; else empty."""
    moment: int | TimeSpan | None = None
    """Where a review begins, on CLOCK_BOOTTIME in ns, or the span that it shows first; None is the beginning."""
    plays: bool = True
    """Whether a review plays at first."""
    baseline: PeriodReading | None = None
    """The baseline that the command line names."""
    trust: Trust = EVERYBODY
    """Decides which probe files and themes may be used."""
    seconds: float | None = None
    """Seconds to run; None runs until the user quits."""
