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
from bttop.engine.recording.losses import given_up_text
from bttop.engine.safety.idle_monitor import IdleMonitor
from bttop.errors import UsageError
from bttop.output import warn
from bttop.paths import overlay

if TYPE_CHECKING:
    from bttop.engine.recording.recorder import Recorder

PATIENCE = 5.0
"""Seconds without disk progress after which bttop, when it ends, gives up writing a recording."""
IDLE = 8 * 3600.0
"""Default idle timeout in seconds."""

_EPILOG = """without PROBE and -e, bttop runs the five stock probes: syscalls, retransmits, vfs_read,
sched_switch, profile.

other commands:
  bttop record [...]  record a snapshot, without a screen
  bttop stream [...]  write the flushes as lines of JSON to standard output
  bttop review FILE   show a snapshot on the same screen, without root
  bttop demo          show a snapshot that comes with bttop
  bttop info, verify, export, report FILE; bttop diff A B
  bttop doctor        check what works on this host, and how to fix the rest
  bttop probes        list the library, and what can run here
"""


def run(arguments: Sequence[str]) -> int:
    """Run the dashboard until the user leaves it."""
    parser = with_saving(
        tracing_parser("bttop", "top for bpftrace: several bpftrace programs on one live screen", _EPILOG)
    )
    parser.add_argument("--theme", metavar="NAME", help="colour theme (the key t switches it)")
    parser.add_argument(
        "--for", dest="duration", metavar="DURATION", type=duration, help="end after this long: 5s, 10m, 1h"
    )
    parser.add_argument(
        "--idle",
        metavar="DURATION",
        type=duration,
        default=IDLE,
        help="detach everything after this time without input (default 8h)",
    )
    parser.add_argument("--version", action="version", version=f"bttop {__version__}")
    options = parser.parse_args(arguments)
    check_terminal()
    folders = overlay("probes", options.probes)
    # The rest of the library is read after the first frame.
    engine, settings = start_engine(options, "bttop")
    forget_framework_settings(os.environ)
    engine.idle_monitor = IdleMonitor(options.idle, engine.seconds_run)
    try:
        # Imported while the programs compile and attach: the recorder's libraries take 20 ms, the screen's 200 ms.
        from bttop.engine.recording.automatic_saving import AutomaticSaver, read_triggers
        from bttop.engine.recording.recorder import Recorder, facts_of

        triggers = read_triggers(options.save_when, engine.programs)
        recorder = Recorder(facts_of(engine.host, engine.bpftrace, shlex.join(["bttop", *arguments])), at_once=False)
        engine.observe(recorder)
        engine.observe(AutomaticSaver(recorder, triggers))
        engine.start()
        from bttop.ui.run import run_dashboard

        code = run_dashboard(engine, settings, folders, options.theme, trust_of(options), recorder, options.duration)
        return int(_tell_recordings(recorder)) or code
    finally:
        engine.close()


def _tell_recordings(recorder: Recorder) -> bool:
    """End the recording, report each file and its losses, and return whether anything is missing."""
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
        warn(f"bttop: recording: {given_up_text(recorder.queue.waiting_flushes, path)}")
    return bool(recorder.failed or lost or unfinished)


def forget_framework_settings(environment: MutableMapping[str, str]) -> None:
    """Remove `TEXTUAL_*`. Textual reads these when it is imported; some load code, write files or press keys, which the
    environment must not do when bttop runs as root. bttop needs none of them."""
    for name in [name for name in environment if name.startswith("TEXTUAL")]:
        del environment[name]


def check_terminal(hint: str = "bttop stream --for 5s") -> None:
    """Raise UsageError if no screen can be shown; the hint is a command that needs none."""
    for stream, name in ((sys.stdin, "standard input"), (sys.stdout, "standard output")):
        if stream is None or not stream.isatty():
            raise UsageError(f"{name} is not a terminal", title="no terminal", hint=hint)
    if os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError("this terminal cannot show a screen (TERM=dumb)", title="no terminal", hint=hint)
