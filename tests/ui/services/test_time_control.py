"""Looking back while it goes on: the keys of time, marks and recordings, in the running dashboard."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.opening import CannotReview
from tests.ui.dashboard import CALLS, Dashboard, beat, dashboard, probe, record

INTERVAL = 0.1
"""Seconds; the tests look back over twenty of them."""


def numbered(name: str) -> str:
    """A probe file whose n-th interval shows the row `name-n`, as pid n."""
    beats = [
        beat(CALLS, record(CALLS, "@calls", {f"{n},{name}-{n}": n}), times=1, seconds=INTERVAL) for n in range(1, 1000)
    ]
    return probe(CALLS, [["attach", 1], *beats])


def shown(screen: Dashboard, name: str) -> int:
    """Which interval a pane shows; 0 where there is none."""
    found = re.search(rf"\b{name}-(\d+)", screen.text)
    return int(found[1]) if found else 0


def standing(screen: Dashboard, name: str) -> int:
    """Which interval a pane shows once time stands still: the header says so one picture before the panes do."""
    before: list[int] = []

    def stands() -> bool:
        before.append(shown(screen, name))
        time.sleep(0.4)
        return len(before) > 1 and before[-1] == before[-2]

    screen.wait_for("ago, still tracing", stands)
    return before[-1]


@contextmanager
def two_panes(folder: Path) -> Iterator[Dashboard]:
    """Two live panes whose rows name their intervals; recordings go to `snapshots` below the folder."""
    (folder / "snapshots").mkdir()
    probes = {"first": numbered("java"), "second": numbered("perl")}
    with dashboard(folder, probes, 120, 24, options=["-i", str(INTERVAL)]) as screen:
        screen.wait_for("2 of 2 live", lambda: min(shown(screen, "java"), shown(screen, "perl")) > 20)
        yield screen


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Dashboard]:
    """Two panes that this test alone uses."""
    with two_panes(tmp_path) as screen:
        yield screen


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with two_panes(tmp_path_factory.mktemp("shared")) as screen:
        yield screen


@pytest.fixture
def shared(running: Dashboard) -> Dashboard:
    """Two live panes of tests that only move in time."""
    running.press("Esc", "Esc", ")")
    running.wait_for("2 of 2 live", lambda: "ago" not in running.text, lambda: "HELD" not in running.text)
    return running


def test_brackets_go_by_flushes_and_all_panes_go_with_them(shared: Dashboard) -> None:
    shared.press("[")
    shared.wait_for("[ back", "] on")
    here, there = standing(shared, "java"), standing(shared, "perl")
    shared.press("[", "[")
    shared.wait_for(lambda: shown(shared, "java") == here - 2)
    assert there - standing(shared, "perl") in range(4)
    there = standing(shared, "perl")
    shared.press("{")
    shared.wait_for(
        lambda: shown(shared, "java") == here - 12, lambda: shown(shared, "perl") in range(there - 12, there - 7)
    )
    shared.press("}", "]")
    shared.wait_for(lambda: shown(shared, "java") == here - 1)
    shared.press(")")
    shared.wait_for("2 of 2 live", lambda: "ago" not in shared.text, lambda: shown(shared, "java") > here)


def test_home_goes_to_the_beginning_and_esc_back_to_live(shared: Dashboard) -> None:
    shared.press("(")
    shared.wait_for("history begins at", lambda: shown(shared, "java") + shown(shared, "perl") < 12)
    shared.press("[")
    shared.wait_for("history begins at")
    shared.press("Esc")
    shared.wait_for(lambda: "ago" not in shared.text, lambda: shown(shared, "java") > 12)


def test_g_asks_for_a_time(shared: Dashboard) -> None:
    before = shown(shared, "java")
    shared.press("g")
    shared.wait_for("go to 03:11")
    shared.press("-1s", "Enter")
    shared.wait_for("ago, still tracing", lambda: 0 < shown(shared, "java") <= before + 10)
    shared.press("g")
    shared.press("whenever", "Enter")
    shared.wait_for("'whenever' is not a time")


def test_sort_filter_zoom_and_rows_work_on_what_was(two: Dashboard) -> None:
    two.press("[")
    here = standing(two, "java")
    two.press("z")
    two.wait_for(lambda: shown(two, "perl") == 0)
    two.press("/", "nothing", "Enter")
    two.wait_for("no row contains")
    two.press("Esc")
    two.wait_for(lambda: shown(two, "java") == here)
    two.press("Enter")
    two.wait_for("first: calls", f"java-{here}", "ask next")
    two.press("z")
    two.wait_for("first.bt, start 1", "// standin: ")


def test_space_plays_from_there_and_plus_makes_it_faster(shared: Dashboard) -> None:
    shared.press("(", "+", "+", "+")
    shared.wait_for("speed 10x")
    shared.press("Space")
    shared.wait_for("live", lambda: "ago" not in shared.text, lambda: shown(shared, "java") > 12)


def test_live_space_holds_as_it_did(shared: Dashboard) -> None:
    shared.press("Space")
    shared.wait_for("HELD")
    shared.press("[")
    shared.wait_for("ago, still tracing", lambda: "HELD" not in shared.text)


def test_marks_are_set_with_a_note_and_found_again(shared: Dashboard) -> None:
    shared.press("m")
    shared.wait_for("mark: ")
    shared.press("here it was", "Enter")
    shared.wait_for("marked ", "r saves the last minutes with it")
    shared.press(",")
    shared.wait_for("ago, still tracing", "⚑ here it was")
    shared.press(",")
    shared.wait_for("no mark before this moment; m sets one")
    shared.press("(", ".")
    shared.wait_for("⚑ here it was")


def test_r_records_the_minutes_before_it_and_r_again_says_where(two: Dashboard, tmp_path: Path) -> None:
    two.press("m", "before", "Enter", "r")
    two.wait_for("recording to ", lambda: "● " in two.lines[0])
    two.press("m", "while", "Enter")
    two.wait_for("marked ")
    two.press("r")
    two.wait_for("recorded ", "snapshots", lambda: "● " not in two.lines[0])
    (path,) = (tmp_path / "snapshots").iterdir()
    with Snapshot(path) as snapshot:
        assert [mark.note for mark in snapshot.marks()] == ["before", "while"]
        assert [program.name for program in snapshot.programs] == ["first", "second"]
        first = RecordedHistory(snapshot, 1).at(0)
        assert first is not None
        assert list(first.maps["@calls"].rows.values()) == [1]
        assert not snapshot.problems


def has_lines(path: Path) -> bool:
    """Whether the first lines of a recording have been written."""
    try:
        with Snapshot(path):
            return True
    except CannotReview:
        return False


def counted(path: Path) -> list[int]:
    """The intervals of the first program that a recording holds so far."""
    with Snapshot(path) as snapshot:
        return [value for flush in RecordedHistory(snapshot, 1) for value in flush.maps["@calls"].rows.values()]  # type: ignore[misc]


def test_a_terminal_that_stands_still_for_sixty_intervals_costs_no_flush_and_is_current_at_once(
    two: Dashboard, tmp_path: Path
) -> None:
    two.press("r")
    two.wait_for("recording to ")
    (path,) = (tmp_path / "snapshots").glob("*.bttop")
    two.wait_for(lambda: has_lines(path))
    two.terminal.pause()
    before = len(counted(path))
    deadline = time.monotonic() + 60
    while len(counted(path)) < before + 60:
        assert time.monotonic() < deadline, "nothing is recorded while the terminal stands still"
        time.sleep(INTERVAL)
    two.terminal.resume()
    newest = counted(path)[-1]
    two.wait_for(lambda: shown(two, "java") >= newest)
    two.press("q")
    assert two.terminal.exit_code() == 0
    found = counted(path)
    assert found == list(range(1, len(found) + 1))


def test_a_recording_that_runs_at_the_end_is_whole_and_named(two: Dashboard, tmp_path: Path) -> None:
    two.press("r")
    two.wait_for("recording to ")
    two.press("q")
    assert two.terminal.exit_code() == 0
    (path,) = (tmp_path / "snapshots").iterdir()
    said = two.terminal.everything().decode()
    assert f"bttop: recorded: {path}" in said
    assert f" review {path}" in said
    with Snapshot(path) as snapshot:
        assert len(RecordedHistory(snapshot, 1)) > 12


def test_a_recording_that_cannot_begin_says_so_until_a_key(two: Dashboard, tmp_path: Path) -> None:
    (tmp_path / "snapshots").rmdir()
    (tmp_path / "snapshots").symlink_to("/proc")
    two.press("r")
    two.wait_for("recording ended: ", "● failed")
    at = shown(two, "java")
    two.wait_for(lambda: shown(two, "java") > at + round(1 / INTERVAL), "recording ended: ")
    two.press("v")
    two.wait_until_gone("recording ended: ")


def test_a_condition_saves_by_itself(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    options = ["--save-when", "max(first:@calls) > 5"]
    with dashboard(tmp_path, {"first": numbered("java")}, 120, 24, options) as screen:
        screen.wait_for("recording to ", lambda: "● " in screen.lines[0])
        screen.press(",")
        screen.wait_for("⚑ max(first:@calls) > 5 in first (trigger)")


def test_a_condition_that_nothing_can_meet_is_refused_at_once(tmp_path: Path) -> None:
    with dashboard(tmp_path, {"first": numbered("java")}, options=["--save-when", "max(@call) > 5"]) as screen:
        assert screen.terminal.exit_code() == 2
        screen.wait_for("there is no map @call; there are: @calls")
