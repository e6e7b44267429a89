"""The forms of `bttop stream`."""

from __future__ import annotations

import json

import pytest

from bttop.engine.headless.stream_forms import JsonLines, TotalTable
from bttop.engine.headless.waiting_flushes import MissingFlush, WaitingFlush
from bttop.model.flush.flush import Flush
from bttop.model.format.names import decoders
from tests.engine.stage import Stage
from tests.model.history.test_history import counts

DECODERS = decoders("x86_64")


def flushes(stage: Stage, count: int) -> list[WaitingFlush]:
    made: list[Flush] = counts(count)
    return [WaitingFlush(stage.program, flush, ("a badge",)) for flush in made]


def test_json_is_written_as_the_flushes_come() -> None:
    stage, form = Stage(), JsonLines({"": DECODERS})
    (waiting,) = flushes(stage, 1)
    assert json.loads(next(iter(form.lines(waiting))))["badges"] == ["a badge"]
    assert list(form.end([stage.program], 0, 5)) == []


def test_json_reports_a_missing_flush_and_those_that_were_left_out() -> None:
    stage, form = Stage(), JsonLines({"": DECODERS})
    (lost,) = form.lines(MissingFlush(stage.program, "it was killed", 5))
    (left_out,) = form.end([stage.program], 7, 5)
    assert [json.loads(one)["kind"] for one in (lost, left_out)] == ["lost", "left out"]


def test_the_table_writes_nothing_before_the_end() -> None:
    stage, form = Stage(), TotalTable(10, 80, DECODERS)
    assert [line for one in flushes(stage, 3) for line in form.lines(one)] == []
    lines = list(form.end([stage.program], 0, 5))
    assert lines[0].startswith(stage.program.name)
    assert "  ! a badge" in lines


def test_the_table_reports_what_is_missing() -> None:
    stage, form = Stage(), TotalTable(10, 80, DECODERS)
    list(form.lines(MissingFlush(stage.program, "it was killed", 5)))
    lines = list(form.end([stage.program], 7, 5))
    assert any("was killed" in line and line.startswith("  ! ") for line in lines)
    assert lines[-1] == "! 7 flushes were left out: bttop could not add them up in time"


def test_a_program_without_a_flush_is_in_the_table_with_the_reason() -> None:
    stage, other, form = Stage(), Stage(), TotalTable(10, 80, DECODERS)
    stage.program.refuse("it cannot be read", stage.now)
    lines = list(form.end([stage.program, other.program], 0, 5))
    assert "  ! there is no flush: it cannot run" in lines
    assert lines.count("") == 1


def test_a_program_that_was_detached_before_the_end_is_said_to_be() -> None:
    stage, form = Stage(), TotalTable(10, 80, DECODERS)
    for one in flushes(stage, 1):
        list(form.lines(one))
    stage.program.hold(stage.now, "limit exceeded: 9 % of 8 CPUs")
    assert "  ! it did not run until the end: limit exceeded: 9 % of 8 CPUs" in form.end([stage.program], 0, 5)


@pytest.mark.parametrize(("most", "told"), [(1, "@c, count 7, the 1 largest of 2 rows"), (2, "@c, count 7")])
def test_the_table_has_so_many_rows(most: int, told: str) -> None:
    stage, form = Stage(), TotalTable(most, 80, DECODERS)
    for one in flushes(stage, 2):
        list(form.lines(one))
    assert f"  {told}" in form.end([stage.program], 0, 5)
