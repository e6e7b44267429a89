"""Several hosts as one session."""

from __future__ import annotations

import os

from bttop.engine.cost.cost import Cost
from bttop.engine.generation.source import Settings
from bttop.engine.program.status import ProgramState
from bttop.engine.request.questions import from_text
from bttop.script.process.pin import Pin
from tests.engine.hosts.kit import SCRIPT, Group


def test_a_program_has_the_rows_of_all_hosts_and_says_which_are_missing() -> None:
    group = Group()
    (program,) = group.session.programs
    for _ in range(4):
        group.flush("web1", nginx=3)
        group.flush("web2", nginx=4)
    assert program.status.state is ProgramState.LIVE
    assert program.history.appended >= 3
    flush = program.history.latest
    assert flush is not None
    assert flush.maps["@calls"].rows == {"web1,7,nginx": 3, "web2,7,nginx": 4}
    assert flush.coverage == "2 of 3 hosts: without web3"
    added = program.seen("sum")
    assert added.history.appended >= 3
    latest = added.history.latest
    assert latest is not None
    assert latest.maps["@calls"].rows == {"nginx": 7}
    assert [column.title for column in added.page().plan.maps["@calls"].columns] == ["comm"]


def test_one_host_alone_is_its_own_program() -> None:
    group = Group()
    group.flush("web1", nginx=3)
    group.flush("web1", nginx=5)
    alone = group.session.programs[0].seen("one", "web1")
    assert alone.history.appended >= 1
    latest = alone.history.latest
    assert latest is not None
    assert latest.maps["@calls"].rows == {"7,nginx": 5}
    assert latest.coverage == ""
    assert alone.page().status.state is ProgramState.LIVE


def test_a_failure_on_one_host_is_a_badge_with_its_reason() -> None:
    group = Group()
    group.flush("web1", nginx=3)
    while group.on("web2").status.state is not ProgramState.FAILED:
        group.fakes["web2"].complain(group.on("web2"), "ERROR: no such probe")
        group.fakes["web2"].end(group.on("web2"), 1)
    status = group.session.programs[0].status
    assert status.state is ProgramState.LIVE
    badge = next(one for one in status.badges if one.text.endswith("on web2"))
    assert "no such probe" in badge.why
    assert status.complaint is None


def test_a_pin_to_a_process_leaves_only_its_host_and_its_end_brings_the_others_back() -> None:
    group = Group()
    session, (program,) = group.session, group.session.programs
    own = os.getpid()
    assert session.pin_of(str(own)) == f"a process id is one of a single host: write web1:{own}"
    pin = session.pin_of(f"web2:{own}")
    assert pin == Pin(pids=(own,), host="web2")
    assert isinstance(pin, Pin)
    session.pin(pin, session.programs)
    assert program.settings.pin == pin
    assert group.on("web2").settings.pin == Pin(pids=(own,))
    assert group.on("web1").status.state is ProgramState.STOPPING
    group.fakes["web1"].end(group.on("web1"), 0)
    for _ in range(3):
        group.flush("web2", nginx=4)
    assert program.history.appended >= 1
    latest = program.history.latest
    assert latest is not None
    assert latest.coverage == ""
    session.pin(None, session.programs)
    assert group.on("web1").status.running
    assert group.on("web2").settings.pin is None


def test_a_name_is_pinned_on_every_host() -> None:
    group = Group()
    pin = group.session.pin_of("nginx")
    assert isinstance(pin, Pin)
    group.session.pin(pin, group.session.programs)
    assert [group.on(host).settings.pin for host in group.fakes] == [Pin(comm="nginx")] * 2


def test_a_program_that_is_opened_stopped_and_removed_is_so_on_every_host() -> None:
    group = Group()
    session = group.session
    session.open(from_text("more", SCRIPT), Settings())
    more = session.programs[1]
    assert [one.name for one in group.fakes["web2"].engine.programs] == ["calls", "more"]
    assert [engine.host.name for engine, _ in more.living()] == ["pay-gw-07"] * 2
    session.toggle(more)
    assert {one.status.state for _, one in more.living()} == {ProgramState.STOPPING}
    session.remove(more)
    assert [len(fake.engine.programs) for fake in group.fakes.values()] == [1, 1]
    assert len(session.programs) == 1


