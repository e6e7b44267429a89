"""Which scripts take longer to start than others."""

from __future__ import annotations

import pytest

from bttop.paths import shipped
from bttop.script.cost.start_weight import start_weight
from bttop.script.language.reader import read


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("BEGIN { @ = count(); }", 1),
        ("t:a:b, t:a:c { @ = count(); }", 2),
        ("t:a:b /args->x == 1/ { @[args.y] = count(); }", 3),
        ('t:a:b { printf("args->x . args.y"); } // args->x', 1),
        ("/* not closed", 0),
    ],
)
def test_each_attach_point_and_each_field_counts(text: str, weight: int) -> None:
    assert start_weight(read(text)) == weight


def test_retransmits_is_the_heaviest_of_the_stock_probes() -> None:
    stock = ("syscalls", "retransmits", "vfs_read", "sched_switch", "profile")
    weights = {name: start_weight(read((shipped("probes") / f"{name}.bt").read_text())) for name in stock}
    assert max(weights, key=lambda name: weights[name]) == "retransmits"
