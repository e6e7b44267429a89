"""A program with known shares of time: a flame graph of real samples shows them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bttop.engine.symbols.frame_lookup import FrameLookup
from bttop.model.flush.by_function import unnamed_addresses
from bttop.model.flush.contents import MapData
from bttop.model.plan import Column, MapPlan
from bttop.model.record.records import Value
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.search import everywhere
from bttop.model.stacks.tree_builder import build
from tests.real import tracing
from tests.real.compiled import compiled

_SHARES: Final = {"half_of_it": 50, "third_part": 30, "the_rest": 20}
_SOURCE: Final = """
#include <time.h>
volatile unsigned long sink;
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}
#define WORK(name, ms) __attribute__((noinline)) void name(void) { \
  for (double end = now() + ms; now() < end;) for (int i = 0; i < 50000; i++) sink ^= i; \
  sink++; }
WORK(half_of_it, 15) WORK(third_part, 9) WORK(the_rest, 6)
__attribute__((noinline)) void turn(void) { half_of_it(); third_part(); the_rest(); sink++; }
int main(void) { for (;;) turn(); }
"""
_SCRIPT: Final = "profile:hz:1999 /pid == $1/ { @[pid, ustack] = count(); }"
_PLAN: Final = MapPlan("@", "count", (Column("pid", "int"), Column("ustack", "stack")))
_SAMPLES: Final = 4000
"""With so many the standard error of a half is 0.8 points."""
_PATIENCE: Final = 60.0


@pytest.fixture
def working(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with compiled(tmp_path, "work", _SOURCE) as process:
        yield process


def test_known_shares_of_time_are_shown_within_three_points(
    bpftrace: str, working: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    data = MapData(_PLAN, "map", _samples(bpftrace, working.pid, tmp_path / "work.bt"))
    lookup = FrameLookup()
    try:
        wanted = [one for key in data.rows for one in unnamed_addresses(key, _PLAN)]
        limit = time.monotonic() + _PATIENCE
        while any(not lookup.name(*one) for one in wanted) and time.monotonic() < limit:
            lookup.want(wanted)
            time.sleep(0.01)
        tree = build([data], FlameForm(), lookup.name)
    finally:
        lookup.close()
    names = {frame.name: at for at, frame in enumerate(tree.frames)}
    found = {name: 100 * everywhere(tree, names[name]).total / tree.totals[0] for name in _SHARES}
    assert all(abs(found[name] - share) < 3 for name, share in _SHARES.items()), found


def _samples(bpftrace: str, pid: int, script: Path) -> dict[str, Value]:
    script.write_text(_SCRIPT)
    rows: dict[str, int] = {}
    limit = time.monotonic() + _PATIENCE
    while sum(rows.values()) < _SAMPLES and time.monotonic() < limit:
        with tracing.tracing(bpftrace, script, pid) as traced:
            time.sleep(2)
            for key, value in traced.stop().get("@", []):
                # 0.22 and 0.23 escape line ends in keys twice.
                whole = key.replace("\\n", "\n")
                rows[whole] = rows.get(whole, 0) + int(value)
    return dict(rows)
