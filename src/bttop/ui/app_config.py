"""The configuration of the dashboard: folders, themes, glyphs, recorder and trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.host.process_lookup import ProcessLookup
from bttop.engine.session import ProcessSource
from bttop.store.snapshot.recording_events import MarkSet
from bttop.trust import EVERYBODY, Trust
from bttop.ui.render.spans import Glyphs
from bttop.ui.themes import Theme

if TYPE_CHECKING:
    from bttop.engine.recording.recorder import Recorder


@dataclass(frozen=True, slots=True)
class AppConfig:
    """Everything that the dashboard gets besides the session."""

    probe_folders: tuple[Path, ...]
    theme_folders: tuple[Path, ...]
    themes: Mapping[str, Theme]
    theme: str
    glyphs: Glyphs
    notices: Sequence[str] = ()
    """Warnings from before the screen was open."""
    processes: ProcessSource = field(default_factory=ProcessLookup)
    recorder: Recorder | None = None
    """None in a review."""
    marks: Sequence[MarkSet] = ()
    """The marks of the recording in a review; else empty."""
    moment: int | None = None
    """Where a review begins, on CLOCK_BOOTTIME in ns; None plays from the beginning."""
    trust: Trust = EVERYBODY
    """Decides which probe files and themes may be used."""
    seconds: float | None = None
    """Seconds to run; None runs until the user quits."""
