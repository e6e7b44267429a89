"""`bttop export` as a command: files, folders, streams and what is refused."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bttop.cli import main
from bttop.model.plan import Column, MapPlan
from tests.model.samples import planned
from tests.store.export.kit import HOSTILE, snapshot_file
from tests.store.made import Session, made
from tests.store.several import two_hosts

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(snapshot_file(tmp_path))


def test_lines_go_to_standard_output(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", file]) == 0
    assert {json.loads(line)["program"] for line in capsys.readouterr().out.splitlines()} == {"calls", "profile"}


def test_the_ending_of_the_output_chooses_the_format(file: str, tmp_path: Path) -> None:
    out = tmp_path / "s.json"
    assert main(["export", file, "-o", str(out)]) == 0
    assert json.loads(out.read_text())["exporter"].startswith("bttop")


def test_several_tables_go_into_a_folder(file: str, tmp_path: Path) -> None:
    assert main(["export", file, "--format", "parquet", "-o", str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    expected = {"calls_calls", "calls_bytes", "calls_sizes", "calls_big", "profile_stacks"}
    assert names == {f"{one}.parquet" for one in expected}


def test_programs_of_any_name_have_files_of_their_own_in_the_folder(tmp_path: Path) -> None:
    plan = planned(MapPlan("@n", "count", (Column("comm", "text"),), "bank"))
    names = ("a b", "a/b", "../a b", "\x1b[2J", "x" * 300)
    sessions = [
        Session(name, plan, [{"@n": ("map", {name: 1})}], generation=at, program=at) for at, name in enumerate(names, 1)
    ]
    path, out = made(tmp_path / "s.bttop", *sessions), tmp_path / "out"
    assert main(["export", str(path), "--format", "csv", "-o", str(out)]) == 0
    found = sorted(out.iterdir())
    assert len(found) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,120}\.csv", one.name) for one in found)
    assert {one.name for one in tmp_path.iterdir()} == {"s.bttop", "out"}


def test_one_table_goes_to_a_file(file: str, tmp_path: Path) -> None:
    assert main(["export", file, "--map", "@sizes", "-o", str(tmp_path / "t.csv")]) == 0
    assert (tmp_path / "t.csv").read_text().splitlines()[0].endswith("comm,count,average,total")


def test_several_tables_on_standard_output_are_refused_with_their_names(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", file, "--format", "csv"]) == 2
    assert "calls:@bytes" in capsys.readouterr().err


def test_a_span_that_ends_before_it_begins_is_refused(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", file, "--from", "-0s", "--to", "-1s"]) == 2
    assert "is empty" in capsys.readouterr().err


def test_a_file_that_is_no_snapshot_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.bttop").write_bytes(bytes(4096))
    assert main(["export", str(tmp_path / "x.bttop")]) == 1
    assert "zeros" in capsys.readouterr().err


def lines_of(text: str) -> dict[tuple[str, int], dict[str, object]]:
    """The lines of JSON by map and number of the flush."""
    found = [json.loads(line) for line in text.splitlines()]
    return {(one["map"], one["flush"]): one for one in found}


def test_lines_have_the_groups_with_their_numbers_of_rows(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", file, "--group-by", "comm"]) == 0
    out, err = capsys.readouterr()
    lines = lines_of(out)
    calls = lines["calls", 1]
    assert calls["columns"] == ["comm", "rows"]
    assert {tuple(row["key"]): row["value"] for row in calls["rows"]} == {("dd", 1): 5, (HOSTILE, 1): 2}  # type: ignore[attr-defined]
    assert lines["sizes", 1]["rows"] == [{"key": ["dd", 1], "value": {"count": 4, "average": 2, "total": 8}}]
    assert {name for name, _ in lines} == {"calls", "sizes", "stacks"}
    assert err == "bttop: left out, without a column comm: @big, @bytes\n"


def test_stacks_that_an_export_cannot_contain_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = planned(MapPlan("@s", "sum", (Column("kstack", "stack"),), "bank"))
    rows = {"\n    good+1\n": 5, "\n    freed+1\n": -3, "\n    none+1\n": 0}
    file = made(tmp_path / "s.bttop", Session("p", plan, [{"@s": ("map", rows)}]))
    for format_ in ("folded", "speedscope", "svg"):
        assert main(["export", str(file), "--format", format_]) == 0
        out, err = capsys.readouterr()
        assert "good" in out and "freed" not in out
        assert err == "bttop: left out: p:@s: 2 stacks whose number is not above 0\n"


def test_tables_have_a_column_for_the_number_of_rows(file: str, tmp_path: Path) -> None:
    assert main(["export", file, "--group-by", "id", "--map", "@calls", "-o", str(tmp_path / "t.csv")]) == 0
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[0].endswith(",id,rows,value")
    assert sorted(line.rpartition(",0,")[2] for line in lines[1:]) == ["read,1,5", "read,1,6", "write,1,2"]


def test_typed_tables_are_grouped_too(file: str, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert main(["export", file, "--group-by", "frame", "-o", str(tmp_path / "t.parquet")]) == 0
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table.column("frame").to_pylist() == ["do_read", "do_read", "inner"]
    assert table.column("rows").to_pylist() == [1, 1, 1]
    assert table.column("value").to_pylist() == [3, 4, 1]


def test_a_column_that_no_map_has_is_refused_with_those_there_are(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", file, "--group-by", "nowhere\x1b[2J"]) == 2
    err = capsys.readouterr().err
    assert "calls:@calls has comm, id, pid, unit, container; " in err
    assert "profile:@stacks has comm, frame, kstack, ustack" in err
    assert "\x1b" not in err


@pytest.mark.parametrize("name", ["folded", "speedscope"])
def test_a_format_without_rows_refuses_to_group(file: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", file, "--format", name, "--group-by", "comm"]) == 2
    assert f"{name} has no rows to group; these formats have: jsonl, csv, parquet" in capsys.readouterr().err


def test_recordings_of_many_hosts_are_one_table_for_duckdb(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    recordings = (two_hosts(tmp_path / "noon.bttop"), two_hosts(tmp_path / "night.bttop", ("../db/1", "web2"), 4))
    for path in recordings:
        assert main(["export", str(path), "--format", "parquet", "--partition", "-o", str(lake)]) == 0
    assert {one.name for one in tmp_path.iterdir()} == {"noon.bttop", "night.bttop", "lake"}
    query = re.findall(r"```sql\n(.*?)```", (DOCS / "outputs.md").read_text(), re.DOTALL)[0]
    assert "lake/syscalls_calls" in query
    found: Any = duckdb.sql(query.replace("lake/syscalls_calls", f"{lake}/calls_calls"))
    day = date(2026, 11, 26)
    assert found.fetchall() == [("web2", day, "java", 12_000), ("web1", day, "java", 80), ("../db/1", day, "java", 40)]


def test_a_partition_is_never_overwritten_and_nothing_of_a_failed_export_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = tmp_path / "lake"
    second = lake / "calls_calls" / "host=web2" / "date=2026-11-26" / "s.parquet"
    second.parent.mkdir(parents=True, mode=0o700)
    second.write_text("mine")
    command = ["export", str(two_hosts(tmp_path / "s.bttop")), "--partition", "-o", str(lake)]
    assert main([*command, "--format", "parquet"]) == 2
    assert f"{second} is there already" in capsys.readouterr().err
    assert sorted(lake.rglob("*")) == sorted([second, *second.parents][:4])
    assert second.read_text() == "mine"
    assert main([*command, "--format", "csv"]) == 2
    assert "--partition is for parquet" in capsys.readouterr().err


def test_a_table_has_the_host_of_each_row_and_can_be_of_one(tmp_path: Path) -> None:
    path = two_hosts(tmp_path / "s.bttop")
    sums = []
    for name, more in (("all.csv", []), ("one.csv", ["--host", "web2"])):
        assert main(["export", str(path), *more, "-o", str(tmp_path / name)]) == 0
        with (tmp_path / name).open() as file:
            rows = list(csv.DictReader(file))
        assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
        sums.append(Counter({row["host"]: 0 for row in rows}))
        for row in rows:
            sums[-1][row["host"]] += int(row["value"])
    assert sums == [{"web1": 80, "web2": 8_000}, {"web2": 8_000}]
