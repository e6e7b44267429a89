"""The entry point of the command. An interrupt while the modules are imported ends the process without a traceback.
Imports nothing that Python does not need for its own start."""

import _signal  # type: ignore[import-not-found]  # `signal` imports enum, which takes as long as Python's own start
import os


def main() -> int:
    """Run bttop and return the exit code of the process."""
    # A process that was started with SIGINT ignored keeps ignoring it.
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _leave)
    from bttop.cli import main as run  # its imports take most of the time in which nothing else handles the signal

    return run()


def _leave(_number: int, _frame: object) -> None:
    os.write(2, b"bttop: interrupted\n")
    os._exit(130)
