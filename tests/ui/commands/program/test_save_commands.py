"""`e` and `w`: the pane's script in the user's editor, and kept as a probe file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.dashboard import CALLS
from tests.ui.session.kit import OPENS, Session, changing, rows_of, session, waiting_for


def editor(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Make this shell script the user's editor; `$1` is the file."""
    path = folder / "editor"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(path))


def goes_on(shown: Session, *names: str) -> None:
    """Flushes come in: intervals with each of these names are seen, twice."""
    for name in names * 2:
        shown.wait_for(f" {name} ")


def test_what_leaves_the_editor_takes_over_at_its_first_flush_and_none_is_missing_until_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, started = tmp_path / "go", tmp_path / "started"
    (tmp_path / "next").write_text(waiting_for(go, started, ruby=5))
    # One rename: a plain write can be looked at half-way, and what is there then is a text of its own.
    editor(tmp_path, monkeypatch, f"mv {tmp_path}/next $1")
    with session(tmp_path, {"calls": changing(java=9, perl=8)}) as shown:
        shown.wait_for("1 of 1 live", " perl ")
        shown.press("e")
        shown.wait_for(started.exists)
        goes_on(shown, "java", "perl")
        shown.wait_for("1 of 1 live", "the new text takes over at its first flush")
        headers: set[bool] = set()

        def has_taken_over() -> bool:
            headers.add("1 of 1 live" in shown.lines[0])
            return " ruby " in shown.text

        go.touch()
        shown.wait_for(has_taken_over)
        assert headers == {True}
        shown.press("B")
        shown.wait_for("calls.bt, start 2", lambda: "unplanned" not in shown.text)


def test_an_editor_that_is_left_without_a_change_restarts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, f"echo edited >>{tmp_path}/edited")
    with session(tmp_path, {"calls": changing(java=9, perl=8)}) as shown:
        shown.wait_for("1 of 1 live", " perl ")
        shown.press("e")
        shown.wait_for((tmp_path / "edited").exists, " perl ")
        goes_on(shown, "java", "perl")
        assert len(shown.programs()) == 1


def test_an_editor_that_fails_is_said_and_nothing_is_reloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(tmp_path, monkeypatch, "exit 3")
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=300) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("e")
        shown.wait_for("editor ended with 3; nothing was reloaded", " java ")
        assert len(shown.programs()) == 1


@pytest.mark.parametrize("wanted", ["nosuch-editor -w", "vi 'half"])
def test_an_editor_that_cannot_be_started_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setenv("EDITOR", wanted)
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("e")
        shown.wait_for(f"no editor: {wanted}", "export EDITOR=vi", " java ")


def test_a_one_liner_is_edited_as_a_file_that_is_followed_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "next").write_text(rows_of(ruby=5))
    editor(tmp_path, monkeypatch, f"cp {tmp_path}/next $1")
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":", OPENS, "Enter")
        shown.wait_for("2 of 2 live", "4711 curl")
        shown.press("e")
        shown.wait_for("2 of 2 live", " ruby ", lambda: "curl" not in shown.text)
        (place,) = (tmp_path / "bttop" / "programs").iterdir()
        place.write_text(rows_of(lua=4))
        shown.wait_for("2 of 2 live", " lua ")


def test_a_shipped_probe_is_edited_as_the_user_s_own_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "next").write_text(rows_of(ruby=5))
    editor(tmp_path, monkeypatch, f"cp $1 {tmp_path}/was; cp {tmp_path}/next $1")
    (tmp_path / "bttop" / "probes").mkdir(parents=True)
    (tmp_path / "other.bt").write_text(rows_of(java=9))
    with session(tmp_path, {}, options=["signals"]) as shown:
        shown.wait_for("1 signals ", "1 of 1 live")
        shown.press("e")
        shown.wait_for(" ruby ", "1 of 1 live")
        assert "tracepoint:signal:" in (tmp_path / "was").read_text()
        assert (tmp_path / "bttop" / "probes" / "signals.bt").read_text() == rows_of(ruby=5)
        assert "is new;" not in shown.text


def test_what_is_saved_can_be_run_by_its_name(tmp_path: Path) -> None:
    kept = tmp_path / "bttop" / "probes" / "kept.bt"
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=300) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("w")
        shown.wait_for(f"save to {kept.parent}/calls")
        shown.press("kept.bt", "Enter")
        shown.wait_for("saved; `bttop kept` runs it")
        assert kept.read_text() == rows_of(java=9)
        shown.press("q")
        assert shown.terminal.exit_code() == 0
    with session(tmp_path, {}, options=["kept"]) as shown:
        shown.wait_for("━1 kept ", " java ", "1 of 1 live")


def test_the_first_saved_probe_brings_a_folder_that_is_watched_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "bttop" / "probes"
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=300) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("w")
        shown.wait_for(f"save to {folder}/calls")
        shown.press("\x15", "kept", "Enter")
        shown.wait_for("saved; `bttop kept` runs it")
        (folder / "another.bt").write_text(rows_of(ruby=5))
        shown.wait_for("another.bt is new;")
        shown.press("o")
        shown.wait_for("2 of 2 live", " ruby ")


def test_a_file_that_bttop_itself_has_written_is_no_news(tmp_path: Path) -> None:
    (tmp_path / "bttop" / "probes").mkdir(parents=True)
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("w", "\x15", "kept", "Enter")
        shown.wait_for("saved; `bttop kept` runs it")
        # The watch tells one change after the other: when it has seen this one, it has seen that one.
        (tmp_path / "calls.bt").write_text(rows_of(ruby=9))
        shown.wait_for(" ruby ", "calls.bt: the new text takes over")
        shown.press("o")
        shown.wait_for("no new probe file has appeared")


def test_nothing_is_written_over_or_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "bttop" / "probes"
    folder.mkdir(parents=True)
    (folder / "mine.bt").write_text("by hand")
    refused = {
        "mine": "mine.bt already exists; choose another name",
        "../calls": "a probe's name",
        "sub/calls": "a probe's name",
        ".hidden": "a probe's name",
        "x" * 300: "File name too long",
    }
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=600) as shown:
        shown.wait_for("1 of 1 live", " java ")
        for name, said in refused.items():
            shown.press("w")
            shown.wait_for("save to ")
            shown.press("\x15", name, "Enter")
            shown.wait_for(said, " java ")
        assert [path.name for path in folder.iterdir()] == ["mine.bt"]
        assert (folder / "mine.bt").read_text() == "by hand"
        assert CALLS in (tmp_path / "calls.bt").read_text()
        assert list((tmp_path / "bttop").iterdir()) == [folder]
