"""Maps that are odd in one way each: every exporter writes them in its format, with every count."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from msgspec import Struct

from bttop.errors import UsageError
from bttop.model.plan import Column, MapPlan
from bttop.store.export.catalogue import exporters
from bttop.store.export.exporter import StreamExporter
from bttop.store.export.selection import Selection
from bttop.store.export.tables import tables
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.export.kit import selection
from tests.store.made import Session, made

STACKS = MapPlan("@s", "count", (Column("comm", "text"), Column("ustack", "stack")), "bank")
STORED = MapPlan("@s", "value", (Column("comm", "text"),), "gauge", stack=Column("kstack", "stack"))
COUNTS = MapPlan("@s", "sum", (Column("comm", "text"),), "bank")
HISTOGRAMS = MapPlan("@s", "hist", (Column("comm", "text"),), "bank")
LARGE = 1 << 63
SYMBOLS = (
    "漢字の関数",
    "e\u0301tat",
    "std::map<int, a b>; [x]",
    "Ljava/lang/Thread;::run",
    "<T as Foo>::bar;baz",
    "\x1b[31m",
)


def stack(*frames: str) -> str:
    return "\n" + "".join(f"    {frame}\n" for frame in frames)


class Case(Struct, frozen=True):
    """A printed map, and what is in its folded stacks; None if it has none."""

    plan: MapPlan
    rows: Mapping[str, Any]
    folded: Sequence[str] | None = None
    kind: str = "map"


CASES: Mapping[str, Case] = {
    "empty stacks": Case(STACKS, {f"a,{stack()}": 3, "b,": 1}, ["a;[no frames] 3", "b;[no frames] 1"]),
    "500 frames": Case(
        STACKS,
        {f"a,{stack(*[f'f{number}' for number in reversed(range(500))])}": 2},
        [f"a;{';'.join(f'f{number}' for number in range(500))} 2"],
    ),
    "counts of 2^63": Case(
        STACKS, {f"a,{stack(f'f{n}')}": LARGE for n in range(2)}, [f"a;f{n} {LARGE}" for n in range(2)]
    ),
    "odd names": Case(
        STACKS,
        {f"a;b c,{stack(*SYMBOLS)}": 1},
        [
            "a:b c;\\x1b[31m;<T as Foo>::bar:baz;Ljava/lang/Thread:::run;std::map<int, a b>: [x];"
            "e\\u0301tat;漢字の関数 1"
        ],
    ),
    "stacks as values": Case(
        STORED, {"a": stack("f"), "b": "", "c": 0}, ["a;f 1", "b;[no frames] 1", "c;[no frames] 1"]
    ),
    "negative sums": Case(COUNTS, {"a": -5, "b": -LARGE}),
    "negative buckets": Case(
        HISTOGRAMS, {"a": [{"max": -1, "count": 4}, {"min": 0, "max": 0, "count": 1}]}, kind="hist"
    ),
    "only the overflow bucket": Case(HISTOGRAMS, {"a": [{"min": 1000, "count": LARGE}]}, kind="hist"),
    "odd keys": Case(COUNTS, {'=1+1,"\x1b\n': 1, "": 2}),
}


def test_a_map_without_rows_is_said_or_has_no_rows(tmp_path: Path) -> None:
    with Snapshot(made(tmp_path / "s.bttop", Session("p", planned(STACKS), [{"@s": ("map", {})}]))) as snapshot:
        assert [*tables(selection(snapshot))] == []
        for exporter in exporters().values():
            if isinstance(exporter, StreamExporter) and not exporter.has_rows:
                with pytest.raises(UsageError, match="no stacks"):
                    exporter.write(selection(snapshot), io.StringIO())


def test_a_hundred_thousand_keys_are_all_exported(tmp_path: Path) -> None:
    rows = {f"c{number},{stack(f'f{number % 50}', 'main')}": 1 for number in range(100_000)}
    with Snapshot(made(tmp_path / "s.bttop", Session("p", planned(STACKS), [{"@s": ("map", rows)}]))) as snapshot:
        lines, table = (export(selection(snapshot), name, tmp_path) for name in ("folded", "csv"))
    assert sum(int(line.rpartition(" ")[2]) for line in lines.splitlines()) == 100_000
    assert sum(1 for _ in csv.reader(io.StringIO(table))) == 100_001


@pytest.mark.parametrize("name", CASES)
def test_what_is_odd_is_exported_whole(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    session = Session("p", planned(case.plan), [{"@s": (case.kind, case.rows)}])
    with Snapshot(made(tmp_path / "s.bttop", session)) as snapshot:
        for format_ in exporters():
            try:
                written = export(selection(snapshot), format_, tmp_path)
            except UsageError as refusal:
                assert "no stacks" in str(refusal) and case.folded is None, (format_, refusal)
                continue
            CHECKS[format_](written, case)


def export(chosen: Selection, name: str, folder: Path) -> str:
    """What an exporter has written, or for bytes the path of the file."""
    exporter, out = exporters()[name], io.StringIO()
    if isinstance(exporter, StreamExporter):
        exporter.write(chosen, out)
        return out.getvalue()
    table = next(iter(tables(chosen)))
    if exporter.mode == "w":
        exporter.write(chosen, table, out)
        return out.getvalue()
    path = folder / f"table{exporter.suffix}"
    with path.open("wb") as file:
        exporter.write(chosen, table, file)
    return str(path)


def check_csv(written: str, case: Case) -> None:
    rows = [*csv.DictReader(io.StringIO(written))]
    assert sum([int(row.get("count") or row["value"]) for row in rows if case.plan is not STORED]) == expected(case)


def check_parquet(written: str, case: Case) -> None:
    found: Any = duckdb.sql(f"SELECT * FROM '{written}'")
    column = found.columns.index("count" if "count" in found.columns else "value")
    assert sum([int(row[column]) for row in found.fetchall() if case.plan is not STORED]) == expected(case)


def check_lines(written: str, case: Case) -> None:
    rows = [row for line in written.splitlines() for row in json.loads(line)["rows"]]
    assert len(rows) == len(case.rows)


def check_folded(written: str, case: Case) -> None:
    assert written.splitlines() == sorted(case.folded or [])


def check_speedscope(written: str, case: Case) -> None:
    (profile,) = json.loads(written)["profiles"]
    assert profile["endValue"] == sum(profile["weights"]) == total_of_folded(case)


def check_svg(written: str, case: Case) -> None:
    titles = [one.text or "" for one in ET.fromstring(written).iter("{http://www.w3.org/2000/svg}title")]
    assert f"all: {total_of_folded(case):,}, 100 %, own 0 %" in titles


CHECKS = {
    "csv": check_csv,
    "parquet": check_parquet,
    "jsonl": check_lines,
    "folded": check_folded,
    "speedscope": check_speedscope,
    "svg": check_svg,
}


def expected(case: Case) -> int:
    """The sum of all counts of a case; 0 for values that are no counts."""
    values = [] if case.plan is STORED else case.rows.values()
    return sum(sum(bucket["count"] for bucket in one) if isinstance(one, list) else one for one in values)


def total_of_folded(case: Case) -> int:
    return sum(int(line.rpartition(" ")[2]) for line in case.folded or ())
