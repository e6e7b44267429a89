"""`bttop demo`: a review of a recording that comes with bttop."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.commands.options.arguments import Parser
from bttop.commands.review import review
from bttop.errors import BttopError, UsageError, bttop_command
from bttop.paths import shipped
from bttop.patterns import pattern
from bttop.store.recording.snapshot_files import SUFFIX

STORY = "incident"
"""The demo without a name: an incident in all five panes, whose marks say what to press."""
_OWN = pattern(r"-\d{8}-\d{6}(-\d+)?\Z")
"""How bttop names its own recordings: in a checkout these files are in the same folder as the shipped ones."""


def run(arguments: Sequence[str]) -> int:
    """Play a shipped snapshot."""
    paths = sorted(shipped("snapshots").glob(f"*{SUFFIX}"))
    found = {path.stem: path for path in paths if not _OWN.search(path.stem)}
    parser = Parser(prog="bttop demo", description="play a recording that comes with bttop")
    parser.add_argument("name", nargs="?", metavar="NAME", help=f"one of: {', '.join(found)}")
    parser.add_argument("--theme", metavar="NAME", help="colour theme (the key t switches it)")
    options = parser.parse_args(arguments)
    if not found:
        raise BttopError(f"{shipped('snapshots')} holds no snapshot", title="no demo")
    name = options.name or (STORY if STORY in found else next(iter(found)))
    if name not in found:
        raise UsageError(f"there is no demo {name!r}; choose one of: {', '.join(found)}", hint=bttop_command("demo"))
    return review(found[name], theme=options.theme, from_first_mark=True)
