from __future__ import annotations

import pytest

from bttop.model.flush.flush import Flush
from bttop.ui.board.pane_data import courses as courses_module
from bttop.ui.board.pane_data.courses import Courses
from bttop.ui.board.pane_data.pane_model import PaneModel
from tests.model.history.test_course import history, numbered
from tests.ui.scenes import SECOND, START, FakeEngine, calls


@pytest.fixture(autouse=True)
def time_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy host may take a step's time from it."""
    monkeypatch.setattr(courses_module, "READ_SECONDS", 60.0)


def figure(flush: Flush) -> int:
    return flush.number


def shown(courses: Courses, length: int = 5) -> list[int]:
    return [point.value for point in courses.course("it", length, figure).points]


def test_a_course_ends_at_the_moment_on_show_and_begins_within_the_span() -> None:
    timeline = history(20)
    courses = Courses(timeline)
    courses.go_to_number(timeline.appended)
    assert shown(courses) == [15, 16, 17, 18, 19]
    timeline.append(numbered(20))
    assert shown(courses) == [15, 16, 17, 18, 19]
    courses.go_to_number(timeline.appended)
    assert shown(courses) == [16, 17, 18, 19, 20]
    courses.go(START + 8 * SECOND)
    assert shown(courses) == [3, 4, 5, 6, 7]
    courses.go(START + 8 * SECOND, START + 5 * SECOND)
    assert shown(courses) == [5, 6, 7]
    courses.go(START - SECOND)
    assert shown(courses) == []


def test_a_course_that_no_view_asks_for_is_read_again() -> None:
    read: list[int] = []
    timeline = history(4)
    courses = Courses(timeline)

    def noting(flush: Flush) -> int:
        read.append(flush.number)
        return flush.number

    for _ in range(3):
        courses.go_to_number(timeline.appended)
        courses.course("it", 4, noting)
    assert len(read) == 4
    for _ in range(5):
        courses.go_to_number(timeline.appended)
    courses.course("it", 4, noting)
    assert len(read) == 8


def test_a_pane_says_that_a_course_is_unfinished(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeEngine()
    program = fake.add("calls", "profile:hz:99 { @calls[pid, comm] = count(); }")
    fake.attach(program)
    for count in range(1, 31):
        fake.flush(program, calls(program, {"1,java": count}))
    model = PaneModel(program)
    model.advance()
    monkeypatch.setattr("bttop.ui.board.pane_data.courses.READ_SECONDS", -1.0)
    unread = [model.past.course("it", 30, figure).unread]
    unfinished = [model.unfinished]
    monkeypatch.undo()
    unread.append(model.past.course("it", 30, figure).unread)
    unfinished.append(model.unfinished)
    assert (unread, unfinished) == ([30, 0], [True, False])
