from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from bttop.model.plan import MapPlan
from bttop.store.export.jsonl import write_lines
from bttop.store.snapshot.recording_events import CaveatsChanged
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import beat, map_line, planned
from tests.store.export.kit import selection, snapshot_file
from tests.store.made import at
from tests.store.told import Told, written


def lines(folder: Path, map_: str = "") -> list[dict[str, Any]]:
    out = io.StringIO()
    with Snapshot(snapshot_file(folder)) as snapshot:
        write_lines(selection(snapshot, map_), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_lines_are_those_of_a_stream_in_the_order_of_time(tmp_path: Path) -> None:
    found = lines(tmp_path)
    assert [one["time"] for one in found] == sorted(one["time"] for one in found)
    assert {one["program"] for one in found} == {"calls", "profile"}
    first = next(one for one in found if one.get("map") == "calls")
    assert first["rows"][0] == {"key": [7, "dd", "read"], "value": 5}


def test_one_map_alone(tmp_path: Path) -> None:
    assert {one["map"] for one in lines(tmp_path, "calls:@bytes")} == {"bytes"}


def test_each_line_has_the_badges_of_its_generation(tmp_path: Path) -> None:
    told = Told()
    plan = planned(MapPlan("@x", "count", scheme="cumulative"))
    for generation, badges in ((1, ()), (2, (("not attached: uprobe:/bin/sh:no", "it does not exist"),))):
        told.begin(generation, plan)
        told.events.append(CaveatsChanged(generation, badges))
        told.say(generation, generation, map_line("@x", 1))
        told.say(generation, generation, beat(1, at(generation).boot_ns))
    out = io.StringIO()
    with Snapshot(written(tmp_path / "badges.bttop", told.events)) as snapshot:
        write_lines(selection(snapshot, ""), out)
    found = [json.loads(line).get("badges") for line in out.getvalue().splitlines()]
    assert found == [None, ["not attached: uprobe:/bin/sh:no"]]
