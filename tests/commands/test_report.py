"""`bttop report` as a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bttop.cli import main
from tests.store.report.kit import snapshot_file


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(snapshot_file(tmp_path / "s.bttop"))


def test_the_page_is_written_to_a_file_which_is_named(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r.html"
    assert main(["report", file, "-o", str(out)]) == 0
    assert f"bttop: {out}: {len(out.read_bytes()) / 1024:,.0f} KiB" in capsys.readouterr().err
    assert out.read_text().startswith("<!DOCTYPE html>")
    assert out.read_text().endswith("</html>\n")


def test_a_page_that_is_there_stays_unless_told_otherwise(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r.html"
    out.write_text("mine")
    assert main(["report", file, "-o", str(out)]) == 2
    assert out.read_text() == "mine"
    assert "--overwrite" in capsys.readouterr().err
    assert main(["report", file, "-o", str(out), "--overwrite"]) == 0
    assert out.read_text() != "mine"


def test_a_dash_is_standard_output_and_only_the_page_goes_there(file: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bttop", "report", file, "-o", "-", "--redact"], capture_output=True, check=True
    )
    assert done.stdout.decode().startswith("<!DOCTYPE html>")
    assert b"java" not in done.stdout
    assert done.stderr == b""


def test_a_window_may_begin_before_the_end(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", file, "-o", "-", "--from", "-2s"]) == 0
    assert main(["report", file, "-o", "-", "--from", "23:59:59.5", "--to", "23:59:59.6"]) == 2
    assert "the recording has nothing there" in capsys.readouterr().err


def test_what_is_no_snapshot_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.bttop"
    bad.write_text("hello")
    assert main(["report", str(bad), "-o", "-"]) == 1
    assert "not a snapshot" in capsys.readouterr().err
