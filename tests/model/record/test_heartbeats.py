"""The heartbeat: which printed values are one, and that no text is."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from bttop.model.plan import Plan
from bttop.model.record.decode import Decoder
from bttop.model.record.heartbeats import count_heartbeats, heartbeat_ends, is_heartbeat
from bttop.model.record.records import FOREVER, Heartbeat, Printed, Record
from tests.model.samples import beat, planned, stamped, version

NONCE = 48273949283
RELEASES = ("0.14", "0.17", "0.20", "0.23", "0.24", "0.27")
PLAN: Plan = replace(planned(heartbeats=("a", "b")), nonce=NONCE)


def decoded(line: str, release: str = "0.17") -> Record:
    return Decoder(version(release), PLAN).decode(stamped(line)).record


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("block", "mark"), [(0, "a"), (1, "b")])
@pytest.mark.parametrize("is_last", [False, True])
def test_a_heartbeat_is_a_value_that_begins_with_the_nonce(release: str, block: int, mark: str, is_last: bool) -> None:
    line = beat(12, 1890490226275, block, NONCE, is_last=is_last)
    record = decoded(line, release)
    assert record == Heartbeat(record.stamp, mark, 12, 1890490226275, is_last=is_last)
    assert is_heartbeat(line.encode(), PLAN)
    assert heartbeat_ends([line.encode()], PLAN) == [1890490226275]
    assert [count_heartbeats([line.encode()], PLAN, one) for one in (0, 1)] == [int(block == 0), int(block == 1)]


def test_after_104_days_of_uptime_newer_releases_print_its_time_as_text() -> None:
    line = f'{{"type": "value", "data": [{NONCE},[0,3,"9007199254740993"]]}}'
    record = decoded(line, "0.27")
    assert record == Heartbeat(record.stamp, "a", 3, 9007199254740993)
    assert heartbeat_ends([line.encode()], PLAN) == [9007199254740993]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("kind", ["printf", "value", "cat", "join", "syscall", "time", "errorf", "warnf"])
@pytest.mark.parametrize(
    "text",
    [
        "bttop-hb a 9 1",
        f"[{NONCE},[0,1,2]]",
        f"{NONCE}",
        beat(1, 2, nonce=NONCE),
        f"x\n{beat(1, 2, nonce=NONCE)}\n",
        f'"}}\n{beat(1, 2, nonce=NONCE)}\n{{"type": "printf", "data": "',
        f'", "data": [{NONCE},[0,1,2]], "x": "',
        beat(1, 2, nonce=NONCE)[:64],
        beat(1, 2, nonce=NONCE)[64:],
        "x" * 1024 + beat(1, 2, nonce=NONCE),
        f"\x1b\xe9{beat(1, 2, nonce=NONCE)}",
    ],
)
def test_no_text_is_a_heartbeat_even_if_its_writer_knows_the_nonce(release: str, kind: str, text: str) -> None:
    line = json.dumps({"type": kind, "data": text})
    record = decoded(line, release)
    assert isinstance(record, Printed)
    assert record.data == text
    assert not is_heartbeat(line.encode(), PLAN)


@pytest.mark.parametrize(
    "data",
    [
        f"[{NONCE + 1},[0,1,2]]",
        "[0,[0,1,2]]",
        f"[{NONCE},[2,1,2]]",
        f"[{NONCE},[0,-1,2]]",
        f"[{NONCE},[0,1]]",
        f"[{NONCE},[0,1,2,1,1]]",
        f"[{NONCE},[0,1,{FOREVER}]]",
        f'[{NONCE},["a",1,2]]',
        f"[{NONCE},[0,1,[2]]]",
        f"[{NONCE},[0,1,2],3]",
        f"[{NONCE},0,1,2]",
        f"[[{NONCE},0,1,2]]",
        f"[true,[0,1,{NONCE}]]",
        f"{NONCE}",
    ],
)
def test_other_values_are_the_scripts_own(data: str) -> None:
    assert isinstance(decoded(f'{{"type": "value", "data": {data}}}'), Printed)
