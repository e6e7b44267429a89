"""`bttop stream`: flushes as lines of JSON, without a screen."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.commands.arguments import duration, tracing_parser
from bttop.commands.tracing import start_engine
from bttop.output import check_stdout


def run(arguments: Sequence[str]) -> int:
    """Write until the duration has passed, a signal arrives, or the reader closes stdout."""
    parser = tracing_parser(
        "bttop stream", "write one JSON object per flushed map to standard output, without a screen"
    )
    parser.add_argument(
        "--for", dest="duration", metavar="DURATION", type=duration, help="end after this long: 5s, 10m, 1h"
    )
    options = parser.parse_args(arguments)
    check_stdout()  # before anything starts: a stream needs stdout
    engine, _ = start_engine(options, "bttop stream")
    # Imported after the check of the host: an error message does not need its tables of system calls.
    from bttop.engine.headless.stream import StreamRun

    return StreamRun(engine, options.duration).run()
