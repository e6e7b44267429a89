"""What was asked before, kept across runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.ui.services.programs import program_prompt
from bttop.ui.services.programs.program_prompt import KEPT, LONGEST_FILE, PromptHistory


def test_lines_are_kept_across_runs_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "state" / "history"
    first = PromptHistory(path)
    first.add("kprobe:a { }")
    first.add("kprobe:b { }")
    assert PromptHistory(path).lines == first.lines == ("kprobe:a { }", "kprobe:b { }")


def test_the_history_is_in_the_folder_of_the_user_s_state(plain_surroundings: Path) -> None:
    PromptHistory().add("kprobe:a { }")
    assert (plain_surroundings / "bttop" / "history").read_text() == "kprobe:a { }\n"


def test_the_folder_is_made_for_nobody_else(tmp_path: Path) -> None:
    PromptHistory(tmp_path / "state" / "history").add("x")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="a normal user trusts everybody with what is theirs alone")
@pytest.mark.parametrize("place", ["the file", "its folder"])
def test_root_is_offered_no_line_of_another_user_and_tells_them_none(tmp_path: Path, place: str) -> None:
    path = tmp_path / "state" / "history"
    PromptHistory(path).add("kprobe:a { }")
    (path if place == "the file" else path.parent).chmod(0o757)
    history = PromptHistory(path)
    assert not history.lines
    history.add("kprobe:secret { }")
    assert list(history.lines) == ["kprobe:secret { }"]
    assert path.read_text() == "kprobe:a { }\n"


def test_a_line_that_comes_again_is_the_newest_and_stands_once(tmp_path: Path) -> None:
    history = PromptHistory(tmp_path / "history")
    for line in ("a", "b", "a"):
        history.add(line)
    assert history.lines == ("b", "a")
    assert PromptHistory(tmp_path / "history").lines == ("b", "a")


def test_what_another_run_asked_meanwhile_is_not_lost(tmp_path: Path) -> None:
    one, other = PromptHistory(tmp_path / "history"), PromptHistory(tmp_path / "history")
    one.add("a")
    other.add("b")
    assert PromptHistory(tmp_path / "history").lines == ("a", "b")


def test_the_oldest_lines_are_forgotten(tmp_path: Path) -> None:
    history = PromptHistory(tmp_path / "history")
    for number in range(KEPT + 20):
        history.add(f"line {number}")
    again = PromptHistory(tmp_path / "history")
    assert again.lines == history.lines
    assert len(again.lines) == KEPT
    assert again.lines[0] == "line 20"


def test_the_file_is_trimmed_and_keeps_what_every_run_asked_last(tmp_path: Path) -> None:
    path = tmp_path / "history"
    one, other = PromptHistory(path), PromptHistory(path)
    other.add("what the other run asked")
    line = "x" * 2000
    for number in range(2 * LONGEST_FILE // 2000):
        one.add(f"{number} {line}")
        if number % 20 == 0:
            other.add("what the other run asked")
        assert path.stat().st_size <= LONGEST_FILE + 2100
    again = PromptHistory(path).lines
    assert again[-1] == f"{number} {line}"
    assert "what the other run asked" in again
    assert [one.name for one in tmp_path.iterdir()] == ["history"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_trim_that_fails_leaves_the_file_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(program_prompt, "write_whole", full)
    history = PromptHistory(tmp_path / "history")
    for number in range(3):
        history.add(f"{number}{'x' * LONGEST_FILE}")
    assert [line[0] for line in PromptHistory(tmp_path / "history").lines] == ["0", "1", "2"]


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN\n{\n  @a = 1;\n}",
        'kprobe:f { printf("%d\\n", pid); }',
        "\\\\n",
        "ends with \\",
        "a\\\nb",
        "form\x0cfeed \x1c \x85 \u2028 line",
        "carriage\rreturn",
        "\x00",
        "caf\udce9 名",
    ],
)
def test_any_text_comes_back_as_it_was(tmp_path: Path, text: str) -> None:
    PromptHistory(tmp_path / "history").add(text)
    assert PromptHistory(tmp_path / "history").lines == (text,)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True, max_size=6))
def test_whatever_is_asked_comes_back_in_its_order(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("state") / "history"
    history = PromptHistory(path)
    for line in lines:
        history.add(line)
    assert PromptHistory(path).lines == tuple(lines)


def test_a_folder_that_cannot_be_written_only_costs_memory(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    history = PromptHistory(tmp_path / "state" / "history")
    history.add("a")
    assert history.lines == ("a",)
    assert PromptHistory(tmp_path / "state" / "history").lines == ()


def test_a_folder_in_the_place_of_the_history_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()
    history = PromptHistory(tmp_path / "history")
    history.add("a")
    assert history.lines == ("a",)


def test_a_damaged_history_gives_what_it_can(tmp_path: Path) -> None:
    (tmp_path / "history").write_bytes(b"good\n\xff\xfe\nno end of line")
    assert PromptHistory(tmp_path / "history").lines == ("good", "\udcff\udcfe", "no end of line")
