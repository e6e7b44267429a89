"""What a running dashboard finds out again stays out of the user's own folders, too."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An empty cache; no editor chosen."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    for name in ("VISUAL", "EDITOR", "BTTOP_STANDIN"):
        monkeypatch.delenv(name, raising=False)
