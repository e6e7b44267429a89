"""Stacks as a flame graph: one SVG file with its own script, which opens in any browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import IO, Final, NamedTuple

from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.text import visible
from bttop.model.plan import MapPlan
from bttop.model.stacks.flame_tree import ROOT, FlameTree
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.weight import weight_unit
from bttop.store.export.exporter import StreamExporter
from bttop.store.export.selection import MapName, Selection
from bttop.store.export.stacks import stack_plans, trees

_WIDTH: Final = 1200
_ROW: Final = 18
_HEAD: Final = 44
_LETTER: Final = 7
_NARROWEST: Final = 0.1
"""Pixels; frames that are narrower are counted."""
_STYLE: Final = """
text { font: 12px monospace; fill: #222; pointer-events: none } .title { font-weight: bold }
.search { pointer-events: all; cursor: pointer; text-decoration: underline } .f { cursor: pointer }
.user { fill: #eec06a } .kernel { fill: #8fb8de }
.jit { fill: #a3c99a } .unknown { fill: #c4c4c4 } .label { fill: #e4e4e4 } .hit rect { fill: #c06fc0 }
"""


class FlameGraph(NamedTuple):
    """The stacks of one map."""

    name: MapName
    plan: MapPlan
    tree: FlameTree


class _Cell(NamedTuple):
    node: int
    left: float
    width: float
    level: int


def write_svg(selection: Selection, out: IO[str]) -> None:
    """Write one flame graph per map with stacks, one below the other. A click zooms, `/` searches, Esc shows all."""
    plans, found = stack_plans(selection), trees(selection, FlameForm(split="text"))
    graphs = [FlameGraph(name, plans[name._replace(host="")], tree) for name, tree in found.items()]
    write_graphs(selection.snapshot.path.name, graphs, out)


def write_graphs(title: str, found: Sequence[FlameGraph], out: IO[str]) -> None:
    """Write a page of flame graphs under a title."""
    top = 30
    graphs: list[str] = []
    for one in found:
        lines, height = _graph(one, top)
        graphs += lines
        top += height
    out.write(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}">\n'
        f"<title>{escape(visible(title))}</title><style>{_STYLE}</style>\n"
        f'<rect width="100%" height="100%" fill="#fff"/><text class="search" x="4" y="18">search (/)</text>\n'
    )
    out.writelines(graphs)
    script = Path(__file__).with_name("flame.js").read_text()
    out.write(f"<script><![CDATA[\n{script}]]></script>\n</svg>\n")


def _graph(graph: FlameGraph, top: int) -> tuple[Sequence[str], int]:
    """The lines of one graph and its height in pixels."""
    name, plan, tree = graph
    cells, narrow = _cells(tree)
    hidden = f"  +{narrow:,} narrower frames" if narrow else ""
    words = escape(visible(str(name))) + f"  {_amount(tree.totals[ROOT], plan)}{hidden}{_incomplete(tree)}"
    head = (
        f'<g class="graph" transform="translate(0,{top})"><text class="title" x="4" y="14">{words}</text>'
        f'<text class="matched" x="4" y="32"></text>\n'
    )
    deepest = max(cell.level for cell in cells)
    return [head, *_shapes(tree, plan, cells), "</g>\n"], _HEAD + (deepest + 2) * _ROW


def _cells(tree: FlameTree) -> tuple[Sequence[_Cell], int]:
    """The frames that are wide enough, callers before what they call, and the number of the others below them."""
    cells, narrow = [_Cell(ROOT, 0.0, float(_WIDTH), 0)], 0
    whole = max(1, tree.totals[ROOT])
    for cell in cells:
        left = cell.left
        for child in tree.heaviest_first([*tree.children(cell.node)]):
            width = tree.totals[child] * _WIDTH / whole
            if width < _NARROWEST:
                narrow += 1
            else:
                cells.append(_Cell(child, left, width, cell.level + 1))
            left += width
    return cells, narrow


def _shapes(tree: FlameTree, plan: MapPlan, cells: Sequence[_Cell]) -> Iterator[str]:
    for cell in cells:
        frame, total, own = tree.frame(cell.node), tree.totals[cell.node], tree.own[cell.node]
        text = escape(frame.text)
        share = numbers.share(as_float(total), as_float(tree.totals[ROOT]))
        own_share = numbers.share(as_float(own), as_float(tree.totals[ROOT]))
        yield (
            f'<g class="f" data-x="{cell.left:.3f}" data-w="{cell.width:.3f}" data-level="{cell.level}" '
            f'data-name="{text}"><title>{text}: {_amount(total, plan)}, {share} %, own {own_share} %</title>'
            f'<rect class="{frame.kind}" x="{cell.left:.3f}" y="{_HEAD + cell.level * _ROW}" '
            f'width="{cell.width:.3f}" height="{_ROW - 1}"/>'
            f'<text x="{cell.left + 3:.3f}" y="{_HEAD + cell.level * _ROW + 13}">'
            f"{_label(frame.text, cell.width)}</text></g>\n"
        )


def _label(text: str, width: float) -> str:
    """As much of a name as a frame has room for: what a viewer without scripts shows."""
    room = int((width - 6) / _LETTER)
    return "" if room < 2 else escape(text if len(text) <= room else f"{text[: room - 1]}…")


def _amount(weight: int, plan: MapPlan) -> str:
    unit = weight_unit(plan)
    return numbers.with_unit(weight, unit) if unit else f"{weight:,}"


def _incomplete(tree: FlameTree) -> str:
    """The shares of the stacks with missing outermost frames."""
    facts, whole = tree.facts, as_float(tree.totals[ROOT])
    shares = ((facts.cut, "cut"), (facts.broken, "without frame pointers"), (facts.empty, "without frames"))
    return "".join(f"  {numbers.share(as_float(one), whole)} % {words}" for one, words in shares if one)


EXPORTER = StreamExporter("svg", ".svg", "the same stacks as flame graphs for a browser", write_svg)
