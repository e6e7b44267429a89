"""Tells which hosts a start waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from bttop.model.format.text import visible
from bttop.output import warn

TELL_SECONDS: Final = 1.5
"""Seconds after which a start says that it waits."""
_MOST_NAMED: Final = 3


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
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        warn(f"bttop: waiting for {', '.join(map(visible, names[:_MOST_NAMED]))}{more} (Ctrl+C ends)")
