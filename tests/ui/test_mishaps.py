"""Programs that go wrong: each is said in its own pane, and the others go on."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.stopping import runner
from tests.ui.dashboard import CALLS, Dashboard, beat, counting, dashboard, probe, record
from tests.ui.screens import app_of

ROWS = record(CALLS, "@calls", {"4711,curl": 50})
SYNTAX_ERROR = (
    "stdin:2:39-45: ERROR: syntax error, unexpected }\n"
    "profile:hz:99 { @calls[pid, comm] = count( }\n"
    "                                      ~~~~~~\n"
)


def goes_on(shown: Dashboard) -> None:
    """The pane of the healthy program still takes in flushes."""
    shown.wait_for("18421 java", lambda: "old" not in shown.line(" healthy "))


def test_an_error_in_a_script_is_shown_with_line_and_caret(tmp_path: Path) -> None:
    broken = probe("profile:hz:99 { @calls[pid, comm] = count( }", [["refuse", SYNTAX_ERROR, 1]])
    with dashboard(tmp_path, {"healthy": counting(), "broken": broken}, columns=160) as shown:
        shown.wait_for("1 of 2 live", "failed", "syntax error, unexpected }", "it cannot run here")
        lines = shown.lines
        source = next(number for number, line in enumerate(lines) if "count( }" in line)
        assert lines[source][lines[source + 1].index("^") :].startswith("unt( }")
        goes_on(shown)


def test_a_name_that_is_no_probe_is_refused_before_the_screen(tmp_path: Path) -> None:
    with dashboard(tmp_path, {}, options=["nosuch"]) as shown:
        assert shown.terminal.exit_code() == 2
        assert "there is no probe 'nosuch'" in shown.terminal.everything().decode().replace("\r\n", " ")


def test_a_program_that_is_killed_says_so_and_comes_back(tmp_path: Path) -> None:
    dies = probe(CALLS, [["attach", 1], beat(CALLS, ROWS, times=4), ["die", 9]])
    with dashboard(tmp_path, {"healthy": counting(), "dies": dies}, columns=160) as shown:
        shown.wait_for("2 of 2 live", "4711 curl")
        shown.wait_for("1 of 2 live", "killed by SIGKILL", "next start in", "4711 curl")
        goes_on(shown)
        shown.wait_for("2 of 2 live", "4711 curl", lambda: "SIGKILL" not in shown.text)
        shown.press("2", "B")
        # It goes on dying: which start is on the screen depends on how fast this machine reads.
        shown.wait_for(lambda: bool(re.search(r"dies\.bt, start [2-9]", shown.text)))
        shown.wait_for(lambda: bool(re.search(r"unplanned starts +[1-9]", shown.text)))


def test_a_line_of_a_hundred_megabytes_is_counted_and_left_out(tmp_path: Path) -> None:
    huge = probe(CALLS, [["attach", 1], beat(CALLS, ROWS, times=3), ["huge", 100_000_000], beat(CALLS, ROWS)])
    with dashboard(tmp_path, {"healthy": counting(), "huge": huge}) as shown:
        shown.wait_for("2 of 2 live", "4711 curl")
        # The badge stands for one interval only; the count stays.
        shown.press("2", "B")
        shown.wait_for("oversized lines  1")


def test_a_broken_line_is_counted_and_the_rows_go_on(tmp_path: Path) -> None:
    steps = [
        ["attach", 1],
        beat(CALLS, ROWS, times=2),
        ["garbage", 20_000],
        ["line", ""],
        ["line", '{"type": "map", "data'],
        beat(CALLS, ROWS),
    ]
    with dashboard(tmp_path, {"healthy": counting(), "broken": probe(CALLS, steps)}) as shown:
        shown.wait_for("2 of 2 live", "4711 curl", "18421 java")
        shown.press("2", "B")
        shown.wait_for("broken: state", "unreadable lines  1")


def test_a_program_without_heartbeat_is_said_to_be_silent(tmp_path: Path) -> None:
    silent = probe(CALLS, [["attach", 1], beat(CALLS, ROWS, times=3), ["wait"]])
    probes = {"healthy": counting(), "silent": silent}
    with dashboard(tmp_path, probes, columns=160, command=runner(tmp_path)) as shown:
        shown.wait_for("2 of 2 live", "4711 curl")
        shown.wait_for(
            "no heartbeat for", "4711 curl", lambda: "silent" in shown.line("2 silent").replace("2 silent", "")
        )
        goes_on(shown)
        shown.wait_for("2 of 2 live", lambda: "no heartbeat" not in shown.text)


def test_a_flood_of_text_leaves_keys_alive(tmp_path: Path) -> None:
    flood = probe('profile:hz:99 { printf("%d\\n", pid); }', [["attach", 1], ["flood", 300_000, "x" * 60], ["wait"]])
    with dashboard(tmp_path, {"flood": flood, "healthy": counting()}) as shown:
        shown.wait_for("18421 java")
        shown.press("2", "z")
        shown.wait_until_gone("1 flood")


def test_a_thread_that_is_ready_after_the_screen_has_ended_is_not_an_error() -> None:
    app = app_of()

    async def run() -> None:
        async with app.run_test():
            pass

    asyncio.run(run())
    app.from_thread(lambda: pytest.fail("the screen has ended"))
