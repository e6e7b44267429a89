"""Tells which hosts a start waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from bttop.model.format.text import first_names, visible
from bttop.output import warn

TELL_SECONDS: Final = 1.5
"""Seconds after which a start says that it waits."""


@contextmanager
def waiting_for(names: Callable[[], Sequence[str]]) -> Iterator[None]:
    """Tell once which hosts have not answered, if the body takes longer than TELL_SECONDS. `names` returns them, on a
    thread of its own."""
    timer = threading.Timer(TELL_SECONDS, lambda: _tell(names()))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _tell(names: Sequence[str]) -> None:
    if names:
        warn(f"bttop: waiting for {first_names([visible(name) for name in names])} (Ctrl+C ends)")
