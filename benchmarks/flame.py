"""A flame graph of 50,000 distinct stacks of 60 frames: building its tree, and drawing it.

Peers of building: one dictionary entry per distinct stack as folded text, which is what flame graph tools read; and a
plain loop over the same text that makes one dictionary per node. Peer of drawing: the list of the same stacks.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from benchmarks.options import Options
from benchmarks.table import Row, alone, in_turn
from bttop.model.flush.by_function import by_function
from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.flush import Flush
from bttop.model.history.trends import Trend
from bttop.model.plan import Column, MapPlan, Plan
from bttop.model.record.records import Value
from bttop.model.record.release import Release
from bttop.model.record.stacks import names
from bttop.model.stacks.flame_tree import FlameTree
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.frame import Frame
from bttop.model.stacks.tree_builder import build, build_in_steps
from bttop.ui.render.spans import UNICODE
from bttop.ui.views.base import Scene, ViewChoice
from bttop.ui.views.flame import VIEW as FLAME
from bttop.ui.views.flame_choice import FlameChoice
from bttop.ui.views.stacks import VIEW as STACKS

STACKS_EACH: Final = 50_000
DEPTH: Final = 60
FUNCTIONS: Final = 2_000
CALLS: Final = 4
"""Functions that each function calls."""
_END: Final = object()
_SECOND: Final = 1_000_000_000


def run(options: Options) -> Sequence[Row]:
    """Measure building and drawing in turn with their peers."""
    data = stacks_data()
    small = _first(data, 4096)
    rounds = range(max(1, min(3, options.rounds)))
    built, peers, loops = [], [], []
    for _ in rounds:
        built.append(_ms(lambda: build([data], FlameForm())))
        peers.append(_ms(lambda: _folded(data)))
        loops.append(_ms(lambda: _nested(data)))
    scene = _scene(data)
    drawn, listed = [], []
    FLAME.draw(scene)
    STACKS.draw(scene)
    path = _some_path(build([data], FlameForm()))
    for depth in rounds:
        choice = ViewChoice(flame=FlameChoice(at=path, zoom=depth), moved=True)
        drawn.append(_ms(lambda choice=choice: FLAME.draw(replace(scene, choice=choice))))  # type: ignore[misc]
        listed.append(_ms(lambda: STACKS.draw(scene)))
    what = f"{STACKS_EACH:,} stacks of {DEPTH} frames"
    return [
        in_turn(f"build, {what}, ms", built, peers),
        in_turn(f"build, {what}, ms (peer: a plain loop)", built, loops),
        alone(f"build, 4,096 stacks of {DEPTH} frames, ms", [_ms(lambda: build([small], FlameForm())) for _ in rounds]),
        alone(f"build, {what}, longest step, ms", [_longest_step(data) for _ in rounds]),
        alone(f"build, 4,096 stacks of {DEPTH} frames, longest step, ms", [_longest_step(small) for _ in rounds]),
        in_turn(
            f"merge by function, 4,096 stacks of {DEPTH} frames, ms",
            [_ms(lambda: by_function(small)) for _ in rounds],
            [_ms(lambda: _folded(small)) for _ in rounds],
        ),
        in_turn(f"draw at 200x50 after a key, {what}, ms", drawn, listed, "{:,.1f}"),
    ]


def stacks_data(count: int = STACKS_EACH) -> MapData:
    """Return distinct stacks of a program in which each function calls few others; neighbours share their outer
    frames."""
    chance = random.Random(7)
    functions = [f"handle_request_{number}" for number in range(FUNCTIONS)]
    calls = {name: chance.sample(functions, CALLS) for name in functions}
    path = [functions[0]]
    rows: dict[str, Value] = {}
    while len(rows) < count:
        path = path[: chance.randint(DEPTH - 14, DEPTH - 2)]
        while len(path) < DEPTH - 1:
            path.append(chance.choice(calls[path[-1]]))
        sites = [f"{name}+{16 * calls[name].index(called) + 9}" for name, called in itertools.pairwise(path)]
        frames = ["_start+1", *sites, f"{path[-1]}+{chance.randint(0, 60)}"]
        text = "".join(f"\t{frame}\n" for frame in reversed(frames))
        rows[f"{1000 + len(rows) % 50},java,\n{text}"] = chance.randint(1, 9)
    columns = (Column("pid", "int"), Column("comm", "text"), Column("ustack", "stack"))
    return MapData(MapPlan("@stacks", "count", columns, "bank", pid="pid"), "map", rows)


def _first(data: MapData, count: int) -> MapData:
    return replace(data, rows=dict([*data.rows.items()][:count]))


def _folded(data: MapData) -> Counter[str]:
    found: Counter[str] = Counter()
    for key, value in data.rows.items():
        found[";".join(reversed(names(key[key.index("\n") :])))] += int(str(value))
    return found


def _nested(data: MapData) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for key in data.rows:
        node = root
        for line in reversed(key[key.index("\n") :].split("\n")):
            if line:
                node = node.setdefault(line.partition("+")[0], {})
    return root


def _scene(data: MapData) -> Scene:
    plan = Plan({data.plan.name: data.plan})
    flush = Flush(Origin(Release(0, 17), plan), 1, "a", 1, 0, _SECOND, 0, {data.plan.name: data}, (), frozenset(), ())
    return Scene(data, flush, Trend(), ViewChoice(), 200, 50, UNICODE)


def _longest_step(data: MapData) -> float:
    steps = build_in_steps(data, FlameForm())
    longest, ends = 0.0, False
    while not ends:
        begin = time.thread_time()
        ends = next(steps, _END) is _END
        longest = max(longest, time.thread_time() - begin)
    return longest * 1e3


def _some_path(tree: FlameTree) -> tuple[Frame, ...]:
    return tree.path(tree.widest_end(0))


def _ms(job: Callable[[], object]) -> float:
    """CPU milliseconds of this thread: other processes on the host do not count."""
    begin = time.thread_time()
    job()
    return (time.thread_time() - begin) * 1e3
