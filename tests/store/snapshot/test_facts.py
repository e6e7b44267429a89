from __future__ import annotations

import pytest
from msgspec.structs import replace

from bttop.model.record.records import Stamp
from bttop.store.snapshot.facts import HOST_COLUMNS, HostClock, RecordedHost, SessionFacts, read_host
from tests.store.made import FACTS, SESSION


def test_a_host_comes_back_with_its_clock_and_its_devices_name_numbers() -> None:
    facts = replace(FACTS, devices={"253:0": "vda", "7:1": "loop1", "259:3": "nvme0n1p3", "252:0": "dm-0"})
    host = RecordedHost(3, facts, HostClock(-5, 7, 2))
    assert read_host(host.as_row()) == host
    assert facts.decoders["device"](253 << 20) == "vda"
    assert SessionFacts.read(SESSION.as_text()) == SESSION


@pytest.mark.parametrize("text", ["", "vda", "253:0=", "=vda", "253:0=a b\x1b", "x:0=vda", "253:0=" + "a" * 100])
def test_devices_that_bttop_could_not_have_written_are_left_out(text: str) -> None:
    row = list(RecordedHost(1, FACTS).as_row())
    row[HOST_COLUMNS.index("devices")] = text
    found = read_host(row)
    assert found is not None
    assert found.facts.devices == ({"253:0": "a"} if " " in text else {})


def test_a_moment_of_a_host_is_aligned_by_what_its_clocks_are_ahead() -> None:
    assert HostClock(100, -20, 3).aligned(Stamp(1_000, 2_000)) == Stamp(900, 2_020)


def test_a_host_without_a_release_is_none() -> None:
    row = list(RecordedHost(1, FACTS).as_row())
    row[HOST_COLUMNS.index("release")] = "new"
    assert read_host(row) is None
