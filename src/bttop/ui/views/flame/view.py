"""Stacks as a flame graph: each frame is as wide as its share, below its caller."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from bttop.model.flush.by_function import function_key
from bttop.model.format.text import counted
from bttop.model.plan import MapPlan
from bttop.model.stacks.weight import weighs
from bttop.ui.render.spans import Line, Span, fit
from bttop.ui.views.base import Drawing, Scene
from bttop.ui.views.flame.layout import NARROW
from bttop.ui.views.flame.moves import acts, click
from bttop.ui.views.flame.painting import paint_level
from bttop.ui.views.flame.picture import FOOT, HEAD, FlamePicture, picture_of
from bttop.ui.views.flame.words import heading, selected_lines, weight_text
from bttop.ui.views.stacks import VIEW as STACKS


class Flame:
    """Numbers by a key that contains a stack, if they can be added up."""

    name = "flame"
    least = (60, 10)
    instead_of = STACKS.name

    def rank(self, plan: MapPlan, *, has_keys: bool) -> int:  # noqa: ARG002
        if not weighs(plan) or not any(column.kind == "stack" for column in plan.columns):
            return 0
        return 4 if plan.aggregation in ("hist", "lhist") else 9

    def draw(self, scene: Scene) -> Drawing:
        if scene.height < 1 or scene.width < 1:
            return Drawing((), choice=scene.choice)
        picture = picture_of(scene)
        if picture is None:
            return _being_made(scene)
        if not picture.tree.totals[0]:
            return _nothing(scene, picture)
        foot = selected_lines(scene, picture, FOOT)
        levels = _level_lines(scene, picture)
        blank = fit((Span(""),), scene.width)
        short = max(0, scene.height - HEAD - len(levels) - len(foot))
        icicle = scene.choice.flame.shape == "icicle"
        body = [*levels, *[blank] * short] if icicle else [*[blank] * short, *reversed(levels)]
        lines = (heading(scene, picture), *body, *foot)[: scene.height]
        key = _key(scene, picture)
        keys = (*[None] * (len(lines) - 1), key)
        choice = replace(scene.choice, selected=key, top=picture.top, at=0, widths=())
        return Drawing(
            lines,
            keys,
            (key,) if key is not None else (),
            weight_text(scene, picture.tree.totals[0]),
            choice=choice,
            note=f"+{picture.layout.narrow:,} narrower" if picture.layout.narrow else "",
            acts=acts(scene, picture),
            click=partial(click, scene, picture),
        )

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        return STACKS.detail(scene, key)


VIEW = Flame()


def _being_made(scene: Scene) -> Drawing:
    """One line in place of the first tree."""
    text = f" the flame graph of {counted(len(scene.data.rows), 'row')} is being made"
    return Drawing((fit((Span(text, "dim"),), scene.width),), (None,), choice=scene.choice)


def _nothing(scene: Scene, picture: FlamePicture) -> Drawing:
    """Only the heading: nothing has a weight."""
    lines = (heading(scene, picture),)
    return Drawing(lines, (None,), (), weight_text(scene, 0), choice=scene.choice, acts=acts(scene, picture))


def _level_lines(scene: Scene, picture: FlamePicture) -> list[Line]:
    levels = picture.layout.levels[picture.top : picture.top + picture.rows]
    return [paint_level(scene, picture, level) for level in levels]


def _key(scene: Scene, picture: FlamePicture) -> str | None:
    """The key of the heaviest row whose stack passes through the selected frame: keys that use a row use this one."""
    node = picture.selected if picture.selected != NARROW else picture.zoomed
    key = picture.tree.keys.get(picture.tree.widest_end(node))
    return None if key is None else function_key(key, scene.data.plan, scene.namer)
