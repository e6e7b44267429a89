"""`bttop review`: shows a recording on the same screen, on any machine, without root or bpftrace."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from bttop.commands.arguments import Parser, with_times
from bttop.commands.dashboard import check_terminal, forget_framework_settings
from bttop.engine.recording.replay import ReplaySession
from bttop.paths import shipped
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.times import parse_time
from bttop.trust import Trust


def run(arguments: Sequence[str]) -> int:
    """Show a snapshot until the user leaves it."""
    parser = Parser(prog="bttop review", description="show a recording as it was on the screen")
    parser.add_argument("file", metavar="FILE", type=Path, help="a snapshot (*.bttop)")
    parser.add_argument("--at", metavar="TIME", default="", help="pause at 03:11, 03:11:04 or -5m (before the end)")
    parser.add_argument("--theme", metavar="NAME", help="colour theme (the key t switches it)")
    options = parser.parse_args(with_times(arguments))
    return review(options.file, options.at, options.theme)


def review(path: Path, at: str = "", theme: str | None = None) -> int:
    """Show a snapshot; without a time, play it from the beginning. Raises BttopError."""
    check_terminal(hint=f"bttop export {path}")
    with Snapshot(path) as snapshot:
        replay = ReplaySession(snapshot)
        moment = parse_time(at, replay.begin, replay.end) if at else None
        forget_framework_settings(os.environ)
        # Imported after the checks: they report errors without this delay.
        from bttop.ui.run import run_review

        return run_review(replay, moment, theme, Trust.of_root([shipped("themes")]))
