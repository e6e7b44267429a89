"""`bttop`: the live dashboard."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING

from bttop import __version__
from bttop.commands.arguments import duration, tracing_parser, trust_of, with_saving
from bttop.commands.tracing import start_engine
from bttop.engine.idle import Vigil
from bttop.engine.losses import given_up_text
from bttop.errors import UsageError
from bttop.output import warn
from bttop.paths import overlay

if TYPE_CHECKING:
    from bttop.engine.recorder import Recorder

PATIENCE = 5.0
"""Seconds in which the disk takes nothing, after which a recording is given up at the end."""
IDLE = 8 * 3600.0
"""Seconds without a key after which nobody is taken to be there."""

_EPILOG = """without PROBE and -e the five questions of every incident: syscalls, retransmits, vfs_read,
sched_switch, profile.

other commands:
  bttop record [...]  a snapshot, without a screen
  bttop stream [...]  the same flushes as lines of JSON on standard output
  bttop review FILE   a snapshot on the same screen, without root
  bttop demo          a snapshot that comes with bttop
  bttop info, verify, export, report FILE; bttop diff A B
  bttop doctor        what this host lets bttop do, and what mends the rest
  bttop probes        the library, with what can run here and why not
"""


def run(arguments: Sequence[str]) -> int:
    """Run the dashboard until it is left."""
    parser = with_saving(
        tracing_parser("bttop", "top for bpftrace: several bpftrace programs on one live screen", _EPILOG)
    )
    parser.add_argument("--theme", metavar="NAME", help="colour theme (t goes round them)")
    parser.add_argument(
        "--for", dest="duration", metavar="DURATION", type=duration, help="end after this long: 5s, 10m, 1h"
    )
    parser.add_argument(
        "--idle",
        metavar="DURATION",
        type=duration,
        default=IDLE,
        help="detach everything when no key was touched for this long (default 8h)",
    )
    parser.add_argument("--version", action="version", version=f"bttop {__version__}")
    options = parser.parse_args(arguments)
    check_terminal()
    folders = overlay("probes", options.probes)
    # The rest of the library is read behind the first frame.
    engine, settings = start_engine(options, "bttop")
    forget_framework_settings(os.environ)
    engine.vigil = Vigil(options.idle, engine.seconds_run)
    try:
        # Only now, while the programs compile and attach: the recorder's libraries take 20 ms, the screen's 200.
        from bttop.engine.recorder import Recorder, facts_of
        from bttop.engine.saving import Saver, read_triggers

        triggers = read_triggers(options.save_when, engine.programs)
        recorder = Recorder(facts_of(engine.host, engine.bpftrace, shlex.join(["bttop", *arguments])), at_once=False)
        engine.observe(recorder)
        engine.observe(Saver(recorder, triggers))
        engine.start()
        from bttop.ui.run import run_dashboard

        code = run_dashboard(engine, settings, folders, options.theme, trust_of(options), recorder, options.duration)
        return int(_tell_recordings(recorder)) or code
    finally:
        engine.close()


def _tell_recordings(recorder: Recorder) -> bool:
    """End the recording and say which there are and what they lack; whether anything is missing."""
    is_written = recorder.close(PATIENCE)
    unfinished = [] if is_written else recorder.files[-1:]
    for path in recorder.files:
        if path not in recorder.failed and path not in unfinished:
            warn(f"bttop: recorded: {path}")
    for cause in recorder.failed.values():
        warn(f"bttop: recording stopped: {cause}")
    lost = recorder.losses.sentences if recorder.files else ()
    for sentence in lost:
        warn(f"bttop: recording: {sentence}")
    for path in unfinished:
        warn(f"bttop: recording: {given_up_text(recorder.intake.waiting_flushes, path)}")
    return bool(recorder.failed or lost or unfinished)


def forget_framework_settings(environment: MutableMapping[str, str]) -> None:
    """Textual reads `TEXTUAL_*` when it is imported; some of them load code, write files or press keys. Whoever calls
    bttop as root must not be able to do that by the environment, and nobody else needs it."""
    for name in [name for name in environment if name.startswith("TEXTUAL")]:
        del environment[name]


def check_terminal(hint: str = "bttop stream --for 5s") -> None:
    """Raise UsageError where no screen can be shown, with a command that needs none."""
    for stream, name in ((sys.stdin, "standard input"), (sys.stdout, "standard output")):
        if stream is None or not stream.isatty():
            raise UsageError(f"{name} is not a terminal", title="no terminal", hint=hint)
    if os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError("this terminal cannot be drawn on (TERM=dumb)", title="no terminal", hint=hint)
