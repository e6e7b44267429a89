"""`python -m benchmarks [NAME...]`: runs the named benchmarks, or by default all except the long ones."""

from __future__ import annotations

import argparse
import importlib
import platform
import shlex
import sys
from collections.abc import Callable, Sequence

from benchmarks.baseline import Baseline
from benchmarks.options import Options
from benchmarks.table import Row, rendered

NAMES = (
    "startup",
    "starting",
    "screen",
    "memory",
    "latency",
    "growth",
    "decode",
    "charts",
    "changes",
    "flame",
    "stalls",
    "heat",
    "grouping",
    "reload",
    "snapshot",
    "exactness",
    "meter",
    "whole_runs",
    "endings",
    "crash",
    "fuzz",
    "soak",
    "losses",
    "hosts",
)
USUAL = NAMES[:-7]
"""The default benchmarks. The last seven run only when named: hosts starts 250 processes, whole_runs takes up to 40 s
per run, endings and crash take some minutes, fuzz, soak and losses take as long as requested."""


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks and print their figures. The exit code is always 0."""
    names, options = _read(arguments)
    baseline = Baseline()
    for name in names:
        run: Callable[[Options], Sequence[Row]] = importlib.import_module(f"benchmarks.{name}").run
        title = (sys.modules[f"benchmarks.{name}"].__doc__ or name).partition("\n")[0]
        print(f"$ python -m benchmarks {shlex.join([name, *_flags(arguments)])}\n{title}", flush=True)
        rows = run(options)
        print(f"{rendered(rows, baseline.verdicts(name, rows))}\n", flush=True)
        if options.store:
            baseline.store(name, rows)
    return 0


def _read(arguments: Sequence[str]) -> tuple[Sequence[str], Options]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=platform.platform())
    parser.add_argument("name", nargs="*", choices=[*NAMES, []], metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--full", action="store_true", help="exactness, whole_runs: 8,000,000 events in each cell")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions: startup, memory, reload, meter, endings")
    parser.add_argument("--seconds", type=float, default=20.0, help="screen, latency, growth, snapshot, meter: length")
    parser.add_argument("--minutes", type=float, default=20.0, help="soak, losses: length of the run")
    parser.add_argument("--hours", type=float, default=24.0, help="snapshot: length of the file to open")
    parser.add_argument("--runs", type=int, default=200, help="crash: number of kills")
    parser.add_argument("--lines", type=int, default=1_000_000, help="fuzz: number of lines")
    parser.add_argument("--faster", action="store_true", help="soak: run the dashboard at ten times the usual rate")
    parser.add_argument("--store", action="store_true", help="store the ratios as the new baseline (baseline.json)")
    read = parser.parse_args(arguments)
    sizes = (read.full, read.rounds, read.seconds, read.minutes, read.hours, read.runs, read.lines)
    return read.name or USUAL, Options(*sizes, faster=read.faster, store=read.store)


def _flags(arguments: Sequence[str]) -> list[str]:
    return [word for word in arguments if word not in NAMES]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
