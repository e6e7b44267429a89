"""The dashboard ends and detaches by itself when it is told to, or when nobody is there."""

from __future__ import annotations

from pathlib import Path

from tests.ui.dashboard import counting, dashboard


def test_the_dashboard_ends_by_itself_after_its_time(tmp_path: Path) -> None:
    with dashboard(tmp_path, {"calls": counting()}, options=["--for", "3s"]) as shown:
        shown.wait_for("1 of 1 live")
        assert shown.terminal.exit_code() == 0


def test_what_nobody_looks_at_is_detached_and_any_key_brings_it_back(tmp_path: Path) -> None:
    with dashboard(tmp_path, {"calls": counting()}, options=["--idle", "4s"]) as shown:
        shown.wait_for("1 of 1 live", "java")
        shown.wait_for("nobody touched a key for 4 s", "any key starts it again", "detached", "0 of 1 live", "java")
        shown.press("j")
        shown.wait_for("1 of 1 live", lambda: "nobody touched" not in shown.text)


def test_the_page_of_the_host_opens_beside_the_running_programs_and_closes(tmp_path: Path) -> None:
    with dashboard(tmp_path, {"calls": counting()}) as shown:
        shown.wait_for("1 of 1 live")
        shown.press("T")
        shown.wait_for("BPF programs of this host", "total cost")
        shown.press("Esc")
        shown.wait_for("1 of 1 live", "java")
