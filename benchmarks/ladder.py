"""The five stock questions as bare bpftrace processes, with the same texts that bttop would give them."""

from __future__ import annotations

import os
import subprocess
import time
from typing import NamedTuple

from bttop.engine.generation.candidates import Candidate, Candidates, Settings, Source
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.request.questions import questions
from bttop.engine.tracer import launch
from bttop.model.plan import HEARTBEAT_WORD
from bttop.paths import shipped
from bttop.script.library.probe_files import Library


class Bare(NamedTuple):
    """The command and environment that run one prepared text without bttop."""

    command: list[str]
    environment: dict[str, str]


def bare_ladder(host: Host, bpftrace: Bpftrace) -> list[Bare]:
    """Return the five programs; if a question has fallbacks, the first source that can run here."""
    asked = questions(Library.load([shipped("probes")]), (), ())
    found = [_first(question.sources, host, bpftrace) for question in asked]
    return [_bare(candidate, host, bpftrace) for candidate in found if candidate is not None]


def _first(sources: tuple[Source, ...], host: Host, bpftrace: Bpftrace) -> Candidate | None:
    return Candidates(sources, Settings(), host, bpftrace.release).current(lambda _source, _why: None)


def _bare(candidate: Candidate, host: Host, bpftrace: Bpftrace) -> Bare:
    prepared = candidate.prepared
    environment = launch.environment(
        bpftrace.release,
        cpus=host.cpus,
        user_stacks=prepared.uses_user_stacks,
        one_process=False,
        all_probes=False,
    )
    return Bare(launch.command(bpftrace, prepared), environment)


def seconds_until_all_flushed(programs: list[Bare]) -> float:
    """Start the programs together; return the seconds until the last one has printed its first heartbeat."""
    began = time.monotonic()
    started = [_start(program) for program in programs]
    try:
        for process in started:
            _read_heartbeat(process)
        return time.monotonic() - began
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def _start(program: Bare) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        program.command,
        env={**os.environ, **program.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _read_heartbeat(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if HEARTBEAT_WORD.encode() in line:
            return
    raise RuntimeError("bpftrace ended before its first flush")
