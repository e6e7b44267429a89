from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bttop.engine.reload.inotify import StopSign, rings

PATIENCE = 60.0


def created(folder: Path) -> None:
    (folder / "b").touch()


def written(folder: Path) -> None:
    (folder / "a").write_text("two")


def replaced(folder: Path) -> None:
    (folder.parent / "new").write_text("two")
    (folder.parent / "new").rename(folder / "a")


def removed(folder: Path) -> None:
    (folder / "a").unlink()


def made_readable(folder: Path) -> None:
    (folder / "a").chmod(0o600)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    (made / "a").write_text("one")
    return made


@pytest.mark.parametrize("act", [created, written, replaced, removed, made_readable])
def test_whatever_happens_in_a_directory_rings(folder: Path, act: Callable[[Path], None]) -> None:
    answers = rings([str(folder)], StopSign(), PATIENCE)
    assert next(answers) is False
    act(folder)
    assert next(answers) is True


def test_what_happened_before_the_question_is_not_forgotten(folder: Path) -> None:
    answers = rings([str(folder)], StopSign(), PATIENCE)
    next(answers)
    for number in range(100):
        (folder / str(number)).touch()
    assert next(answers) is True


def test_silence_is_an_answer_too(folder: Path) -> None:
    answers = rings([str(folder)], StopSign(), 0.001)
    assert [next(answers) for _ in range(3)] == [False, False, False]


def test_a_stop_ends_the_waiting_at_once(folder: Path) -> None:
    stop, ended = StopSign(), threading.Event()
    begun = threading.Event()

    def wait() -> None:
        for _ in rings([str(folder)], stop, 3600.0):
            begun.set()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    assert begun.wait(PATIENCE)
    stop.set()
    assert ended.wait(PATIENCE)
    stop.close()


def test_a_closed_sign_can_be_set_and_closed_again() -> None:
    stop = StopSign()
    stop.close()
    stop.set()
    stop.close()
    assert stop.is_set()


def test_a_directory_that_is_gone_is_left_out(folder: Path) -> None:
    answers = rings([str(folder / "gone"), str(folder)], StopSign(), PATIENCE)
    next(answers)
    created(folder)
    assert next(answers) is True


def test_nothing_to_wait_at_is_an_error(folder: Path) -> None:
    with pytest.raises(OSError) as caught:
        next(rings([str(folder / "a")], StopSign(), PATIENCE))
    assert caught.value.errno == errno.ENOTDIR
