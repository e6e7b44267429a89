"""The file and the limits of a recording, from the options of `bttop record`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from bttop.engine.recording.recording import Limits
from bttop.store.recording.snapshot_files import claim, new_snapshot


def limits_of(options: argparse.Namespace) -> Limits:
    """`--max-size` and `--max-age`."""
    return Limits(options.max_size, round(options.max_age * 1e9))


def recording_path(options: argparse.Namespace, name: str) -> Path:
    """Create the empty file of `-o`, else a new one named after the host; return its path. Raises BttopError."""
    wanted: Path | None = options.out
    if wanted is None:
        return new_snapshot(name, time.time_ns())
    claim(wanted, replace=options.overwrite)
    return wanted
