"""Records several hosts into one snapshot, for `bttop record -H a,b`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from msgspec.structs import replace

from bttop.commands.options.recording import limits_of, recording_path
from bttop.commands.starting.far_engines import start_engines
from bttop.engine.engine import Engine
from bttop.engine.headless.record import RecordRun
from bttop.engine.hosts.engines import Engines
from bttop.engine.recording.automatic_saving import AutomaticSaver, read_triggers
from bttop.engine.recording.host_recorder import HostRecorder
from bttop.engine.recording.host_watch import HostWatch, WatchedHost, clock_of
from bttop.engine.recording.recorder import Recorder
from bttop.engine.recording.session_facts import facts_of
from bttop.engine.remote.ssh import Destination
from bttop.model.flush.trigger import Trigger
from bttop.output import warn
from bttop.store.snapshot.facts import SessionFacts
from bttop.store.snapshot.recording_events import LOST, MarkSet


def record_hosts(options: argparse.Namespace, hosts: Sequence[Destination], session: SessionFacts) -> int:
    """Record until the duration has passed or a signal arrives; return 1 also if a host was never reached."""
    engines = start_engines(options, hosts, "bttop record", warn)
    try:
        name = f"{hosts[0].name}+{len(hosts) - 1}"
        missing = engines.missing
        recorder = Recorder(replace(session, missing_hosts=tuple(missing)), name)
        watch = watched_hosts(engines, recorder, options.save_when)
        for host, why in missing.items():
            recorder.tell(MarkSet(recorder.now(), LOST, f"{host} is missing: {why}"))
        # Last: an error before this line leaves no empty file.
        path = recording_path(options, name)
        code = RecordRun(engines, recorder, path, limits_of(options), options.duration, watch).run()
        return 1 if engines.missing else code
    finally:
        engines.close()


def watched_hosts(engines: Engines, recorder: Recorder, conditions: Sequence[str]) -> HostWatch:
    """Let the recorder observe the engines of all hosts, also those that come later, and for `--save-when`. Raises
    UsageError if there is no such program."""
    triggers = read_triggers(conditions, engines.engines[0].programs)
    watch = HostWatch([_watched(engine, recorder, triggers) for engine in engines.engines])
    engines.on_new.append(lambda engine: watch.add(_watched(engine, recorder, triggers)))
    return watch


def _watched(engine: Engine, recorder: Recorder, triggers: Sequence[Trigger]) -> WatchedHost:
    assert engine.link is not None, "these engines are of other hosts"
    clock = clock_of(engine.link.clock)
    host = HostRecorder(recorder, facts_of(engine.host, engine.bpftrace), clock, engine.now)
    engine.observe(host)
    engine.observe(AutomaticSaver(host, triggers))
    return WatchedHost(host, engine.link, clock)
