"""Files with the content of a shipped probe."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.generation import shipped_probes
from bttop.engine.generation.shipped_probes import is_shipped
from bttop.paths import shipped
from bttop.script.library.probe_files import Library


def test_every_shipped_probe_is_recognized_by_its_content_and_no_changed_one() -> None:
    texts = [probe.text for probe in Library.load([shipped("probes")]).probes]
    assert texts
    assert all(map(is_shipped, texts))
    changed = [
        one for text in texts for one in (text + "\n", text[:-1], text.swapcase(), "", text.replace("\n", "\r\n"))
    ]
    assert not any(map(is_shipped, changed))


@pytest.mark.parametrize("absence", ["no folder", "a folder in its place"])
def test_a_file_that_cannot_be_read_is_none(absence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "probes" / "x.bt"
    if absence == "a folder in its place":
        path.mkdir(parents=True)
    monkeypatch.setattr(shipped_probes, "shipped", lambda what: tmp_path / what)
    assert not is_shipped("x" * (path.stat().st_size if path.exists() else 1))
