"""The pictures in docs/pictures are what the demos show."""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise
from pathlib import Path

import pyte
import pytest
from benchmarks.pictures import FOLDER, PICTURES, Picture, drawn, svg

from tests.real.tracing import wait_until

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("one", PICTURES, ids=lambda one: one.demo)
def test_a_picture_is_what_its_demo_shows(one: Picture) -> None:
    kept = (FOLDER / f"{one.demo}.svg").read_text()
    with contextlib.closing(drawn(one)) as pictures:
        wait_until(lambda: next(pictures) == kept, 20, "the picture; python -m benchmarks.pictures makes it again")


def test_pictures_are_small_and_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    found = sorted(FOLDER.iterdir())
    assert {path.stem for path in found} == {one.demo for one in PICTURES}
    assert all(path.stat().st_size < 60_000 for path in found)
    assert all(f"docs/pictures/{path.name}" in readme for path in found)


def test_a_picture_has_each_word_at_its_place_in_its_colours() -> None:
    screen = pyte.Screen(12, 2)
    pyte.Stream(screen).feed("a <b>\r\n  \x1b[38;2;1;2;3;48;2;4;5;6mx y\x1b[0m")
    lines = svg(screen).split("\n")
    assert '<text x="0" y="13" textLength="40" fill="#d0d0d0">a &lt;b&gt;</text>' in lines
    assert '<rect x="16" y="17" width="24" height="17" fill="#040506"/>' in lines
    assert '<text x="16" y="30" textLength="24" fill="#010203">x y</text>' in lines
    rows = [int(one) for one in re.findall(r'<text x="\d+" y="(\d+)"', svg(screen))]
    assert all(above <= below for above, below in pairwise(rows))
