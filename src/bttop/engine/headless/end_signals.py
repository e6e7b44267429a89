"""The signals that end bttop. It handles each of them like SIGTERM, as a request to end."""

from __future__ import annotations

import signal
from typing import Final

_STAYS: Final = frozenset({signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH})
"""Ignored by default."""
_STOPS: Final = frozenset({signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
"""They stop the process by default."""
_FAULTS: Final = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL})
"""Faults of the process itself: after a Python handler the faulty instruction would run again, forever."""
_WRITES: Final = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
"""Python ignores them: the write raises OSError instead."""

ENDING: Final = tuple(sorted(signal.valid_signals() - _STAYS - _STOPS - _FAULTS - _WRITES - {signal.SIGKILL}))
"""All other signals that can be caught; each ends the process by default. Real-time signals are plain numbers."""


def exit_code(number: int) -> int:
    """The exit code after a signal, as shells report it; 0 after SIGINT (ctrl+c), and for 0 (no signal)."""
    return 0 if number in (0, signal.SIGINT) else 128 + number
