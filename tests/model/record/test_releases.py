"""The traits of releases: each has one range, and the table follows from them."""

from __future__ import annotations

import pytest

from bttop.model.record.release import Release
from bttop.model.record.releases import RANGES, Trait, Traits, traits_of


def test_every_trait_has_a_range() -> None:
    assert tuple(RANGES) == Traits.__struct_fields__


@pytest.mark.parametrize(
    ("trait", "having"),
    [
        (Trait("x"), [13, 20, 27, 28]),
        (Trait("x", since=(0, 20)), [20, 27, 28]),
        (Trait("x", until=(0, 20)), [13]),
        (Trait("x", (0, 20), (0, 27)), [20]),
    ],
)
def test_a_trait_holds_from_its_first_release_to_the_one_before_its_end(trait: Trait, having: list[int]) -> None:
    assert [minor for minor in (13, 20, 27, 28) if trait.has(Release(0, minor, 3))] == having


def test_the_known_borders() -> None:
    assert [minor for minor in range(14, 29) if traits_of(Release(0, minor)).new_keys_collide] == [23]
    assert [minor for minor in range(14, 29) if traits_of(Release(0, minor)).raw_tracepoints] == list(range(19, 24))
    assert [traits_of(Release(0, minor)).longest_text for minor in (21, 22)] == [64, 1024]
