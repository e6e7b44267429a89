"""Whether the terminal's background was light, for the picture that is shown before the terminal can be asked."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from bttop.paths import state_home
from bttop.trust import Trust

_DARK: Final = frozenset({*map(str, range(7)), "8"})
"""The numbers of dark colours in COLORFGBG, which some terminals set to `foreground;background`."""
_NAME: Final = "background"
_LONGEST: Final = 16


def looked_light() -> bool:
    """Whether COLORFGBG says that the background is light, or else the terminal of the last run answered that it is."""
    told = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    if told.isdecimal():
        return told not in _DARK
    try:
        return Trust.of_root().read(_place(), _LONGEST).strip() == b"light"
    except OSError:
        return False


def remember_background(*, dark: bool) -> None:
    """Keep the answer of a terminal for the next run, if it can be written."""
    from bttop.files import make_folder, write_whole  # not needed before the terminal answers

    if looked_light() is not dark:
        return
    with contextlib.suppress(OSError):
        make_folder(_place().parent)
        write_whole(_place(), b"dark\n" if dark else b"light\n")


def _place() -> Path:
    return state_home() / _NAME
