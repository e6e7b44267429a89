"""The tools that the distribution ships with bpftrace, and the stock probe files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bttop.script.language.reader import Script, read
from bttop.script.language.survey import survey
from bttop.script.library.probe_files import Library, ProbeFile
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import prepare

STOCK = Path(__file__).parents[3] / "probes"
TOOLS = sorted(Path("/usr/sbin").glob("*.bt"))

# Maps that the distribution's tools count into, and nothing else.
AGGREGATIONS = {
    "biolatency.bt": {"@usecs"},
    "biostacks.bt": {"@usecs"},
    "bitesize.bt": {"@"},
    "cpuwalk.bt": {"@cpu"},
    "pidpersec.bt": {"@"},
    "runqlat.bt": {"@usecs"},
    "runqlen.bt": {"@runqlen"},
    "ssllatency.bt": {"@hist", "@histF", "@stat", "@statF"},
    "swapin.bt": {"@"},
    "syscount.bt": {"@syscall", "@process"},
    "tcpsynbl.bt": {"@backlog"},
    "vfscount.bt": {"@"},
    "vfsstat.bt": {"@"},
    "xfsdist.bt": {"@us"},
}

OF_A_PROCESS = [
    probe for probe in Library.load([STOCK]).probes if probe.front is not None and not probe.front.parameters
]
OF_A_LIMIT = [probe for probe in Library.load([STOCK]).probes if probe not in OF_A_PROCESS]


@pytest.mark.parametrize("path", TOOLS, ids=lambda path: path.name)
def test_a_tool_is_read_and_its_aggregations_are_known(path: Path) -> None:
    script = read(path.read_bytes())
    assert isinstance(script, Script)
    pure = {name for name, use in survey(script).maps.items() if use.pure}
    assert pure == AGGREGATIONS.get(path.name, set())


@pytest.mark.parametrize("path", TOOLS, ids=lambda path: path.name)
@pytest.mark.parametrize("pin", [None, Pin(pids=(7,))])
def test_an_edited_tool_can_be_read_again_and_has_a_heartbeat(path: Path, pin: Pin | None) -> None:
    one = prepare(read(path.read_bytes()), pin=pin)
    assert one.is_edited
    assert isinstance(read(one.text), Script)
    marks = len(one.plan.heartbeats)
    assert marks >= 1
    assert one.text.count("print((0, (") == (2 * marks if one.ends_flush else marks)
    assert one.ends_flush


@pytest.mark.parametrize("probe", Library.load([STOCK]).probes, ids=lambda probe: probe.name)
def test_a_stock_probe_is_exact_in_every_map(probe: ProbeFile) -> None:
    one = prepare(probe.script, front=probe.front)
    counted = [plan for plan in one.plan.maps.values() if not plan.since]
    assert {plan.scheme for plan in counted} <= {"bank", "cumulative"}
    assert all(plan.scheme == "bank" for plan in counted if plan.columns)
    assert one.args == ("0",)


@pytest.mark.parametrize("probe", OF_A_PROCESS, ids=lambda probe: probe.name)
def test_a_stock_probe_takes_the_pin_as_its_parameter(probe: ProbeFile) -> None:
    one = prepare(probe.script, front=probe.front, pin=Pin(pids=(7,)))
    assert one.args == ("7",)
    assert one.text == prepare(probe.script, front=probe.front).text


@pytest.mark.parametrize("probe", OF_A_LIMIT, ids=lambda probe: probe.name)
def test_a_stock_probe_keeps_its_limit_beside_the_pin(probe: ProbeFile) -> None:
    one = prepare(probe.script, front=probe.front, pin=Pin(pids=(7,)), args=("10000",))
    assert one.args == ("10000",)
    assert one.text.count("pid == 7") == len(one.attach_points)


@pytest.mark.parametrize("probe", OF_A_PROCESS, ids=lambda probe: probe.name)
def test_a_stock_probe_takes_several_processes_and_their_children(probe: ProbeFile) -> None:
    one = prepare(probe.script, front=probe.front, pin=Pin((7, 8), children=True))
    assert one.args == ("7",)
    widened = probe.text.count("== $1")
    assert widened
    # Once more each by the probes that follow the children.
    assert one.text.count(" == 8") == len(re.findall(r"@__bt_kids\[\(uint64\)[($p]", one.text)) == widened + 1
    assert "tracepoint:task:task_newtask" in one.text
    assert isinstance(read(one.text), Script)
    plain = [badge.code for badge in prepare(probe.script, front=probe.front).badges]
    assert [badge.code for badge in one.badges] == plain
