"""Lines and plans for the tests of the model."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from bttop.model.plan import Column, MapPlan, Plan, Scheme
from bttop.model.record.decode import Decoder
from bttop.model.record.records import MapRecord, Record, Stamp, StampedLine
from bttop.model.record.release import Release
from bttop.model.record.releases import NEWEST_KNOWN, OLDEST_KNOWN

DATA = Path(__file__).parent / "data"

TEXT = Column("comm", "text")
NUMBER = Column("pos", "int")
STACK = Column("stack", "stack")
UNKNOWN = Column("part", "any")

RELEASES = tuple(Release(0, minor) for minor in range(OLDEST_KNOWN.minor, NEWEST_KNOWN.minor + 1))
SECOND = 1_000_000_000


def stamped(
    data: str | bytes,
    boot_ns: int = 0,
    *,
    stream: Literal["stdout", "stderr"] = "stdout",
    generation: int = 1,
) -> StampedLine:
    """A line that arrived at `boot_ns`."""
    raw = data.encode() if isinstance(data, str) else data
    return StampedLine(generation, stream, Stamp(boot_ns, boot_ns + 5), raw)


def decoded(data: str | bytes, release: str = "0.17", plan: Plan | None = None) -> Record:
    """The record of one line of a fresh process."""
    return Decoder(version(release), plan or Plan()).decode(stamped(data)).record


def printed_map(data: str | bytes, release: str = "0.17", plan: Plan | None = None) -> MapRecord:
    """The record of one line that is a map."""
    record = decoded(data, release, plan)
    assert isinstance(record, MapRecord), record
    return record


def version(text: str) -> Release:
    release = Release.parse(text)
    assert release is not None
    return release


def planned(*maps: MapPlan, heartbeats: tuple[str, ...] = ("a",), interval_ns: int = SECOND) -> Plan:
    """A plan of maps that are printed under their own names."""
    return Plan({one.name: one for one in maps}, {}, heartbeats, interval_ns)


def captured(name: str) -> list[bytes]:
    """The lines of one captured run."""
    return (DATA / f"{name}.jsonl").read_bytes().split(b"\n")[:-1]


def records(name: str, plan: Plan) -> list[Record]:
    """The records of one captured run; its name starts with the release."""
    decoder = Decoder(version(name), plan)
    return [decoder.decode(stamped(data)).record for data in captured(name)]


def maps_by_name(found: Iterable[Record]) -> dict[str, MapRecord]:
    """The first print of every map."""
    by_name: dict[str, MapRecord] = {}
    for record in found:
        if isinstance(record, MapRecord):
            by_name.setdefault(record.name, record)
    return by_name


def map_line(name: str, value: object, kind: str = "map") -> str:
    """A line as bpftrace prints a map."""
    return json.dumps({"type": kind, "data": {name: value}})


def beat(number: int, nsecs: int, block: int = 0, nonce: int = 0, *, is_last: bool = False) -> str:
    """A heartbeat's line, as bpftrace prints it."""
    return f'{{"type": "value", "data": [{nonce},[{block},{number},{nsecs}{",1" if is_last else ""}]]}}'


def captured_plan(scheme: Scheme = "own") -> Plan:
    """The plan of the captured scripts: seven processes that write, counted in every way."""
    keyed = {"@c": "count", "@h": "hist", "@l": "lhist", "@st": "stats", "@av": "avg", "@mn": "min"}
    scalar = {"@mx": "max", "@cs": "count", "@hs": "hist", "@sts": "stats", "@avs": "avg", "@txt": "value"}
    return planned(
        *(MapPlan(name, kind, (TEXT,), scheme) for name, kind in keyed.items()),  # type: ignore[arg-type]
        *(MapPlan(name, kind, (), scheme) for name, kind in scalar.items()),  # type: ignore[arg-type]
        MapPlan("@ct", "count", (TEXT, NUMBER), scheme),
        MapPlan("@val", "value", (TEXT,), "gauge"),
        MapPlan("@tup", "value", (TEXT,), "gauge"),
        MapPlan("@ks", "count", (STACK,), scheme),
        MapPlan("@us", "count", (STACK,), scheme),
        MapPlan("@cu", "count", (TEXT, STACK), scheme),
        MapPlan("@kc", "count", (STACK, TEXT), scheme),
        MapPlan("@kv", "value", (), "gauge"),
        interval_ns=SECOND // 2,
    )
