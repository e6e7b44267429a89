"""Looking back while it goes on: the keys of time, marks and recordings, in the running dashboard."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot
from tests.ui.dashboard import CALLS, INTERVAL, Dashboard, beat, dashboard, probe, record


def numbered(name: str) -> str:
    """A probe file whose n-th interval shows the row `name-n`, as pid n."""
    beats = [beat(CALLS, record(CALLS, "@calls", {f"{n},{name}-{n}": n}), times=1) for n in range(1, 400)]
    return probe(CALLS, [["attach", 1], *beats])


def shown(screen: Dashboard, name: str) -> int:
    """Which interval a pane shows; 0 where there is none."""
    found = re.search(rf"\b{name}-(\d+)", screen.text)
    return int(found[1]) if found else 0


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Dashboard]:
    """Two live panes whose rows name their intervals; recordings go to `snapshots` below the test's folder."""
    (tmp_path / "snapshots").mkdir()
    with dashboard(tmp_path, {"first": numbered("java"), "second": numbered("perl")}, 120, 24) as screen:
        screen.wait_for("2 of 2 live", lambda: min(shown(screen, "java"), shown(screen, "perl")) > 20)
        yield screen


def test_brackets_go_by_flushes_and_all_panes_go_with_them(two: Dashboard) -> None:
    two.press("[")
    two.wait_for("ago, still tracing", "[ back", "] on")
    here = shown(two, "java")
    two.press("[", "[")
    two.wait_for(lambda: shown(two, "java") == here - 2)
    assert abs(shown(two, "perl") - (here - 2)) < 12
    there = shown(two, "perl")
    two.press("{")
    two.wait_for(lambda: shown(two, "java") == here - 12, lambda: shown(two, "perl") in range(there - 12, there - 7))
    two.press("}", "]")
    two.wait_for(lambda: shown(two, "java") == here - 1)
    two.press("End")
    two.wait_for("2 of 2 live", lambda: "ago" not in two.text, lambda: shown(two, "java") > here)


def test_home_goes_to_the_beginning_and_esc_back_to_live(two: Dashboard) -> None:
    two.press("Home")
    two.wait_for("history begins at", lambda: shown(two, "java") + shown(two, "perl") < 12)
    two.press("[")
    two.wait_for("history begins at")
    two.press("Esc")
    two.wait_for(lambda: "ago" not in two.text, lambda: shown(two, "java") > 12)


def test_g_asks_for_a_time(two: Dashboard) -> None:
    before = shown(two, "java")
    two.press("g")
    two.wait_for("go to 03:11")
    two.press("-1s", "Enter")
    two.wait_for("ago, still tracing", lambda: 0 < shown(two, "java") <= before + 4)
    two.press("g")
    two.press("whenever", "Enter")
    two.wait_for("'whenever' is not a time")


def test_sort_filter_zoom_and_rows_work_on_what_was(two: Dashboard) -> None:
    two.press("[")
    two.wait_for("ago, still tracing")
    here = shown(two, "java")
    two.press("z")
    two.wait_for(lambda: shown(two, "perl") == 0)
    two.press("/", "nothing", "Enter")
    two.wait_for("no row contains")
    two.press("Esc")
    two.wait_for(lambda: shown(two, "java") == here)
    two.press("Enter")
    two.wait_for("first: calls", f"java-{here}", "ask next")
    two.press("f")
    two.wait_for("first.bt, start 1", "// standin: ")


def test_space_plays_from_there_and_plus_makes_it_faster(two: Dashboard) -> None:
    two.press("Home", "+", "+", "+")
    two.wait_for("speed 10x")
    two.press("Space")
    two.wait_for("live", lambda: "ago" not in two.text, lambda: shown(two, "java") > 12)


def test_live_space_holds_as_it_did(two: Dashboard) -> None:
    two.press("Space")
    two.wait_for("HELD")
    two.press("[")
    two.wait_for("ago, still tracing", lambda: "HELD" not in two.text)


def test_marks_are_set_with_a_note_and_found_again(two: Dashboard) -> None:
    two.press("m")
    two.wait_for("mark: ")
    two.press("here it was", "Enter")
    two.wait_for("marked ", "r saves the last minutes with it")
    two.press(",")
    two.wait_for("mark 1 of 1: here it was", "ago, still tracing", "⚑ here it was")
    two.press(",")
    two.wait_for("no mark before this moment")
    two.press("Home", ".")
    two.wait_for("mark 1 of 1: here it was")


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
    assert f"bttop: recorded: {path}".encode() in two.terminal.everything()
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
        screen.wait_for("mark 1 of 1: max(first:@calls) > 5 in first (trigger)")


def test_a_condition_that_nothing_can_meet_is_refused_at_once(tmp_path: Path) -> None:
    with dashboard(tmp_path, {"first": numbered("java")}, options=["--save-when", "max(@call) > 5"]) as screen:
        assert screen.terminal.exit_code() == 2
        screen.wait_for("there is no map @call; there are: @calls")
