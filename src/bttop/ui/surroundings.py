"""What the dashboard is given beside its programs: where its files are, how it looks, and whom it may ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.identities import Identities
from bttop.engine.session import People
from bttop.store.happenings import Marked
from bttop.trust import EVERYBODY, Trust
from bttop.ui.spans import Glyphs
from bttop.ui.themes import Theme

if TYPE_CHECKING:
    from bttop.engine.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the dashboard has around it."""

    probe_folders: tuple[Path, ...]
    theme_folders: tuple[Path, ...]
    themes: Mapping[str, Theme]
    theme: str
    glyphs: Glyphs
    notices: Sequence[str] = ()
    """What went wrong before the screen was there."""
    people: People = field(default_factory=Identities)
    recorder: Recorder | None = None
    """None in a review."""
    marks: Sequence[Marked] = ()
    """Those of a recording."""
    moment: int | None = None
    """Where a review begins, on CLOCK_BOOTTIME; without one it plays from the beginning."""
    trust: Trust = EVERYBODY
    """Whose probe files and themes are obeyed."""
    seconds: float | None = None
    """How long to live; None: until somebody leaves."""
