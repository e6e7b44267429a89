"""docs/snapshots.md says what a file is: its tables, its columns, and how others read it."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bttop.store.snapshot.facts import SessionFacts
from bttop.store.snapshot.recording_events import LineReceived
from bttop.store.snapshot.tables.schema import APPLICATION_ID, FORMAT, TABLES
from tests.store.made import made
from tests.store.snapshot.test_recorded_history import banked

DOCUMENT = (Path(__file__).parents[4] / "docs" / "snapshots.md").read_text()


def snippet(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_and_column_is_explained(table: str, tmp_path: Path) -> None:
    database = sqlite3.connect(made(tmp_path / "s.bttop", banked(1)))
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    database.close()
    section = re.search(rf"### (?:[\w, ]*\b)?{table}\b.*?(?=\n##|\Z)", DOCUMENT, re.DOTALL)
    assert section is not None
    assert not [name for name in columns if f"`{name}`" not in section[0] and name != "id"]


def test_facts_and_header_are_the_ones_that_are_written() -> None:
    assert not [name for name in SessionFacts.__struct_fields__ if f"`{name}`" not in DOCUMENT]
    assert f"{APPLICATION_ID:#x}" in DOCUMENT
    assert f"at present {FORMAT}" in DOCUMENT


def test_the_query_runs(tmp_path: Path) -> None:
    database = sqlite3.connect(made(tmp_path / "s.bttop", banked(100)))
    assert [row[:3] for row in database.execute(snippet("sql"))] == [("p", 4, 100)]
    database.close()


def test_pandas_reads_every_line(tmp_path: Path) -> None:
    session = banked(100)
    names: dict[str, Any] = {"path": made(tmp_path / "s.bttop", session)}
    exec(snippet("python"), names)
    told = [one.line for one in session.events() if isinstance(one, LineReceived)]
    assert list(names["lines"]["line"]) == [line.data for line in told]
    assert list(names["lines"]["boot_ns"]) == [line.stamp.boot_ns for line in told]
