from __future__ import annotations

import pytest

from bttop.model.format.names import decoders
from bttop.model.plan import Column, MapPlan, PartKind
from bttop.model.record.records import Stamp
from bttop.store.aliases import AliasedNames
from bttop.store.labels import Labels

LABELS = Labels(AliasedNames(), decoders("x86_64", {"253:0": "vda"}), Stamp(0, 0), Stamp(1, 1))


@pytest.mark.parametrize(
    ("kind", "decoder", "key", "shown"),
    [
        ("int", "syscall", "257", "openat"),
        ("int", "errno", "-2", "ENOENT"),
        ("int", "device", "265289728", "vda"),
        ("text", "block_operation", "WS", "write sync"),
        ("text", "block_operation", "customer-database", "text-1"),
        ("text", "errno", "customer-database", "text-1"),
        ("text", "syscall", "customer-database", "text-1"),
        ("text", "address", "[10,0,0,1]", "addr-1"),
    ],
)
def test_a_report_without_names_shows_the_names_of_the_kernels_numbers_only(
    kind: PartKind, decoder: str, key: str, shown: str
) -> None:
    labels = Labels(AliasedNames(), LABELS.decoders, LABELS.begin, LABELS.end)
    assert labels.cells(key, MapPlan("@", "count", (Column("what", kind, decoder),))) == [shown]
