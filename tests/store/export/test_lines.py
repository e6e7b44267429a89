from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from bttop.model.names import decoders
from bttop.store.export.lines import write_lines
from bttop.store.snapshot import Snapshot
from tests.store.export.kit import selection, snapshot_file


def lines(folder: Path, map_: str = "") -> list[dict[str, Any]]:
    out = io.StringIO()
    with Snapshot(snapshot_file(folder)) as snapshot:
        write_lines(selection(snapshot, map_), decoders("x86_64"), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_lines_are_those_of_a_stream_in_the_order_of_time(tmp_path: Path) -> None:
    found = lines(tmp_path)
    assert [one["time"] for one in found] == sorted(one["time"] for one in found)
    assert {one["program"] for one in found} == {"calls", "profile"}
    first = next(one for one in found if one.get("map") == "calls")
    assert first["rows"][0] == {"key": [7, "dd", "read"], "value": 5}


def test_one_map_alone(tmp_path: Path) -> None:
    assert {one["map"] for one in lines(tmp_path, "calls:@bytes")} == {"bytes"}
