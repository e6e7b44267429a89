"""Whoever runs the tests, the screen looks the same, and the user's own files stay out of it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home for configuration and state; no variable that changes colours or widths."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    # plotext draws no wider than these, or than the terminal of whoever runs the tests.
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.setenv("LINES", "60")
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home))
    return home


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An empty cache, so that what a dashboard finds out stays out of the user's own; no editor chosen."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    for name in ("VISUAL", "EDITOR", "BTTOP_STANDIN"):
        monkeypatch.delenv(name, raising=False)
