"""`bttop stream`: flushes as lines of JSON, without a screen."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.commands.arguments import duration, tracing_parser
from bttop.commands.tracing import start_engine
from bttop.output import check_stdout


def run(arguments: Sequence[str]) -> int:
    """Write until the end of the duration, a signal, or until nobody reads."""
    parser = tracing_parser(
        "bttop stream", "write one JSON object per flushed map to standard output, without a screen"
    )
    parser.add_argument(
        "--for", dest="duration", metavar="DURATION", type=duration, help="end after this long: 5s, 10m, 1h"
    )
    options = parser.parse_args(arguments)
    check_stdout()  # before anything is started: a stream without standard output is of no use
    engine, _ = start_engine(options, "bttop stream")
    # After the check of the host: its tables of system calls are not needed to say that nothing can run.
    from bttop.engine.stream import Stream

    return Stream(engine, options.duration).run()
