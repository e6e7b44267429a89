"""The notices of the footer: which one is shown, and how long."""

from __future__ import annotations

import pytest

from bttop.ui.board.screen_bars.bars import MOST_NOTICE_LINES, FooterBar, KeyHint
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]
CELLS = 80


@pytest.fixture
def footer() -> FooterBar:
    return FooterBar(NIGHT, (KeyHint("q", "quit", "quit"),))


def shown(footer: FooterBar) -> str:
    return "".join(span.text for span in footer.line(CELLS)).strip()


def test_the_keys_are_shown_until_a_notice_comes_and_after_the_next_key(footer: FooterBar) -> None:
    assert shown(footer) == "q quit"
    footer.tell("saved")
    assert shown(footer) == "saved"
    footer.hush()
    assert shown(footer) == "q quit"


def test_the_next_notice_replaces_the_one_on_show(footer: FooterBar) -> None:
    footer.tell("saved")
    footer.tell("sorted")
    assert shown(footer) == "sorted"


def test_a_notice_that_stays_is_replaced_only_by_another_one_that_stays(footer: FooterBar) -> None:
    footer.tell("the disk is full", stays=True)
    footer.tell("sorted")
    assert shown(footer) == "the disk is full"
    footer.tell("recording ended", stays=True)
    assert shown(footer) == "recording ended"


def test_a_notice_that_joins_leaves_the_answer_to_the_key_on_show(footer: FooterBar) -> None:
    footer.tell("calls.bt is unchanged")
    footer.tell("x.bt cannot be read", "warn", joins=True)
    footer.tell("x.bt cannot be read", "warn", joins=True)
    assert shown(footer) == "calls.bt is unchanged; x.bt cannot be read"
    assert [span.role for span in footer.line(CELLS)] == ["hint", "warn"]
    footer.hush()
    assert shown(footer) == "q quit"


def test_a_notice_that_joins_is_shown_beside_one_that_stays(footer: FooterBar) -> None:
    footer.tell("the disk is full", stays=True)
    footer.tell("pid 7 ended", joins=True)
    footer.tell("sorted")
    assert shown(footer) == "the disk is full; pid 7 ended"


def test_a_notice_that_is_not_true_any_more_goes_alone(footer: FooterBar) -> None:
    starts = True
    footer.tell("calls starts", still_so=lambda: starts)
    footer.tell("pid 7 ended", joins=True)
    footer.check()
    assert shown(footer) == "calls starts; pid 7 ended"
    starts = False
    footer.check()
    assert shown(footer) == "pid 7 ended"


def test_problems_are_told_once(footer: FooterBar) -> None:
    footer.tell_problems(["one"])
    footer.tell_problems(["one", "two"])
    assert shown(footer) == "one; two"
    footer.hush()
    footer.tell_problems(["one", "two"])
    assert shown(footer) == "q quit"


ANSWER = "calls.bt is unchanged"


def text(footer: FooterBar) -> str:
    return " ".join("".join(span.text for span in line).strip() for line in footer.lines(CELLS))


@pytest.mark.parametrize(
    ("answer", "joined", "seen", "says_how_many"),
    [
        (ANSWER, 2, [ANSWER, "p1: pid 1 ended", "p2: pid 2 ended"], False),
        (ANSWER, 40, [ANSWER, "p39: pid 39 ended", "p40: pid 40 ended"], True),
        ("", 40, ["p39: pid 39 ended", "p40: pid 40 ended"], True),
        ("x" * 500, 1, ["x" * 60, "p1: pid 1 ended"], False),
        ("x" * 100_000, 40, ["x" * 60, "39 earlier", "p40: pid 40 ended"], True),
        (ANSWER, 5_000, [ANSWER, "p5000: pid 5000 ended"], True),
    ],
    ids=["few", "many", "many without an answer", "long answer", "longest answer", "a night"],
)
def test_the_answer_and_the_newest_notice_that_joins_are_always_in_sight(
    footer: FooterBar, answer: str, joined: int, seen: list[str], says_how_many: bool
) -> None:
    if answer:
        footer.tell(answer)
    for number in range(1, joined + 1):
        footer.tell(f"p{number}: pid {number} ended", "warn", joins=True)
    assert len(footer.lines(CELLS)) <= MOST_NOTICE_LINES
    for words in seen:
        assert words in text(footer)
    assert (" earlier; " in text(footer)) == says_how_many


def test_a_notice_that_joins_is_said_beside_one_that_only_ends_like_it(footer: FooterBar) -> None:
    footer.tell("syscalls: pid 7 ended; u unpins", joins=True)
    footer.tell("calls: pid 7 ended; u unpins", joins=True)
    assert shown(footer) == "syscalls: pid 7 ended; u unpins; calls: pid 7 ended; u unpins"


def test_a_problem_of_the_first_host_is_told_after_one_of_the_second(footer: FooterBar) -> None:
    footer.tell_problems(["web2: the tracer was stopped"])
    footer.hush()
    footer.tell_problems(["web1: the disk is full", "web2: the tracer was stopped"])
    assert shown(footer) == "web1: the disk is full"
    footer.tell_problems(["web1: the disk is full", "web1: the disk is full", "web2: the tracer was stopped"])
    footer.hush()
    assert shown(footer) == "q quit"
