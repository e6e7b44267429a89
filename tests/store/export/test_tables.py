from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from bttop.errors import BttopError, UsageError
from bttop.model.plan import Column, MapPlan
from bttop.model.record.records import StampedLine
from bttop.store.export.csvfile import write_csv
from bttop.store.export.jsonl import write_lines
from bttop.store.export.parquet import write_parquet
from bttop.store.export.selection import MapName
from bttop.store.export.tables import rows, tables
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.export.kit import BIG, selection, snapshot_file
from tests.store.made import WALL, Session, at, made


def written(folder: Path, map_: str, **span: int) -> str:
    with Snapshot(snapshot_file(folder)) as snapshot:
        chosen = selection(snapshot, map_, **span)
        (table,) = tables(chosen)
        out = io.StringIO()
        write_csv(chosen, table, out)
        return out.getvalue()


def asked(question: str) -> list[tuple[Any, ...]]:
    found: Any = duckdb.sql(question)
    answer: list[tuple[Any, ...]] = found.fetchall()
    return answer


def parquet(folder: Path, map_: str) -> Path:
    with Snapshot(snapshot_file(folder)) as snapshot:
        chosen = selection(snapshot, map_)
        (table,) = tables(chosen)
        with (folder / "t.parquet").open("wb") as file:
            write_parquet(chosen, table, file)
    return folder / "t.parquet"


def test_a_count_has_a_row_for_each_key_and_flush(tmp_path: Path) -> None:
    with Snapshot(snapshot_file(tmp_path)) as snapshot:
        chosen = selection(snapshot, "@calls")
        (table,) = tables(chosen)
        found = list(rows(chosen, table))
    assert table.columns[-4:] == ("pid", "comm", "id", "value")
    assert table.kinds[-4:] == ("int", "text", "text", "int")
    assert [row[-4:] for row in found if row[-3] == "dd"] == [(7, "dd", "read", 5), (7, "dd", "read", 6)]
    assert [row[0] for row in found] == [WALL + 10**9, WALL + 10**9, WALL + 2 * 10**9]


def test_skipped_events_are_numbers_in_every_table(tmp_path: Path) -> None:
    plan = planned(MapPlan("@n", "count", (Column("comm", "text"),), "bank"))
    extra = [StampedLine(1, "skipped", at(2.5), b"3821 1179")]
    path = made(tmp_path / "s.bttop", Session("disk", plan, [{"@n": ("map", {"dd": 5})}] * 3, extra=extra))
    with Snapshot(path) as snapshot:
        chosen = selection(snapshot, "@n")
        (table,) = tables(chosen)
        found = [dict(zip(table.columns, row, strict=True)) for row in rows(chosen, table)]
        out = io.StringIO()
        write_lines(chosen, out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [row["skipped"] for row in found] == [0, 0, 3821]
    assert [row["doubts"] for row in found[1:]] == [None, "skipped events"]
    assert [line.get("skipped") for line in lines] == [None, None, 3821]


def test_a_histogram_has_a_row_for_each_bucket(tmp_path: Path) -> None:
    found = list(csv.DictReader(io.StringIO(written(tmp_path, "@bytes"))))
    assert [(row["low"], row["high"], row["count"]) for row in found] == [
        ("4", "7", "3"),
        ("8", "15", "1"),
        ("4", "7", "2"),
    ]


def test_a_span_keeps_flushes_that_ended_in_it(tmp_path: Path) -> None:
    found = list(csv.DictReader(io.StringIO(written(tmp_path, "@calls", begin_ns=at(1).boot_ns))))
    assert [row["value"] for row in found] == ["6"]


def test_a_name_is_neither_formula_nor_control_character_in_csv(tmp_path: Path) -> None:
    text = written(tmp_path, "@calls")
    assert "\x1b" not in text
    names = {row["comm"] for row in csv.DictReader(io.StringIO(text))}
    assert names == {"dd", '\'=HYPERLINK("x")\\x1b[31m'}


@pytest.mark.parametrize("first", [*"=+-@\t\r", *"\uff1d\uff0b\uff0d\uff20", "\n="])
def test_no_cell_begins_as_a_formula_and_no_two_names_become_one(tmp_path: Path, first: str) -> None:
    names = [f"{first}1", f"'{first}1", f"''{first}1", "1"]
    plan = planned(MapPlan("@n", "count", (Column("comm", "text"),), "bank"))
    path = made(tmp_path / "s.bttop", Session("x", plan, [{"@n": ("map", dict.fromkeys(names, 5))}]))
    out = io.StringIO()
    with Snapshot(path) as snapshot:
        chosen = selection(snapshot, "@n")
        (table,) = tables(chosen)
        write_csv(chosen, table, out)
    cells = [row["comm"] for row in csv.DictReader(io.StringIO(out.getvalue(), newline=""))]
    assert len(set(cells)) == len(names)
    assert {cell[0] for cell in cells} <= {"'", "1", "\\"}


def test_numbers_above_63_bits_make_their_column_unsigned_and_stay_exact(tmp_path: Path) -> None:
    path = parquet(tmp_path, "@big")
    assert asked(f"select key_time, value from '{path}'") == [(1, BIG)]
    assert pd.read_parquet(path)["value"].dtype == "uint64"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([-5, 3, (1 << 63) - 1, -(1 << 63)], "int"),
        ([0, 3, 1 << 63, (1 << 64) - 1], "unsigned"),
        ([-1, 1 << 63], "text"),
        ([1 << 64], "text"),
        ([-(1 << 63) - 1], "text"),
    ],
)
@pytest.mark.parametrize("where", ["key", "value"])
def test_a_column_has_the_type_of_all_of_its_numbers(tmp_path: Path, values: list[int], kind: str, where: str) -> None:
    rows = {str(one): 1 for one in values} if where == "key" else {str(at): one for at, one in enumerate(values)}
    plan = planned(MapPlan("@n", "max", (Column("id", "int"),), "bank"))
    path = made(tmp_path / "s.bttop", Session("x", plan, [{"@n": ("map", rows)}]))
    with Snapshot(path) as snapshot:
        (table,) = tables(selection(snapshot, "@n"))
    assert table.kinds[table.columns.index("id" if where == "key" else "value")] == kind


