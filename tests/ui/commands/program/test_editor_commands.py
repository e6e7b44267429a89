"""Which editor is started, and on which file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bttop.engine.generation.source import Source
from bttop.paths import shipped
from bttop.script.language.reader import read
from bttop.trust import Untrusted
from bttop.ui.commands.program.editor_commands import editor_command, place_to_edit
from tests.ui.dashboard import counting, dashboard

PROGRAM = "profile:hz:99 { @ = count(); }\n"


def source(name: str = "calls.bt", path: Path | None = None) -> Source:
    return Source(name, PROGRAM, read(PROGRAM), path=path)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only folder that commands are found in; no editor is chosen."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def install(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)


def test_visual_comes_before_editor(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(installed, "fancy", "plain")
    monkeypatch.setenv("EDITOR", "plain")
    assert editor_command() == [str(installed / "plain")]
    monkeypatch.setenv("VISUAL", "fancy")
    assert editor_command() == [str(installed / "fancy")]


def test_the_editor_may_have_options_and_quotes(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(installed, "fancy")
    monkeypatch.setenv("EDITOR", "fancy --wait '+set ft=c'")
    assert editor_command() == [str(installed / "fancy"), "--wait", "+set ft=c"]


@pytest.mark.parametrize("wanted", ["nosuch", "nosuch -w", "/nosuch/editor", " ", "'never closed", "fancy 'half"])
def test_an_editor_that_cannot_be_started_is_none(
    installed: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    install(installed, "vi", "fancy")
    monkeypatch.setenv("EDITOR", wanted)
    assert editor_command() is None


def test_without_a_choice_a_usual_editor_is_taken(installed: Path) -> None:
    assert editor_command() is None
    install(installed, "nano")
    assert editor_command() == [str(installed / "nano")]
    install(installed, "vi", "editor")
    assert editor_command() == [str(installed / "editor")]


@pytest.mark.skipif(os.geteuid() != 0, reason="a normal user trusts everybody with what is theirs alone")
@pytest.mark.parametrize("chosen", [True, False])
def test_root_runs_no_editor_that_another_user_could_have_put_there(
    installed: Path, monkeypatch: pytest.MonkeyPatch, chosen: bool
) -> None:
    install(installed, "vi")
    if chosen:
        monkeypatch.setenv("EDITOR", "vi -R")
    installed.chmod(0o777)
    with pytest.raises(Untrusted, match=f"not trusted: {installed} may be written by everybody"):
        editor_command()
    installed.chmod(0o755)
    assert editor_command() is not None


def test_a_file_of_the_user_s_is_edited_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "calls.bt"
    path.write_text("as it is now\n")
    assert place_to_edit(source(path=path)) == path
    assert path.read_text() == "as it is now\n"


def test_a_shipped_file_is_edited_as_a_copy_in_the_user_s_library(plain_surroundings: Path) -> None:
    place = place_to_edit(source("syscalls.bt", shipped("probes") / "syscalls.bt"))
    assert place == plain_surroundings / "bttop" / "probes" / "syscalls.bt"
    assert place.read_text() == PROGRAM


def test_a_copy_that_the_user_has_already_edited_is_kept(plain_surroundings: Path) -> None:
    copy = plain_surroundings / "bttop" / "probes" / "syscalls.bt"
    copy.parent.mkdir(parents=True)
    copy.write_text("edited before\n")
    assert place_to_edit(source("syscalls.bt", shipped("probes") / "syscalls.bt")) == copy
    assert copy.read_text() == "edited before\n"


@pytest.mark.parametrize(
    ("name", "file"),
    [(": 1", "1.bt"), ("-e 2", "-e_2.bt"), ("read: latency", "read_latency.bt"), ("../../etc", "etc.bt"),
     ("名", "program.bt"), ("", "program.bt"), ("...", "program.bt")],
)  # fmt: skip
def test_a_one_liner_is_edited_as_a_file_of_its_own(plain_surroundings: Path, name: str, file: str) -> None:
    place = place_to_edit(source(name))
    assert place == plain_surroundings / "bttop" / "programs" / file
    assert place.read_text() == PROGRAM


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(plain_surroundings: Path) -> None:
    (plain_surroundings / "bttop").write_text("in the way")
    with pytest.raises(OSError, match="bttop"):
        place_to_edit(source())


def test_an_unchanged_script_is_said_to_be_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    with dashboard(tmp_path, {"calls": counting()}) as shown:
        shown.wait_for("1 of 1 live")
        shown.press("e")
        shown.wait_for("calls.bt is unchanged; calls runs on")


def test_an_unchanged_copy_of_a_shipped_probe_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    with dashboard(tmp_path, {}, options=["syscalls"]) as shown:
        shown.wait_for("1 syscalls", "x starts it again")
        shown.press("e")
        folder = tmp_path / "bttop" / "probes"
        shown.wait_for("is unchanged; syscalls runs on", lambda: folder.exists() and not list(folder.iterdir()))
