from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from bttop.errors import UsageError
from bttop.model.plan import Column, MapPlan
from bttop.store.export.folded import write_folded
from bttop.store.export.speedscope import write_speedscope
from bttop.store.export.stacks import trees
from bttop.store.export.svg import write_svg
from bttop.store.snapshot.frame_names import frame_facts
from bttop.store.snapshot.recording_events import ProcessSeen
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.export.kit import selection, snapshot_file
from tests.store.made import FACTS, Session, at, made


def test_folded_stacks_are_summed_over_the_span_from_the_outermost_frame(tmp_path: Path) -> None:
    out = io.StringIO()
    with Snapshot(snapshot_file(tmp_path)) as snapshot:
        write_folded(selection(snapshot), out)
    assert out.getvalue().splitlines() == [
        "cat;outer;middle;inner 1",
        "dd;outer;middle;inner;entry:point_[k];do_read_[k] 7",
    ]


def test_addresses_that_bttop_named_have_their_names(tmp_path: Path) -> None:
    plan = planned(MapPlan("@s", "count", (Column("pid", "int"), Column("ustack", "stack")), "bank", pid="pid"))
    session = Session("p", plan, [{"@s": ("map", {"7,\n    0x10\n    0x20\n": 3, "8,\n    0x10\n": 1})}])
    seen = ProcessSeen(7, at(1), frame_facts({0x10: "work [app]", 0x20: "main [app]"}))
    out = io.StringIO()
    with Snapshot(made(tmp_path / "s.bttop", session, others=[seen])) as snapshot:
        write_folded(selection(snapshot), out)
    assert out.getvalue().splitlines() == ["0x10 1", "main [app];work [app] 3"]


def stored_stacks(folder: Path) -> Path:
    """A map that holds the last kernel stack of each process, printed whole in each of two flushes."""
    plan = planned(MapPlan("@last", "value", (Column("comm", "text"),), "gauge", stack=Column("kstack", "stack")))
    before = {"dd": "\n    old+1\n    outer+2\n", "cat": "\n    read+1\n    outer+2\n"}
    after = {"dd": "\n    new+1\n    outer+2\n", "cat": "\n    read+9\n    outer+2\n"}
    return made(folder / "s.bttop", Session("p", plan, [{"@last": ("map", before)}, {"@last": ("map", after)}]))


def test_stacks_that_are_values_are_those_of_the_last_print(tmp_path: Path) -> None:
    lines, profiles, graphs = io.StringIO(), io.StringIO(), io.StringIO()
    with Snapshot(stored_stacks(tmp_path)) as snapshot:
        write_folded(selection(snapshot), lines)
        write_speedscope(selection(snapshot, "@last"), profiles)
        write_svg(selection(snapshot), graphs)
    assert lines.getvalue().splitlines() == ["cat;outer;read 1", "dd;outer;new 1"]
    (profile,) = json.loads(profiles.getvalue())["profiles"]
    assert profile["endValue"] == 2
    assert "<title>new: 1, 50 %" in graphs.getvalue()


def test_a_running_total_is_not_added_up_over_its_prints(tmp_path: Path) -> None:
    plan = planned(MapPlan("@s", "count", (Column("kstack", "stack"),), "own", kept=True))
    session = Session("p", plan, [{"@s": ("map", {"\n    f+1\n": count})} for count in (3, 5)])
    out = io.StringIO()
    with Snapshot(made(tmp_path / "s.bttop", session)) as snapshot:
        write_folded(selection(snapshot), out)
    assert out.getvalue().splitlines() == ["f 5"]


def test_a_span_without_stacks_is_said(tmp_path: Path) -> None:
    with Snapshot(snapshot_file(tmp_path)) as snapshot, pytest.raises(UsageError, match="no stacks"):
        write_folded(selection(snapshot, begin_ns=at(99).boot_ns), io.StringIO())


def speedscope(folder: Path) -> dict[str, Any]:
    out = io.StringIO()
    with Snapshot(snapshot_file(folder)) as snapshot:
        write_speedscope(selection(snapshot), out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_speedscope_weights_are_those_of_the_stacks(tmp_path: Path) -> None:
    found = speedscope(tmp_path)
    (profile,) = found["profiles"]
    names = [frame["name"] for frame in found["shared"]["frames"]]
    assert profile["endValue"] == sum(profile["weights"]) == 8
    stacks = [tuple(names[at] for at in sample) for sample in profile["samples"]]
    assert profile["weights"][stacks.index(("cat", "outer", "middle", "inner"))] == 1


@pytest.fixture
def schema() -> Any:
    path = Path(sys.prefix) / "share" / "speedscope.json"
    if not path.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{path} is missing: sh scripts/schema")
        pytest.skip("speedscope's schema was not fetched (sh scripts/schema)")
    return json.loads(path.read_text())


def test_speedscopes_own_schema_accepts_the_file(tmp_path: Path, schema: Any) -> None:
    validator = jsonschema.Draft7Validator(schema)
    assert not list(validator.iter_errors(speedscope(tmp_path)))
    broken = speedscope(tmp_path) | {"shared": {}}
    assert list(validator.iter_errors(broken))


def test_stacks_of_two_hosts_are_not_added_up(tmp_path: Path) -> None:
    plan = planned(MapPlan("@s", "count", (Column("kstack", "stack"),), "bank"))
    first = Session("p", plan, [{"@s": ("map", {"\n    inner+1\n    outer+2\n": 3})}], facts=replace(FACTS, name="a"))
    second = replace(first, host=2, program=2, generation=2, facts=replace(FACTS, name="b;\nc 9"))
    seen = [ProcessSeen(7, at(1), frame_facts({0x10: "work [app]"}), host=2)]
    with Snapshot(made(tmp_path / "s.bttop", first, second, others=seen)) as snapshot:
        lines, profiles = io.StringIO(), io.StringIO()
        write_folded(selection(snapshot), lines)
        write_speedscope(selection(snapshot), profiles)
        graphs = [str(name) for name in trees(selection(snapshot))]
    assert lines.getvalue().splitlines() == ["a;outer;inner 3", "b:\\x0ac 9;outer;inner 3"]
    assert graphs == ["a p:@s", "b;\nc 9 p:@s"]
    assert [one["name"] for one in json.loads(profiles.getvalue())["profiles"]] == ["a p:@s", "b;\\x0ac 9 p:@s"]
