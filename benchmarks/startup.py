"""Start-up: from exec to the first picture, to an answered key, and to the first flush of all five panes.

Peers: a bare `import textual.app`, the first picture of btop, and five bare bpftrace processes, started together, that
run the plain probe files. All run in turn, so that other load affects all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.ladder import again_if_one_ends, ladder_names, plain_ladder, seconds_until_all_flushed
from benchmarks.options import Options
from benchmarks.peers import TEXTUAL, Peer, installed
from benchmarks.table import Row, in_turn
from benchmarks.terminal import BTTOP, Terminal
from bttop.engine.host.host import Host, find_bpftrace

ALL_FLUSHED: Final = b"5 of 5 live"
"""The header shows this text in the picture with the last of the five first flushes."""
HOLD: Final = b" "
HELD: Final = b"HELD"
"""What the header shows when the display is held: the answer to the key."""
OWN: Final = """
import gc, time
gc.disable()
times = [time.process_time()]
import textual.app
times.append(time.process_time())
import bttop.ui.app
times.append(time.process_time())
import bttop.commands.dashboard, bttop.commands.starting.live, bttop.commands.starting.tracing, bttop.ui.run
import bttop.engine.recording.automatic_saving, bttop.engine.recording.host_recorder, bttop.ui.services.tracing
times.append(time.process_time())
print(*(time - times[index] for index, time in enumerate(times[1:])))
"""


class _Round(NamedTuple):
    """Seconds."""

    picture: float
    answer: float
    flushed: float
    textual: float
    textual_import: float
    own_import: float
    """The modules of the screen."""
    engine_import: float
    """What the dashboard imports besides them until its first frame."""
    bare: float
    btop: float
    """0 if it is not installed."""


def run(options: Options) -> Sequence[Row]:
    """Measure milliseconds."""
    host, bpftrace = Host.read(), find_bpftrace(None)
    with tempfile.TemporaryDirectory() as folder:
        programs = plain_ladder(host, bpftrace, Path(folder))
        _imports()  # the first one compiles
        btop = next((one for one in installed(Path(folder)) if one.name == "btop"), None)
        rounds = [_round(programs, btop) for _ in range(options.rounds)]
    ms = {name: [1000 * getattr(one, name) for one in rounds] for name in _Round._fields}
    return [
        in_turn("exec to first picture, ms (peer: import textual.app)", ms["picture"], ms["textual"]),
        in_turn("exec to first picture, ms (peer: btop's)", ms["picture"], ms["btop"]),
        in_turn("exec to an answered key, ms (peer: import textual.app)", ms["answer"], ms["textual"]),
        in_turn("exec to five first flushes, ms (peer: plain bpftrace)", ms["flushed"], ms["bare"]),
        in_turn("import of bttop's own modules, ms (peer: import textual.app)", ms["own_import"], ms["textual_import"]),
        in_turn(
            "import of the engine besides, ms (peer: import textual.app)", ms["engine_import"], ms["textual_import"]
        ),
    ]


def _round(programs: Sequence[Sequence[str]], btop: Peer | None) -> _Round:
    bare = again_if_one_ends(partial(seconds_until_all_flushed, programs))
    textual, imports = _seconds(TEXTUAL), _imports()
    return _Round(*_bttop(), textual, *imports, bare, _first_picture(btop) if btop else 0.0)


def _bttop() -> tuple[float, float, float]:
    """Seconds to the first picture, to an answered key and to the first flushes. The key has a run of its own: a held
    display shows no flushes."""
    titles = [name.encode() for name in ladder_names()]
    with Terminal(BTTOP, 160, 48, [*titles, ALL_FLUSHED]) as terminal:
        picture, flushed = terminal.wait_for_all(titles), terminal.wait_for(ALL_FLUSHED)
    with Terminal(BTTOP, 160, 48, [*titles, HELD]) as terminal:
        terminal.wait_for_all(titles)
        terminal.send(HOLD)
        return picture, terminal.wait_for(HELD), flushed


def _first_picture(peer: Peer) -> float:
    with Terminal(peer.command, 160, 48, [peer.drawn], peer.environment) as terminal:
        return terminal.wait_for(peer.drawn)


def _imports() -> tuple[float, float, float]:
    """CPU seconds to import the framework, then the screen, then the rest of the dashboard; without the garbage
    collector, as the dashboard does it, and from bytecode, as what is installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", OWN], check=True, capture_output=True, text=True, env=environment)
    textual, own, engine = map(float, done.stdout.split())
    return textual, own, engine


def _seconds(command: Sequence[str]) -> float:
    began = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - began
