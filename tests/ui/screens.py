"""The application over a fake engine: real panes, data that stands still."""

from __future__ import annotations

from bttop.engine.generation.source import Settings
from bttop.ui.app import BttopApp
from bttop.ui.app_config import AppConfig
from bttop.ui.render.spans import UNICODE
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine


def app_of(fake: FakeEngine | None = None, theme: str = "night") -> BttopApp:
    """The dashboard of these programs; of one silent program where none are given."""
    if fake is None:
        fake = FakeEngine()
        fake.add("calls", "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }")
    themes, bad = load_themes([SHIPPED_THEMES])
    assert not bad
    return BttopApp(fake.engine, Settings(), AppConfig((), (), themes, theme, UNICODE))
