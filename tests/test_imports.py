"""What the dashboard has imported before the first picture, before the first bpftrace starts, and before the first
frame of Textual: every module more is a delay that the user waits for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import bttop
from tests.standin import standin

SOURCES = Path(bttop.__file__).parents[1]
WATCHED = """
import json, os, sys
import bttop.commands.dashboard, bttop.commands.starting.live
found = {}
def note(moment):
    found[moment] = sorted(sys.modules)
def show(self, picture):
    if found:
        return
    picture()
    note("picture")
    import bttop.commands.starting.tracing, bttop.engine.tracer.channel, bttop.engine.tracer.privilege
    bttop.commands.starting.tracing.check_can_trace = lambda *_: None
    bttop.commands.starting.tracing.obtain = lambda *_: bttop.engine.tracer.privilege.AS_WE_ARE
    bttop.engine.tracer.channel.TracerChannel.start = start
def start(self, *_, **__):
    note("spawn")
    import bttop.engine.recording.automatic_saving, bttop.engine.recording.recorder, bttop.ui.run
    note("frame")
    print(json.dumps(found), flush=True)
    self.close()
    os._exit(0)
bttop.commands.dashboard.check_terminal = lambda: None
bttop.commands.starting.live.OpeningScreen.show = show
os.geteuid = lambda: 0
import bttop.cli
bttop.cli.main()
"""
NEVER = {"plotext", "watchfiles", "demangle", "sqlite3", "backports.zstd", "pyarrow", "email", "http", "unittest"}
"""Nothing before the first frame needs them."""
LATER = {
    "bttop.ui.dialogs.menu", "bttop.ui.dialogs.sheet", "bttop.ui.dialogs.catalogue", "bttop.ui.dialogs.state_page",
    "bttop.script.library.follow_ups", "bttop.script.library.starters", "bttop.script.pasted.shell",
    "bttop.engine.host.kernel.kernel_probes", "bttop.engine.reload.folder_watch", "bttop.engine.recording.replay",
    "bttop.engine.doctor.examination", "bttop.store.snapshot.snapshot", "bttop.store.export.catalogue",
    "bttop.store.report.page", "bttop.store.compare.diff", "bttop.ui.render.charts", "bttop.ui.views.table",
}  # fmt: skip
SCREEN = {"textual", "asyncio", "ssl", "logging", "rich.console", "rich.text", "concurrent.futures"}
MOMENTS = {
    "picture": (
        45,
        NEVER | LATER | SCREEN | {"subprocess", "bttop.engine.engine", "bttop.script.language.reader"},
    ),
    "spawn": (222, NEVER | LATER | SCREEN | {"bttop.ui.app", "bttop.engine.recording.recorder"}),
    "frame": (334, NEVER | LATER),
}
"""Moment to the largest number of bttop's own modules, and modules that must not be there."""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The modules that are imported at each moment."""
    folder = tmp_path_factory.mktemp("imports")
    environment = os.environ | {"PYTHONPATH": str(SOURCES), "XDG_CONFIG_HOME": str(folder), "TERM": "xterm"}
    command = [sys.executable, "-c", WATCHED, "--bpftrace", str(standin(folder)), "--trust", str(folder)]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return {moment: set(names) for moment, names in json.loads(ended.stdout).items()}


@pytest.mark.parametrize("moment", MOMENTS)
def test_few_modules_are_imported_before(moment: str, imported: dict[str, set[str]]) -> None:
    most, forbidden = MOMENTS[moment]
    own = sorted(name for name in imported[moment] if name.split(".")[0] == "bttop")
    assert imported[moment] & forbidden == set()
    assert len(own) <= most, own


@pytest.mark.parametrize(
    ("started", "most", "unneeded"),
    [
        ("bttop.ui.app", 148, {"bttop.script.language.reader", "bttop.model.record.decode"}),
        ("bttop.ui.run, bttop.commands.review", 296, {"bttop.script.rewrite.prepare", "bttop.engine.tracer.launch"}),
    ],
    ids=["screen", "recording"],
)
def test_the_screen_and_a_recording_need_no_engine(started: str, most: int, unneeded: set[str]) -> None:
    code = f"import json, sys, {started}; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    own = {name for name in json.loads(done.stdout) if name.split(".")[0] == "bttop"}
    assert own & {"bttop.engine.engine", "bttop.engine.generation.candidates", *unneeded} == set()
    assert len(own) <= most, sorted(own)


def test_the_moments_follow_each_other(imported: dict[str, set[str]]) -> None:
    assert imported["picture"] < imported["spawn"] < imported["frame"]
    assert "textual.app" in imported["frame"]
