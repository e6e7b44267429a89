"""User frames that bpftrace prints as addresses: bttop names them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bttop.engine.symbols.frame_lookup import FrameLookup
from bttop.model.flush.by_function import by_function, unnamed_addresses
from bttop.model.flush.contents import MapData
from bttop.model.plan import Column, MapPlan
from bttop.model.record.records import Value
from bttop.model.record.stacks import names
from bttop.model.record.telling_frames import without_module
from tests.real import tracing
from tests.real.compiled import compiled

_SOURCE = """
volatile unsigned long sink;
__attribute__((noinline)) void spin(int depth) {
  if (depth) spin(depth - 1);
  for (unsigned long i = 0; i < 1000000; i++) sink ^= i;
}
int main(void) { for (;;) spin(3); }
"""
_SCRIPT = "profile:hz:199 /pid == $1/ { @[pid, ustack] = count(); }"
_PLAN = MapPlan("@", "count", (Column("pid", "int"), Column("ustack", "stack")))
_SAMPLES = 20
_PATIENCE = 60.0


@pytest.fixture
def spinning(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running program with a function that calls itself three times deep."""
    with compiled(tmp_path, "spin", _SOURCE) as process:
        yield process


def test_addresses_of_a_running_process_get_its_functions(
    bpftrace: str, spinning: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    script = tmp_path / "spin.bt"
    script.write_text(_SCRIPT)
    rows: dict[str, Value] = {}
    limit = time.monotonic() + _PATIENCE
    while sum(int(str(value)) for value in rows.values()) < _SAMPLES and time.monotonic() < limit:
        with tracing.tracing(bpftrace, script, spinning.pid) as traced:
            time.sleep(0.5)
            found = traced.stop().get("@", [])
            # 0.22 and 0.23 escape line ends in keys twice.
            rows |= {key.replace("\\n", "\n"): value for key, value in found if isinstance(value, int)}
    lookup = FrameLookup()
    try:
        wanted = [one for key in rows for one in unnamed_addresses(key, _PLAN)]
        while any(not lookup.name(*one) for one in wanted) and time.monotonic() < limit:
            lookup.want(wanted)
            time.sleep(0.01)
        merged = by_function(MapData(_PLAN, "map", rows), lookup.name).rows
    finally:
        lookup.close()
    largest = max(merged, key=lambda key: int(str(merged[key])))
    frames = names(largest.partition(",")[2])
    assert without_module(frames[0]) == "spin"
    assert "main" in map(without_module, frames)
