from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from bttop.engine.headless.line_output import PIECE, LineOutput

LINE = "x" * 99 + "\n"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        try:
            os.close(fd)
        except OSError:
            continue  # the test has closed it


def test_what_a_reader_takes_comes_whole_and_in_order(pipe: tuple[int, int]) -> None:
    output = LineOutput(pipe[1])
    text = "".join(f"line {number}\n" for number in range(50_000))
    taken: list[bytes] = []

    def read() -> None:
        while (sum(map(len, taken)) < len(text)) and (chunk := os.read(pipe[0], 777)):
            taken.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    output.put(text)
    while not output.is_empty:
        output.push(1.0)
    reader.join()
    assert b"".join(taken).decode() == text
    assert not output.is_torn


def test_a_reader_that_takes_nothing_does_not_block_and_stalls_from_the_last_progress(pipe: tuple[int, int]) -> None:
    clock = Clock()
    output = LineOutput(pipe[1], clock)
    output.put(LINE * 10_000)
    output.push(0.0)
    assert not output.is_empty
    assert output.stalled == 0
    clock.now += 7
    output.push(0.0)
    assert output.stalled == 7
    assert len(os.read(pipe[0], 4 * PIECE)) == 4 * PIECE
    output.push(0.0)
    assert output.stalled == 0


def test_a_reader_that_stops_within_a_line_is_told_from_one_that_stops_between_two(pipe: tuple[int, int]) -> None:
    output = LineOutput(pipe[1])
    output.put("short\n")
    output.push(0.0)
    assert not output.is_torn
    output.put("y" * 300_000 + "\n")
    output.push(0.0)
    assert output.is_torn


def test_nothing_waiting_never_stalls(pipe: tuple[int, int]) -> None:
    clock = Clock()
    output = LineOutput(pipe[1], clock)
    clock.now += 60
    assert output.stalled == 0
    output.put(LINE)
    assert output.stalled == 0


def test_a_reader_that_is_gone_raises(pipe: tuple[int, int]) -> None:
    output = LineOutput(pipe[1])
    os.close(pipe[0])
    output.put(LINE)
    with pytest.raises(BrokenPipeError):
        output.push(0.0)
