"""The summary names host, time and baseline, and of each program what is on top and how it changed."""

from __future__ import annotations

from pathlib import Path

from bttop.model.plan import Column, MapPlan
from bttop.model.record.records import Stamp
from bttop.store.aliases import AliasedNames
from bttop.store.compare.changes import compare
from bttop.store.compare.incident_lines import Incident, incident_lines
from bttop.store.labels import Labels
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.compare.kit import LABELS, Prints, period
from tests.store.made import FACTS, Session, at, made

COMM = Column("comm", "text")
CALLS = planned(MapPlan("@x", "count", (Column("pid", "int"), COMM), "bank", pid="pid"))
HIST = planned(MapPlan("@lat", "hist", (), "bank", unit="us"))
TEXT = planned()


def lines(path: Path, labels: Labels = LABELS, *, compared: bool = True) -> list[str]:
    """Ten seconds against the twenty before them."""
    with Snapshot(path) as snapshot:
        now, before = period(snapshot, 20.5, 30.5), period(snapshot, 0, 20.5, "20 s before")
        return list(incident_lines(Incident(now, compare(before, now) if compared else None, labels)))


def calls(rate: int, flushes: int) -> Prints:
    return [{"@x": ("map", {"7,ja\x1bva": rate, "8,quiet": 10})}] * flushes


def incident(folder: Path) -> Path:
    """Calls that become ten times as many, a steady histogram, and a program without a map."""
    bucket = [{"min": 8, "max": 15, "count": 5}]
    return made(
        folder / "one.bttop",
        Session("calls", CALLS, [*calls(90, 20), *calls(990, 10)]),
        Session("lat", HIST, [{"@lat": ("hist", bucket)}] * 30, generation=2, program=2),
        Session("text", TEXT, [{}] * 30, generation=3, program=3),
    )


def test_each_program_has_one_line_after_the_line_of_the_host(tmp_path: Path) -> None:
    head, *programs = lines(incident(tmp_path))
    assert head.startswith("demo-host, 2026-11-26 ")
    assert "10s up to then; baseline: 20 s before, " in head
    assert programs == [
        r"1 calls: 1,000/s; most 7 ja\x1bva 990/s (99 %). "
        r"Against the baseline: by ja\x1bva: 11 times as many (90/s → 990/s).",
        "2 lat: 5/s, p50 8-16us p90 8-16us p99 8-16us. As in the baseline.",
        "3 text: it prints text",
    ]


def test_without_a_baseline_it_says_so(tmp_path: Path) -> None:
    head, first, *_ = lines(incident(tmp_path), compared=False)
    assert head.endswith("; no baseline")
    assert "aseline" not in first


def test_a_redacted_summary_names_neither_host_nor_process(tmp_path: Path) -> None:
    labels = Labels(AliasedNames(), FACTS.decoders, at(0), Stamp(*at(1)))
    text = "\n".join(lines(incident(tmp_path), labels))
    assert "demo-host" not in text
    assert "va" not in text.replace("available", "")
    assert "host-1" in text
    assert "proc-" in text
