"""`bttop summary` as a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.cli import main
from bttop.model.plan import Column, MapPlan
from tests.model.samples import planned
from tests.store.made import Session, made
from tests.store.several import two_hosts
from tests.strangers import with_block

CALLS = planned(MapPlan("@x", "count", (Column("pid", "int"), Column("comm", "text")), "bank", pid="pid"))


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A minute of calls that become ten times as many 11 seconds before the end."""
    prints = [{"@x": ("map", {"7,java": 990 if second > 49 else 99})} for second in range(1, 61)]
    return str(made(tmp_path / "s.bttop", Session("calls", CALLS, prints)))


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_the_last_ten_seconds_are_compared_with_the_minute_before(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["summary", file]) == 0
    head, line = lines(capsys)
    assert "the minute before" in head
    assert line.startswith("1 calls: 990/s; most 7 java 990/s (100 %). Against the baseline: by java: ")


def test_a_baseline_is_named_with_its_file(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", file, "--baseline", f"{file}@..+30s"]) == 0
    head, line = lines(capsys)
    assert head.endswith("demo-host, s.bttop")
    assert "by java: 10 times as many (99/s → 990/s)." in line


def test_a_moment_without_a_past_has_no_baseline(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", file, "--at", "+5s"]) == 0
    head, line = lines(capsys)
    assert head.endswith("no baseline")
    assert line == "1 calls: 99/s; most 7 java 99/s (100 %)."


def test_names_are_redacted(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", file, "--redact"]) == 0
    text = capsys.readouterr().out
    assert "java" not in text
    assert "demo-host" not in text


@pytest.mark.parametrize(
    "words", [["--at", "-5m"], ["--at", "+5s", "--from", "+1s"], ["--baseline", "nowhere"], ["--from", "later"]]
)
def test_what_cannot_be_summarised_is_refused(words: list[str], file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", file, *words]) in (1, 2)
    found = capsys.readouterr()
    assert found.err
    assert not found.out


def test_a_window_alone_is_a_baseline_of_the_same_recording(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", file, "--baseline", "@..+30s"]) == 0
    assert "by java: 10 times as many (99/s → 990/s)." in capsys.readouterr().out


def test_what_a_baseline_lacks_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, other = two_hosts(tmp_path / "s.bttop"), two_hosts(tmp_path / "o.bttop", ("web1", "db1"))
    with_block(other, tmp_path / "damaged.bttop", b"")
    assert main(["summary", str(whole), "--baseline", str(tmp_path / "damaged.bttop")]) == 1
    out, err = capsys.readouterr()
    assert out.count("calls: ") == 2
    assert "damaged.bttop: block 1 of 8 flushes is left out" in err
    assert "web2 has no baseline" in err
