"""`bttop diff` as a command."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from bttop.cli import main
from bttop.store.times import split_operand
from tests.store.report.kit import snapshot_file


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(snapshot_file(tmp_path / "s.bttop"))


def test_two_windows_of_one_file_are_compared(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", f"{file}@..+3s", "@-3s.."]) == 0
    out = capsys.readouterr().out
    assert "before" in out
    assert "calls @calls" in out
    assert max(map(len, out.splitlines())) <= 80


def test_the_comparison_comes_as_json(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", f"{file}@..+3s", f"{file}@-3s..", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["before"]["seconds"] == pytest.approx(3, abs=0.01)
    assert not found["ids_left_out"]


def test_a_file_with_itself_shows_no_change(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", file, file]) == 0
    assert "Nothing changed beyond chance." in capsys.readouterr().out


def test_the_summary_is_the_sentences_alone(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", f"{file}@..+3s", "@-3s..", "--summary"]) == 0
    out = capsys.readouterr().out
    assert "rows compared" in out
    assert "of all" not in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("words", [["@..+3s", "@-3s.."], ["{file}", "nowhere"], ["{file}"], ["{file}", "@later..-5s"]])
def test_what_cannot_be_compared_is_refused(words: list[str], file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *[word.format(file=file) for word in words]]) in (1, 2)
    assert capsys.readouterr().err


def test_one_recording_alone_gets_the_command_that_compares_its_halves(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", file]) == 2
    words = shlex.split(capsys.readouterr().err.splitlines()[-1])
    assert main(words[words.index("diff") :]) == 0
    assert "before" in capsys.readouterr().out


def test_an_at_sign_may_be_part_of_a_name(tmp_path: Path) -> None:
    odd = tmp_path / "a@b..c.bttop"
    odd.write_text("")
    assert split_operand(str(odd)) == (str(odd), "")
    assert split_operand(f"{odd}@03:10..03:12") == (str(odd), "03:10..03:12")
    assert split_operand("x@y.bttop") == ("x@y.bttop", "")
    assert split_operand("@-5m..") == ("", "-5m..")
