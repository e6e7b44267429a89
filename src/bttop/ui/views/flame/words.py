"""The texts of a flame graph: what the stacks are, and the selected frame in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.text import counted
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.search import everywhere, nameless_weight
from bttop.model.stacks.weight import weight_unit
from bttop.ui.render.spans import Line, Span, fit, line_width
from bttop.ui.render.text import ELLIPSIS, left
from bttop.ui.views.base import Scene, about, per
from bttop.ui.views.flame.picture import FlamePicture
from bttop.ui.views.flame_choice import FlameChoice

_SPLITS: Final = {"all": "all processes", "process": "by process", "thread": "by thread", "text": "by key"}
_NAMES: Final = {"function": "functions", "offset": "functions with offsets", "module": "files"}


def heading(scene: Scene, picture: FlamePicture) -> Line:
    """The first line: what the search matches, which stacks are incomplete, how much is hidden, and the form. What has
    no room is counted."""
    flame = scene.choice.flame
    notes = _notes(picture, flame.form, has_baseline=scene.baseline is not None)
    spans = [*notes, Span(form_text(flame), "heading")]
    shown: list[Span] = []
    for at, span in enumerate(spans):
        rest = len(spans) - at - 1
        gap = Span("  ") if shown else Span(" ")
        tail = [Span(f"  +{rest} notes", "dim")] if rest else []
        if line_width((*shown, gap, span, *tail)) > scene.width and shown:
            shown.append(Span(f"  +{counted(rest + 1, 'note')}", "dim"))
            break
        shown += [gap, span]
    return fit(shown, scene.width)


def form_text(choice: FlameChoice) -> str:
    """The form of the tree in a few words."""
    root = "innermost frame" if choice.form.inverted else "root"
    place = "top" if choice.shape == "icicle" else "bottom"
    return f"{_SPLITS[choice.form.split]} · {_NAMES[choice.form.names]} · {root} at the {place}"


def _notes(picture: FlamePicture, form: FlameForm, *, has_baseline: bool) -> Iterator[Span]:
    tree, facts = picture.tree, picture.tree.facts
    whole = tree.totals[0]
    if picture.found is not None:
        yield Span(f"{numbers.share(as_float(picture.found.weight), as_float(whole))} % matched", "match")
    if picture.is_older:
        yield Span("an earlier flush, until this one is read", "badge")
    if picture.missing:
        yield Span(f"{counted(picture.missing, 'frame')} of the zoom not in this flush", "badge")
    if picture.change is not None and picture.change.gone:
        yield Span(f"{counted(picture.change.gone, 'frame')} gone since the baseline", "badge")
    if has_baseline and picture.change is None:
        yield Span(
            "baseline not compared: it has no offsets" if form.names == "offset" else "the baseline is being read",
            "badge",
        )
    shares = (
        (facts.cut, "cut"),
        (facts.broken, "no frame pointers"),
        (nameless_weight(tree, inverted=form.inverted), "no symbol"),
        (facts.empty, "no frames"),
    )
    for weight, words in shares:
        if weight:
            yield Span(f"{numbers.share(as_float(weight), as_float(whole))} % {words}", "badge")
    if facts.left_out:
        yield Span(f"{counted(facts.left_out, 'row')} without a weight", "badge")
    if facts.too_many:
        yield Span(f"{counted(facts.too_many, 'frame')} left out: too many", "badge")
    levels = len(picture.layout.levels)
    if levels > picture.rows:
        last = min(levels, picture.top + picture.rows)
        yield Span(f"levels {picture.top + 1}-{last} of {levels}", "badge")


def selected_lines(scene: Scene, picture: FlamePicture, most: int) -> list[Line]:
    """The selected frame in full, on at most `most` lines, and its numbers on the last."""
    tree, node = picture.tree, picture.selected
    frame, found = tree.frame(node), everywhere(tree, tree.labels[node])
    own = _share("own", tree.own[node], tree.totals[0])
    total = _share("total", tree.totals[node], tree.totals[0])
    before = ""
    if picture.change is not None:
        before = f"  before {weight_text(scene, picture.change.befores[node])}"
    brief = f"{own}  {total}  {weight_text(scene, tree.totals[node])}{before}"
    if found.places == 1:
        return _in_lines(frame.text, (brief,), scene.width, most)
    shares = f"{_share('own', found.own, tree.totals[0])} {_share('total', found.total, tree.totals[0])}"
    places = counted(found.places, "place")
    return _in_lines(
        frame.text, (f"{brief}  everywhere {shares} in {places}", f"{brief}  in {places}"), scene.width, most
    )


def _in_lines(name: str, tails: Sequence[str], width: int, most: int) -> list[Line]:
    """The name and the longest text of its numbers for which there is room: on one line, or the name above."""
    for tail in tails:
        line = (Span(f" {name}  ", "sorted"), Span(tail, "number"))
        if line_width(line) <= width:
            return [fit(line, width)]
        if most > 1 and len(tail) < width:
            return [_name_line(name, width), fit((Span(f" {tail}", "number"),), width)]
    return [fit((Span(f" {tails[-1]}  ", "number"), Span(name, "sorted")), width)]


def _name_line(name: str, width: int) -> Line:
    """A name on a line of its own; a longer one says how many characters are left out."""
    if line_width((Span(f" {name}"),)) <= width:
        return fit((Span(f" {name}", "sorted"),), width)
    note = f" +{len(name)} characters"
    kept = left(name, max(1, width - len(note) - 1)).rstrip(ELLIPSIS)
    note = f"{ELLIPSIS} +{len(name) - len(kept)} characters"
    return fit((Span(f" {kept}", "sorted"), Span(note, "dim")), width)


def _share(word: str, weight: int, whole: int) -> str:
    return f"{word} {numbers.share(as_float(weight), as_float(whole))} %"


def weight_text(scene: Scene, weight: float) -> str:
    """A weight as a rate, or as a total for a map that holds totals since its start."""
    seconds, suffix = per(scene)
    return f"{about(scene)}{numbers.with_unit(as_float(weight) / seconds, weight_unit(scene.data.plan))}{suffix}"
