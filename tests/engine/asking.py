"""An engine that runs no program, for the short questions to bpftrace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bttop.engine.engine import Engine
from bttop.engine.errands import Errands
from bttop.engine.host import Bpftrace, Host
from bttop.model.release import Release


@contextmanager
def errands() -> Iterator[Errands]:
    """Questions through a tracer of their own."""
    engine = Engine(Host.read(), Bpftrace("bpftrace", Release(0, 17)))
    engine.start()
    try:
        yield engine.errands
    finally:
        engine.close()
