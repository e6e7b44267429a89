"""Texts that a key writes to a new private file in a folder of bttop."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Final

from bttop.errors import BttopError
from bttop.files import create_with, make_folder
from bttop.paths import state_home

_MOST_OF_A_SECOND: Final = 99


def saved(folder_name: str, host: str, suffix: str, text: str) -> str:
    """Write the text to a new file named after the host and the time; return a sentence that says where it is, or why
    it is nowhere."""
    folder = state_home() / folder_name
    try:
        make_folder(folder)
        path = _new_file(folder, host, suffix, text.encode(errors="replace"))
    except (OSError, BttopError) as error:
        return f"not written to {folder}: {error}"
    return f"written to {path}"


def _new_file(folder: Path, host: str, suffix: str, content: bytes) -> Path:
    name = f"{re.sub(r'[^A-Za-z0-9._-]', '_', host)[:64] or 'host'}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    for count in range(1, _MOST_OF_A_SECOND):
        path = folder / f"{name}{'' if count == 1 else f'-{count}'}{suffix}"
        if not os.path.lexists(path):
            create_with(path, content)
            return path
    raise BttopError(f"{folder} has {_MOST_OF_A_SECOND} files of this second", title="not written")
