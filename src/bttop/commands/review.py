"""`bttop review`: shows a recording on the same screen, on any machine, without root or bpftrace."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.commands.dashboard import check_terminal, forget_framework_settings
from bttop.commands.options.arguments import Parser, add_recorded_hosts, with_times
from bttop.engine.recording.replay import ReplaySession
from bttop.errors import UsageError, bttop_command
from bttop.model.history.span import TimeSpan
from bttop.paths import shipped
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.times import BETWEEN, clock, operand_within, parse_time, parse_window
from bttop.trust import Trust
from bttop.ui.opening import FirstPicture, picture, styles_for
from bttop.ui.terminal.opening_screen import OpeningScreen

if TYPE_CHECKING:
    from bttop.store.compare.period import PeriodReading


def run(arguments: Sequence[str]) -> int:
    """Show a snapshot until the user leaves it."""
    parser = Parser(prog="bttop review", description="show a recording as it was on the screen")
    parser.add_argument("file", metavar="FILE", type=Path, help="a snapshot (*.bttop)")
    parser.add_argument(
        "--at",
        metavar="TIME",
        default="",
        help="pause at 03:11, -5m (before the end) or +30s (after the start), or show a span: 03:10..03:12",
    )
    parser.add_argument("--theme", metavar="NAME", help="colour theme (the key t switches it)")
    parser.add_argument(
        "--baseline", metavar="FILE[@FROM..TO]", default="", help="compare with this part of a recording (the key b)"
    )
    add_recorded_hosts(parser)
    options = parser.parse_args(with_times(arguments))
    baseline = operand_within(options.baseline, options.file)
    return review(options.file, options.at, options.theme, baseline=baseline, hosts=options.hosts)


def _moment(at: str, replay: ReplaySession) -> int | TimeSpan:
    """Return the moment or the span that `--at` means. Raises UsageError if the recording does not contain it."""
    if BETWEEN in at:
        return TimeSpan(*parse_window(at, replay.begin, replay.end))
    moment = parse_time(at, replay.begin, replay.end)
    if not replay.begin.boot_ns <= moment <= replay.end.boot_ns:
        lasts = f"it lasts from {clock(replay.begin)} to {clock(replay.end)}"
        fix = bttop_command("review", replay.snapshot.path, "--at", clock(replay.end).replace(" ", "T"))
        raise UsageError(f"--at {at} is outside the recording: {lasts}", title="review", hint=fix)
    return moment


def _baseline(operand: str, hosts: Sequence[str]) -> PeriodReading:
    """Open the baseline, so that an error comes before the screen. Raises BttopError."""
    from bttop.engine.recording.recorded_period import recorded_period

    reading = recorded_period(operand, hosts)
    next(reading)
    return reading


def review(
    path: Path,
    at: str = "",
    theme: str | None = None,
    *,
    from_first_mark: bool = False,
    baseline: str = "",
    hosts: Sequence[str] = (),
) -> int:
    """Show a snapshot, or only these hosts of it: paused at a time, else playing from its first mark or its beginning.
    Raises BttopError."""
    check_terminal(hint=bttop_command("export", path))
    gc.disable()  # until the first frame, as for the dashboard
    with Snapshot(path, hosts) as snapshot:
        replay = ReplaySession(snapshot)
        moment: int | TimeSpan | None = _moment(at, replay) if at else None
        reading = _baseline(baseline, hosts) if baseline else None
        if from_first_mark and replay.marks:
            moment = replay.marks[0].stamp.boot_ns
        forget_framework_settings(os.environ)
        trust = Trust.of_root([shipped("themes")])
        styles = styles_for(theme, trust)
        content = FirstPicture(
            replay.host.name, replay.host.kernel, [one.name for one in replay.programs], ("", ""), "opening"
        )
        with OpeningScreen() as opening:
            opening.show(lambda: picture(content, styles, *opening.size))
            # Imported after the checks: they report errors without this delay.
            from bttop.ui.run import run_review

            return run_review(replay, moment, theme, trust, opening, plays=not at, baseline=reading)
