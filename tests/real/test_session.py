"""A session at the dashboard with the real bpftrace: ask, pin, and change a program while it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.real import load
from tests.ui.dashboard import Dashboard, dashboard

pytestmark = pytest.mark.real

BUSY = "profile:hz:99 { @busy[pid, comm] = count(); }\n"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def pids(shown: Dashboard, comm: str = r"\S+") -> set[int]:
    """The processes of the rows on screen."""
    return {int(found) for found in re.findall(rf"\s(\d+) {comm} +[█▏▎▍▌▋▊▉▁-█]", shown.text)}


def only_shows(shown: Dashboard, pid: int, comm: str) -> None:
    """Several flushes come in, and none has a row of another process."""
    lines: set[str] = set()

    def has_seen_several() -> bool:
        lines.add(shown.line(comm))
        return not pids(shown) <= {pid} or len(lines) > 4

    shown.wait_for(has_seen_several)
    # A flush may be empty: on a busy host a process is not sampled in every interval.
    assert pids(shown) <= {pid}


def test_a_row_is_pinned_in_the_kernel_and_freed_again(tmp_path: Path, bpftrace: str) -> None:
    # On a busy host a shorter interval may have no sample of a process, and its row is gone when it is to be pinned.
    with (
        load.busy_loop("bttop-one") as one,
        load.busy_loop("bttop-two") as two,
        dashboard(tmp_path, {"busy": BUSY}, options=["--bpftrace", bpftrace, "-i", "1"]) as shown,
    ):
        shown.wait_for("1 of 1 live", f"{one} bttop-one", f"{two} bttop-two")
        shown.press("/", "bttop-one", "Enter")
        shown.wait_for("/bttop-one ", lambda: pids(shown) == {one})
        shown.press("p")
        shown.wait_for(f" pid {one} ", "1 of 1 live")
        shown.press("Esc")
        # Rows of the generation before are still there when the pin is said.
        shown.wait_for(lambda: "/bttop-one" not in shown.text and pids(shown) == {one})
        only_shows(shown, one, "bttop-one")
        shown.press("u")
        shown.wait_for("no pin", f"{two} bttop-two")


def test_a_program_is_refused_in_its_place_or_becomes_a_pane_of_its_process(tmp_path: Path, bpftrace: str) -> None:
    with (
        load.busy_loop("bttop-one") as one,
        load.busy_loop("bttop-two") as two,
        dashboard(tmp_path, {"busy": BUSY}, columns=120, options=["--bpftrace", bpftrace]) as shown,
    ):
        shown.wait_for("1 of 1 live", f"{two} bttop-two")
        wrong = "profile:hz:99 { @mine[pid, comm] = cuont(); }"
        shown.press(":", wrong, "Enter")
        shown.wait_for("cuont", "^", "1 of 1 live")
        marks = [(above, below) for above, below in zip(shown.lines, shown.lines[1:], strict=False) if "^" in below]
        assert any(above.strip() == wrong for above, _ in marks)
        shown.press("\x15", f"sudo bpftrace -p {one} -e '{wrong.replace('cuont', 'count')}'", "Enter")
        shown.wait_for("2 of 2 live", f" pid {one} ", "-p became the pin")
        shown.press("z")
        shown.wait_for(lambda: pids(shown) == {one})
        only_shows(shown, one, "bttop-one")


def test_a_saved_file_takes_over_and_a_broken_one_does_not(tmp_path: Path, bpftrace: str) -> None:
    path = tmp_path / "busy.bt"
    with (
        load.busy_loop("bttop-one") as one,
        dashboard(tmp_path, {"busy": BUSY}, columns=120, options=["--bpftrace", bpftrace]) as shown,
    ):
        shown.wait_for("1 of 1 live", f"{one} bttop-one")
        path.write_text(BUSY.replace("count()", "cuont()"))
        shown.wait_for("the old one keeps running", "cuont", "^", "1 of 1 live", f"{one} bttop-one")
        path.write_text(BUSY.replace("pid, comm", "comm, pid"))
        shown.wait_for(lambda: shown.line("bttop-one").split()[1:3] == ["bttop-one", str(one)], "1 of 1 live")
        assert "the old one keeps running" not in shown.text
