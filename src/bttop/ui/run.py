"""Runs the dashboard in a terminal: the signals, the last resort, and the exit code."""

from __future__ import annotations

import asyncio
import codecs
import locale
import os

from bttop.engine.attempts import Settings
from bttop.engine.engine import Engine
from bttop.errors import UsageError
from bttop.paths import overlay
from bttop.ui.app import BttopApp
from bttop.ui.lastresort import LastResort
from bttop.ui.spans import ASCII, UNICODE, Glyphs
from bttop.ui.themes import Theme, load_themes


def run_dashboard(engine: Engine, settings: Settings, *, theme: str | None, pinned: str) -> int:
    """Show the dashboard until it is left; the exit code. The caller closes the engine."""
    themes, bad = load_themes(overlay("themes"))
    name = _choose_theme(themes, theme)
    notices = [f"theme {one.path.name}: {one.reason}" for one in bad]
    return asyncio.run(_run(BttopApp(engine, settings, themes, name, _glyphs(), pinned=pinned, notices=notices)))


async def _run(app: BttopApp) -> int:
    loop = asyncio.get_running_loop()

    def ask_exit(code: int) -> None:
        loop.call_soon_threadsafe(lambda: app.exit(return_code=code))

    last_resort = LastResort(app.engine.kill, ask_exit)
    last_resort.arm()
    try:
        await app.run_async()
        last_resort.allow(3.0)
        app.engine.close()
    finally:
        last_resort.disarm()
    return app.return_code or 0


def _choose_theme(themes: dict[str, Theme], wanted: str | None) -> str:
    if not themes:
        raise UsageError("there is no theme to be found", title="broken installation", hint="reinstall bttop")
    if wanted is not None and wanted not in themes:
        raise UsageError(f"there is no theme {wanted!r}; there are: {', '.join(sorted(themes))}")
    usual = "mono" if os.environ.get("NO_COLOR") else "night"
    return wanted or (usual if usual in themes else next(iter(themes)))


def _glyphs() -> Glyphs:
    """Blocks and lines where the locale is UTF-8, plain ASCII elsewhere."""
    try:
        return UNICODE if codecs.lookup(locale.getpreferredencoding(False)).name == "utf-8" else ASCII
    except LookupError:
        return ASCII
