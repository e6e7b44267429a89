"""What keys and clicks do in a flame graph: each returns the choice after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from msgspec.structs import replace

from bttop.model.stacks.form import FlameForm, Names, Split
from bttop.model.stacks.row_parts import splits_of
from bttop.ui.views.base import Scene, ViewChoice
from bttop.ui.views.flame.layout import NARROW, FlameCell
from bttop.ui.views.flame.picture import HEAD, FlamePicture
from bttop.ui.views.flame_choice import FlameChoice

_NAMES: Final[tuple[Names, ...]] = ("function", "offset", "module")


def acts(scene: Scene, picture: FlamePicture) -> Mapping[str, Callable[[], ViewChoice | None]]:
    """The commands that a flame graph takes over, by name."""
    flame = scene.choice.flame
    down = 1 if flame.shape == "icicle" else -1
    step, side = partial(_step, scene, picture), partial(_side, scene, picture)
    return {
        "down": lambda: step(down),
        "up": lambda: step(-down),
        "page-down": lambda: step(down * picture.rows),
        "page-up": lambda: step(-down * picture.rows),
        "unfold": lambda: side(1),
        "fold": lambda: side(-1),
        "first": lambda: step(-len(picture.layout.levels)),
        "last": lambda: step(len(picture.layout.levels)),
        "detail": lambda: _zoom(scene, picture),
        "return": lambda: _zoom_out(scene),
        "back": lambda: _reset(scene),
        "flame-form": lambda: _with(scene, _next_form(flame)),
        "flame-split": lambda: _with(scene, _changed(flame, replace(flame.form, split=_next_split(scene)))),
        "flame-names": lambda: _with(scene, _changed(flame, replace(flame.form, names=_next_names(flame.form)))),
    }


def click(scene: Scene, picture: FlamePicture, line: int, cell: int) -> ViewChoice | None:
    """Select the frame at a cell of a line; a click on the selected frame zooms to it. None where there is no frame."""
    depth = level_of_line(scene, picture, line)
    if depth is None:
        return None
    level = picture.layout.levels[depth]
    hit = next((one for one in level if one.start <= cell < one.end and one.node != NARROW), None)
    if hit is None:
        return None
    if hit.node == picture.selected:
        return _zoom(scene, picture)
    return _at(scene, picture, hit)


def level_of_line(scene: Scene, picture: FlamePicture, line: int) -> int | None:
    """The level on a line of the drawing; None if it has none."""
    row = line - HEAD if scene.choice.flame.shape == "icicle" else HEAD + picture.rows - 1 - line
    depth = picture.top + row
    return depth if 0 <= row < picture.rows and depth < len(picture.layout.levels) else None


def _with(scene: Scene, flame: FlameChoice) -> ViewChoice:
    return replace(scene.choice, flame=flame, moved=True)


def _at(scene: Scene, picture: FlamePicture, cell: FlameCell) -> ViewChoice:
    flame, at = scene.choice.flame, picture.tree.path(cell.node)
    return _with(scene, replace(flame, at=at, zoom=min(flame.zoom, len(at))))


def _step(scene: Scene, picture: FlamePicture, levels: int) -> ViewChoice:
    """Select the caller (a negative number), or the heaviest frame below, so many levels away."""
    found, depth = picture.cell, picture.depth
    for _ in range(abs(levels)):
        depth += 1 if levels > 0 else -1
        if not 0 <= depth < len(picture.layout.levels):
            break
        following = _beside(picture, found, depth, below=levels > 0)
        if following is None:
            break
        found = following
    return _at(scene, picture, found)


def _beside(picture: FlamePicture, cell: FlameCell, depth: int, *, below: bool) -> FlameCell | None:
    """The frame of a level that is the first one below a cell, or its caller."""
    parents = picture.tree.parents
    wanted = parents[cell.node]
    fitting = (
        one
        for one in picture.layout.levels[depth]
        if one.node != NARROW and (parents[one.node] == cell.node if below else one.node == wanted)
    )
    return next(fitting, None)


def _side(scene: Scene, picture: FlamePicture, step: int) -> ViewChoice:
    """Select the next frame of the level to the right or to the left."""
    level = [one for one in picture.layout.levels[picture.depth] if one.node != NARROW]
    at = level.index(picture.cell) + step
    return _at(scene, picture, level[at]) if 0 <= at < len(level) else _at(scene, picture, picture.cell)


def _zoom(scene: Scene, picture: FlamePicture) -> ViewChoice | None:
    """Give the selected frame the whole width; None if it has it, which leaves the key to the questions about a row."""
    if picture.selected == picture.zoomed:
        return None
    flame, at = scene.choice.flame, picture.tree.path(picture.selected)
    return _with(scene, replace(flame, at=at, zoom=len(at), steps=(*flame.steps, flame.zoom)))


def _zoom_out(scene: Scene) -> ViewChoice | None:
    """Return to the zoom before; None without one."""
    flame = scene.choice.flame
    if not flame.steps:
        return None
    return _with(scene, replace(flame, at=flame.zoomed, zoom=flame.steps[-1], steps=flame.steps[:-1]))


def _reset(scene: Scene) -> ViewChoice | None:
    """Show everything again; None without a zoom, and while there is a search, which is removed first."""
    flame = scene.choice.flame
    if scene.choice.needle or not flame.steps:
        return None
    return _with(scene, replace(flame, at=flame.zoomed, zoom=0, steps=()))


def _changed(flame: FlameChoice, form: FlameForm) -> FlameChoice:
    """Another form, in which no path is the same: nothing is selected."""
    return FlameChoice(form, flame.shape)


def _next_form(flame: FlameChoice) -> FlameChoice:
    """Root at the top, root at the bottom, inverted."""
    if flame.form.inverted:
        return _changed(flame, replace(flame.form, inverted=False))
    if flame.shape == "icicle":
        return replace(flame, shape="flame")
    return FlameChoice(replace(flame.form, inverted=True), "icicle")


def _next_split(scene: Scene) -> Split:
    found = splits_of(scene.data.plan)
    return found[(found.index(scene.choice.flame.form.split) + 1) % len(found)]


def _next_names(form: FlameForm) -> Names:
    return _NAMES[(_NAMES.index(form.names) + 1) % len(_NAMES)]
