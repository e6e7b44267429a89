"""`bttop info`: the table of programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.cli import main
from bttop.model.plan import MapPlan
from tests.model.samples import planned
from tests.store.made import Session, made


@pytest.mark.parametrize("names", [("one",), ("one", "x.bt with 'many parameters' 1000 200"), ("n" * 60, "two")])
def test_the_columns_are_aligned_however_long_the_names_are(
    names: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = planned(MapPlan("@x", "count", (), "bank"))
    sessions = [
        Session(name, plan, [{"@x": ("map", 1)}], generation=number, program=number)
        for number, name in enumerate(names, start=1)
    ]
    assert main(["info", str(made(tmp_path / "s.bttop", *sessions))]) == 0
    lines = capfd.readouterr().out.splitlines()
    head = next(at for at, line in enumerate(lines) if line.startswith("program "))
    end = lines[head].index("flushes") + len("flushes")
    assert [line[:end].rsplit(maxsplit=1) for line in lines[head + 1 : head + 1 + len(names)]] == [
        [name, "1"] for name in names
    ]


def test_what_is_counted_as_cost_is_called_runs_of_probes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    session = Session("one", planned(MapPlan("@x", "count", (), "bank")), [{"@x": ("map", 1)}])
    assert main(["info", str(made(tmp_path / "s.bttop", session))]) == 0
    out = capfd.readouterr().out
    assert "per run" in out
    assert "probe runs" in out
    assert "event" not in out
