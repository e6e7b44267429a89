"""Two surveys of the host become the cost of every BPF program."""

from __future__ import annotations

import os
from typing import Any

import pytest

from bttop.engine.cost.host_programs import PAUSE_NS, HostProgramRates
from bttop.engine.tracer.frames import BpfSurvey
from bttop.model.record.records import Stamp

SECOND = 1_000_000_000


def survey(at: float, *rows: Any, reason: str = "") -> BpfSurvey:
    return BpfSurvey(0, Stamp(round(at * SECOND), 0), rows, reason)


def row(ident: int, run_ns: int, runs: int, kind: int = 5, name: str = "sys_enter", pids: list[int] | None = None):  # type: ignore[no-untyped-def]
    return [ident, kind, name, 0, run_ns, runs, pids or []]


def test_a_cost_needs_two_surveys() -> None:
    program_rates = HostProgramRates()
    program_rates.take(survey(10, row(1, 500, 5)), {})
    assert program_rates.latest is not None
    assert program_rates.latest.run is None
    program_rates.take(survey(12, row(1, 200_000_500, 1_000_005), row(2, 9, 9)), {})
    first, new = program_rates.latest.programs
    assert first.run == pytest.approx(0.1)
    assert first.ns_per_event == pytest.approx(200)
    assert new.run is None
    assert program_rates.latest.run == pytest.approx(0.1)


def test_the_costliest_stands_first_and_the_total_is_the_sum() -> None:
    program_rates = HostProgramRates()
    program_rates.take(survey(1, row(1, 0, 0), row(2, 0, 0), row(3, 0, 0)), {})
    program_rates.take(survey(2, row(1, 10, 1), row(2, 30_000_000, 1), row(3, 20_000_000, 1)), {})
    assert program_rates.latest is not None
    assert [one.id for one in program_rates.latest.programs] == [2, 3, 1]
    assert program_rates.latest.run == pytest.approx(0.05)


def test_owners_are_bttops_own_programs_or_processes_by_name() -> None:
    program_rates = HostProgramRates()
    program_rates.take(survey(1, row(1, 0, 0, pids=[77, os.getpid()])), {77: "syscalls"})
    assert program_rates.latest is not None
    mine, other = program_rates.latest.programs[0].owners
    assert mine == "bttop: syscalls"
    assert other.endswith(f" {os.getpid()}")


def test_a_type_that_is_newer_than_the_table_is_its_number() -> None:
    program_rates = HostProgramRates()
    program_rates.take(survey(1, row(1, 0, 0, kind=2), row(2, 0, 0, kind=99)), {})
    assert program_rates.latest is not None
    assert [one.type for one in program_rates.latest.programs] == ["kprobe", "type 99"]


def test_the_host_is_not_asked_again_before_it_has_answered_and_rested() -> None:
    program_rates = HostProgramRates()
    assert program_rates.may_ask(0)
    assert not program_rates.may_ask(99 * SECOND)
    program_rates.take(survey(100), {})
    assert not program_rates.may_ask(100 * SECOND + PAUSE_NS - 1)
    assert program_rates.may_ask(100 * SECOND + PAUSE_NS)


def test_an_answer_that_a_lost_tracer_owes_is_not_waited_for() -> None:
    program_rates = HostProgramRates()
    assert program_rates.may_ask(0)
    program_rates.lost()
    assert program_rates.may_ask(1)