def test_an_opened_program_with_the_pin_of_one_host_starts_on_the_others_when_that_is_lifted() -> None:
    group = Group()
    session = group.session
    session.open(from_text("more", SCRIPT), Settings(pin=Pin(pids=(7,), host="web1")))
    assert len(group.fakes["web2"].engine.programs) == 1
    session.pin(None, [session.programs[1]])
    assert [one.name for one in group.fakes["web2"].engine.programs] == ["calls", "more"]
    assert len(list(session.programs[1].living())) == 2


def test_what_all_hosts_have_in_common_is_said_as_one() -> None:
    session = Group().session
    assert session.host.name == "web1, web2, web3"
    assert (session.host.kernel, session.host.cpus) == ("6.8.0-31-generic", 16)
    assert session.bill_at() is None
    assert [bool(link.state.lost) for link in session.links] == [False, False, True]
    assert session.engine_of("web3") is session.engine_of("web1")


def test_the_status_is_the_same_object_until_it_changes_and_the_cost_is_the_present_one() -> None:
    group = Group()
    (program,) = group.session.programs
    group.flush("web1", nginx=3)
    status = program.page().status
    group.on("web2").cost = Cost(run=0.5)
    assert program.page().status is status
    assert program.page().cost == Cost(run=0.5)
    assert program.seen("sum").page().status is program.seen("sum").page().status
    group.fakes["web2"].attach(group.on("web2"))
    assert program.page().status is not status


def test_a_host_that_comes_later_runs_the_programs_as_they_are_now() -> None:
    group = Group()
    session = group.session
    session.set_interval(2000)
    session.open(from_text("more", SCRIPT), session.settings)
    session.toggle(session.programs[0])
    for host in group.fakes:
        group.fakes[host].end(group.on(host), 0)
    late = group.come("web3")
    assert [one.name for one in late.engine.programs] == ["more"]
    assert late.engine.programs[0].settings.interval_ms == 2000
    assert session.engine_of("web3") is late.engine
    assert late.engine in session.run.engines
    session.toggle(session.programs[0])
    assert [one.name for one in late.engine.programs] == ["more", "calls"]
    assert len(list(session.programs[0].living())) == 3


def test_the_rows_of_a_host_that_comes_later_join_the_panes() -> None:
    group = Group()
    (program,) = group.session.programs
    group.come("web3")
    for _ in range(4):
        for host, count in (("web1", 1), ("web2", 2), ("web3", 3)):
            group.flush(host, nginx=count)
    assert program.history.appended >= 3
    latest = program.history.latest
    assert latest is not None
    assert latest.maps["@calls"].rows == {"web1,7,nginx": 1, "web2,7,nginx": 2, "web3,7,nginx": 3}
    assert latest.coverage == ""


def test_a_host_that_comes_later_gets_its_part_of_the_pin() -> None:
    group = Group()
    session = group.session
    pin = session.pin_of("nginx")
    assert isinstance(pin, Pin)
    session.pin(pin, session.programs)
    assert group.come("web3").engine.programs[0].settings.pin == Pin(comm="nginx")


def test_a_host_that_comes_later_is_out_while_the_pin_is_on_another() -> None:
    group = Group()
    session = group.session
    session.pin(Pin(pids=(7,), host="web1"), session.programs)
    late = group.come("web3")
    assert not late.engine.programs
    assert [about.is_out for about in session.programs[0].about()] == [False, True, True]
    session.pin(None, session.programs)
    assert [one.name for one in late.engine.programs] == ["calls"]


def test_a_process_of_a_host_that_is_missing_is_refused() -> None:
    assert Group().session.pin_of("web3:7") == "web3: its host key is not known"
