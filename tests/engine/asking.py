"""An engine that runs no program, for the short questions to bpftrace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bttop.engine.engine import Engine
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.tracer.bpftrace_queries import BpftraceQueries
from bttop.model.record.release import Release


@contextmanager
def queries() -> Iterator[BpftraceQueries]:
    """Questions through a tracer of their own."""
    engine = Engine(Host.read(), Bpftrace("bpftrace", Release(0, 17)))
    engine.start()
    try:
        yield engine.queries
    finally:
        engine.close()
