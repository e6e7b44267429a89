"""`bttop export` as a command: files, folders, streams and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bttop.cli import main
from bttop.model.plan import Column, MapPlan
from tests.model.samples import planned
from tests.store.export.kit import snapshot_file
from tests.store.made import Session, made


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