@pytest.mark.parametrize("bucket", [{"min": 100, "count": 3}, {"max": -1, "count": 3}])
def test_the_ends_of_buckets_are_numbers_even_if_all_are_open(tmp_path: Path, bucket: dict[str, int]) -> None:
    plan = planned(MapPlan("@l", "lhist", (Column("comm", "text"),), "bank"))
    path = made(tmp_path / "s.bttop", Session("x", plan, [{"@l": ("hist", {"a": [bucket]})}]))
    with Snapshot(path) as snapshot:
        (table,) = tables(selection(snapshot, "@l"))
    assert table.columns[-3:] == ("low", "high", "count")
    assert table.kinds[-3:] == ("int", "int", "int")


def test_duckdb_and_pandas_read_parquet_with_typed_columns(tmp_path: Path) -> None:
    path = parquet(tmp_path, "calls:@calls")
    sums = asked(f"select comm, sum(value) from '{path}' group by comm order by 2 desc")
    assert sums[0] == ("dd", 11)
    frame = pd.read_parquet(path)
    assert frame["time"].dt.year.unique().tolist() == [2026]
    assert frame["value"].sum() == 13
    assert frame["pid"].dtype == "int64"


def test_stats_have_their_three_numbers(tmp_path: Path) -> None:
    frame = pd.read_parquet(parquet(tmp_path, "@sizes"))
    assert frame[["count", "average", "total"]].to_numpy().tolist() == [[4, 2, 8]]


def test_a_map_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    with Snapshot(snapshot_file(tmp_path)) as snapshot, pytest.raises(UsageError, match="calls:@bytes"):
        selection(snapshot, "@nothing").maps()


def test_a_map_is_asked_for_by_itself_or_with_its_program(tmp_path: Path) -> None:
    with Snapshot(snapshot_file(tmp_path)) as snapshot:
        for text in ("@calls", "calls", "calls:@calls"):
            assert list(selection(snapshot, text).maps()) == [MapName("calls", "@calls")]


def test_without_pyarrow_the_command_that_installs_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(BttopError, match=r"bttop\[parquet\]"):
        parquet(tmp_path, "@sizes")
