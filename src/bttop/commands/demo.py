"""`bttop demo`: a review of a recording that comes with bttop."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.commands.arguments import Parser
from bttop.commands.review import review
from bttop.errors import BttopError, UsageError
from bttop.paths import shipped
from bttop.store.places import SUFFIX


def run(arguments: Sequence[str]) -> int:
    """Play a bundled snapshot."""
    found = {path.stem: path for path in sorted(shipped("snapshots").glob(f"*{SUFFIX}"))}
    parser = Parser(prog="bttop demo", description="play a recording that comes with bttop")
    parser.add_argument("name", nargs="?", metavar="NAME", help=f"one of: {', '.join(found)}")
    parser.add_argument("--theme", metavar="NAME", help="colour theme (t goes round them)")
    options = parser.parse_args(arguments)
    if not found:
        raise BttopError(f"{shipped('snapshots')} holds no snapshot", title="no demo", hint="bttop review FILE")
    name = options.name or next(iter(found))
    if name not in found:
        raise UsageError(f"there is no demo {name!r}; there are: {', '.join(found)}", hint="bttop demo")
    return review(found[name], theme=options.theme)
