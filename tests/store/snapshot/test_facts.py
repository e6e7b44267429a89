from __future__ import annotations

import pytest
from msgspec.structs import replace

from bttop.store.snapshot.facts import Facts
from tests.store.made import FACTS


def test_devices_of_the_host_come_back_and_name_numbers() -> None:
    facts = replace(FACTS, devices={"253:0": "vda", "7:1": "loop1", "259:3": "nvme0n1p3", "252:0": "dm-0"})
    read = Facts.read(facts.as_text())
    assert read == facts
    assert read.decoders["device"](253 << 20) == "vda"


@pytest.mark.parametrize("text", ["", "vda", "253:0=", "=vda", "253:0=a b\x1b", "x:0=vda", "253:0=" + "a" * 100])
def test_devices_that_bttop_could_not_have_written_are_left_out(text: str) -> None:
    found = Facts.read(FACTS.as_text() | {"devices": text}).devices
    assert found == ({"253:0": "a"} if " " in text else {})
