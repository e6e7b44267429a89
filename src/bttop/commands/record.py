"""`bttop record`: a snapshot without a screen."""

from __future__ import annotations

import argparse
import contextlib
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from bttop.commands.options.arguments import duration, tracing_parser, with_saving
from bttop.commands.starting.tracing import start_engine
from bttop.engine.recording.session_facts import facts_of, session_facts

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


def run(arguments: Sequence[str]) -> int:
    """Record until the duration has passed or a signal arrives."""
    parser = with_saving(tracing_parser("bttop record", "record a snapshot, without a screen"))
    parser.add_argument("-o", dest="out", metavar="FILE", type=Path, help="the snapshot file, usually *.bttop")
    parser.add_argument("--overwrite", action="store_true", help="with -o: replace an existing file")
    parser.add_argument("--for", dest="duration", metavar="DURATION", type=duration, help="end after this long: 10m")
    parser.add_argument("--max-size", metavar="SIZE", type=size, default=0, help="drop the oldest data above it: 100M")
    parser.add_argument("--max-age", metavar="DURATION", type=duration, default=0.0, help="drop data that is older: 1h")
    parser.add_argument("--many", action="store_true", help="with -H: more than 64 hosts are meant")
    options = parser.tracing_options(arguments)
    session = session_facts(shlex.join(["bttop", "record", *arguments]))
    if options.hosts:
        from bttop.commands.options.host_names import destinations  # only for other hosts

        hosts = destinations(options.hosts, sudo=options.sudo, many=options.many)
        if len(hosts) > 1:
            from bttop.commands.starting.record_hosts import record_hosts

            return record_hosts(options, hosts, session)
    engine, _ = start_engine(options, "bttop record")
    try:
        # Imported while the programs compile and attach.
        from bttop.commands.options.recording import limits_of, recording_path
        from bttop.engine.headless.record import RecordRun
        from bttop.engine.recording.automatic_saving import AutomaticSaver, read_triggers
        from bttop.engine.recording.frame_naming import FrameNaming
        from bttop.engine.recording.host_recorder import HostRecorder
        from bttop.engine.recording.recorder import Recorder
        from bttop.engine.symbols.frame_lookup import FrameLookup
        from bttop.store.snapshot.frame_names import frame_facts

        recorder = Recorder(session, engine.host.name, clock=engine.now)
        host = HostRecorder(recorder, facts_of(engine.host, engine.bpftrace))
        engine.observe(host)
        engine.observe(AutomaticSaver(host, read_triggers(options.save_when, engine.programs)))
        frames = FrameLookup(numbers=engine.numbers, named=lambda pid, names: recorder.met(pid, frame_facts(names)))
        if engine.link is None:  # the programs of another host cannot be read
            engine.observe(FrameNaming(frames))
        # Last: an error before this line leaves no empty file.
        path = recording_path(options, engine.host.name)
        with contextlib.closing(frames):
            return RecordRun(engine, recorder, path, limits_of(options), options.duration).run()
    finally:
        engine.close()


def size(text: str) -> int:
    """Parse `100M`, `1.5G` or a plain number; return bytes."""
    found = re.fullmatch(r"(\d{1,12}(?:\.\d+)?)([KMG]?)B?", text.strip(), re.IGNORECASE)
    value = 0 if found is None else round(float(found[1]) * _UNITS[found[2].upper()])
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write 100M or 2G")
    return value
