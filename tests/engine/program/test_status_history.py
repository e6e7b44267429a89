"""What a program was at earlier moments, and how much of it is kept."""

from __future__ import annotations

from bttop.engine.generation.source import Source
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.status import ProgramState, Status
from bttop.engine.program.status_history import KEPT, KEPT_BYTES, StatusHistory
from bttop.model.plan import Plan
from bttop.script.language.reader import read


def page(state: ProgramState) -> PastStatus:
    return PastStatus(Status(state, 0), Plan())


def test_a_history_of_statuses_gives_the_page_that_held_at_a_moment() -> None:
    history = StatusHistory(1000)
    assert history.at(5) is None
    states = [ProgramState.STARTING, ProgramState.ATTACHED, ProgramState.LIVE]
    for moment, state in zip((10, 20, 20), states, strict=True):
        history.note(page(state), moment, 0)
    found = [history.at(moment) for moment in (0, 10, 19, 20, 99)]
    wanted = [ProgramState.STARTING, ProgramState.STARTING, ProgramState.STARTING, ProgramState.LIVE, ProgramState.LIVE]
    assert [one.status.state for one in found if one is not None] == wanted


def test_a_history_of_statuses_is_bounded_and_keeps_the_newest() -> None:
    history = StatusHistory(1000)
    for moment in range(3 * KEPT):
        history.note(page(ProgramState.SILENT if moment % 2 else ProgramState.LIVE), moment, 0)
    assert len(history._past) == KEPT
    newest = history.at(3 * KEPT)
    assert newest is not None
    assert newest.status.state is ProgramState.SILENT


def test_a_history_of_statuses_lets_go_of_what_was_over_before_the_oldest_flush() -> None:
    history = StatusHistory(1000)
    for moment in (10, 20, 30):
        history.note(page(ProgramState.LIVE), moment, 0)
    history.note(page(ProgramState.SILENT), 40, 25)
    assert [since for since, _ in history._past] == [20, 30, 40]


def edited(text: str) -> PastStatus:
    return PastStatus(Status(ProgramState.LIVE, 0, source="x"), Plan(), (Source("x", text, read(text)),))


def test_a_history_of_statuses_is_bounded_by_what_its_scripts_weigh() -> None:
    long = "interval:s:1 { @ = count(); }\n" * 3500
    history = StatusHistory(1000)
    for moment in range(10):
        history.note(edited(f"{long}// {moment}"), moment, 0)
    assert 1 <= len(history._past) <= KEPT_BYTES / len(long) / 20
    huge = edited("x" * (KEPT_BYTES + 1))
    history.note(huge, 10, 0)
    assert history._past == ((10, huge),)


def test_pages_between_two_edits_weigh_their_script_once() -> None:
    history = StatusHistory(1000)
    same = edited("interval:s:1 { @ = count(); }\n" * 3500)
    for moment in range(100):
        history.note(same, moment, 0)
    assert len(history._past) == 100
