"""`bttop demo`: a recording that came with bttop, and never one of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.commands import demo
from bttop.errors import BttopError, UsageError
from tests.ui.recorded import minutes


@pytest.fixture
def reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was shown; the snapshots that came with bttop are in `tmp_path`."""
    shown: list[Path] = []

    def review(path: Path, theme: str | None = None, *, from_first_mark: bool) -> int:
        assert from_first_mark
        shown.append(path)
        return 0

    monkeypatch.setattr(demo, "review", review)
    monkeypatch.setattr(demo, "shipped", lambda _what: tmp_path)
    return shown


def test_the_first_of_the_shipped_is_shown_or_the_one_that_is_named(tmp_path: Path, reviewed: list[Path]) -> None:
    for name in ("storm", "hog", "a-host-20261126-140415", "a-host-20261126-140415-2"):
        minutes(tmp_path / f"{name}.bttop", 20)
    assert demo.run([]) == 0
    assert demo.run(["storm"]) == 0
    assert [path.stem for path in reviewed] == ["hog", "storm"]
    with pytest.raises(UsageError, match="no demo 'a-host-20261126-140415'; choose one of: hog, storm"):
        demo.run(["a-host-20261126-140415"])


def test_the_story_goes_before_all_others(tmp_path: Path, reviewed: list[Path]) -> None:
    for name in ("cpu-hog", demo.STORY):
        minutes(tmp_path / f"{name}.bttop", 20)
    assert demo.run([]) == 0
    assert [path.stem for path in reviewed] == [demo.STORY]


def test_where_nothing_is_shipped_that_is_said(reviewed: list[Path]) -> None:
    with pytest.raises(BttopError, match="holds no snapshot"):
        demo.run([])
    assert not reviewed
