"""`bttop record`: a snapshot without a screen."""

from __future__ import annotations

import argparse
import re
import shlex
import time
from collections.abc import Sequence
from pathlib import Path

from bttop.commands.options.arguments import duration, tracing_parser, with_saving
from bttop.commands.starting.tracing import start_engine

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


def run(arguments: Sequence[str]) -> int:
    """Record until the duration has passed or a signal arrives."""
    parser = with_saving(tracing_parser("bttop record", "record a snapshot, without a screen"))
    parser.add_argument("-o", dest="out", metavar="FILE", type=Path, help="the snapshot file, usually *.bttop")
    parser.add_argument("--overwrite", action="store_true", help="with -o: replace an existing file")
    parser.add_argument("--for", dest="duration", metavar="DURATION", type=duration, help="end after this long: 10m")
    parser.add_argument("--max-size", metavar="SIZE", type=size, default=0, help="drop the oldest data above it: 100M")
    parser.add_argument("--max-age", metavar="DURATION", type=duration, default=0.0, help="drop data that is older: 1h")
    options = parser.tracing_options(arguments)
    engine, _ = start_engine(options, "bttop record")
    try:
        # Imported while the programs compile and attach.
        from bttop.engine.headless.record import RecordRun
        from bttop.engine.recording.automatic_saving import AutomaticSaver, read_triggers
        from bttop.engine.recording.host_recorder import HostRecorder
        from bttop.engine.recording.recorder import Recorder
        from bttop.engine.recording.recording import Limits
        from bttop.engine.recording.session_facts import facts_of, session_facts

        session = session_facts(shlex.join(["bttop", "record", *arguments]))
        recorder = Recorder(session, engine.host.name, clock=engine.now)
        host = HostRecorder(recorder, facts_of(engine.host, engine.bpftrace))
        engine.observe(host)
        engine.observe(AutomaticSaver(host, read_triggers(options.save_when, engine.programs)))
        limits = Limits(options.max_size, round(options.max_age * 1e9))
        # Last: an error before this line leaves no empty file.
        path = _path(options.out, engine.host.name, overwrite=options.overwrite)
        return RecordRun(engine, recorder, path, limits, options.duration).run()
    finally:
        engine.close()


def size(text: str) -> int:
    """Parse `100M`, `1.5G` or a plain number; return bytes."""
    found = re.fullmatch(r"(\d{1,12}(?:\.\d+)?)([KMG]?)B?", text.strip(), re.IGNORECASE)
    value = 0 if found is None else round(float(found[1]) * _UNITS[found[2].upper()])
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write 100M or 2G")
    return value


def _path(wanted: Path | None, host: str, *, overwrite: bool) -> Path:
    from bttop.store.recording.snapshot_files import claim, new_snapshot

    if wanted is None:
        return new_snapshot(host, time.time_ns())
    claim(wanted, replace=overwrite)
    return wanted
