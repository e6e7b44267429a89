"""The signals that end a process, as bttop takes them: each is an order to end, as SIGTERM is."""

from __future__ import annotations

import signal
from typing import Final

_STAYS: Final = frozenset({signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH})
"""By default these do nothing."""
_STOPS: Final = frozenset({signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
"""By default these stop the process."""
_FAULTS: Final = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL})
"""The process's own faults: after a handler in Python the instruction at fault would be tried again, for ever."""
_WRITES: Final = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
"""Python ignores them: the write fails instead, and says why."""

ENDING: Final = tuple(sorted(signal.valid_signals() - _STAYS - _STOPS - _FAULTS - _WRITES - {signal.SIGKILL}))
"""Every other signal that can be caught; by default each ends the process. Those of real time are plain numbers."""


def exit_code(number: int) -> int:
    """What a command ends with after a signal, as a shell reports it; 0 after SIGINT (ctrl+c), and for 0, none."""
    return 0 if number in (0, signal.SIGINT) else 128 + number
