"""SVG: well formed whatever the names are, with the weights of the stacks."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

from bttop.model.plan import Column, MapPlan
from bttop.store.export.svg import write_svg
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.export.kit import selection, snapshot_file
from tests.store.made import Session, made

HOSTILE = '</title><script>alert("1")</script>&]]>\x1b[2J'


def titles(path: Path) -> list[str]:
    out = io.StringIO()
    with Snapshot(path) as snapshot:
        write_svg(selection(snapshot), out)
    tree = ET.fromstring(out.getvalue())
    return [one.text or "" for one in tree.iter("{http://www.w3.org/2000/svg}title")]


def test_each_frame_has_its_weight_and_share(tmp_path: Path) -> None:
    found = titles(snapshot_file(tmp_path))
    assert "all: 8, 100 %, own 0 %" in found
    assert "inner: 7, 88 %, own 0 %" in found
    assert "do_read: 7, 88 %, own 88 %" in found


def test_names_cannot_leave_their_place(tmp_path: Path) -> None:
    plan = planned(MapPlan("@s", "count", (Column("comm", "text"), Column("ustack", "stack")), "bank"))
    session = Session("p", plan, [{"@s": ("map", {f"{HOSTILE},\n    {HOSTILE}+1\n    main+2\n": 3})}])
    path = made(tmp_path / "s.bttop", session)
    assert any("alert" in title and "\\x1b" in title for title in titles(path))
    out = io.StringIO()
    with Snapshot(path) as snapshot:
        write_svg(selection(snapshot), out)
    assert out.getvalue().count("<script>") == 1 and "\x1b" not in out.getvalue()
