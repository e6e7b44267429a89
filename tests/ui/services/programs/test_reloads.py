"""Files that change under a running dashboard: probe files and themes, saved in every way that editors have."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.ui.dashboard import CALLS
from tests.ui.scenes import SHIPPED_THEMES
from tests.ui.session.kit import Session, changing, misspelt, refused, rows_of, session


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def by_renaming(path: Path, text: str) -> None:
    new = path.with_name(".calls.bt.new")
    new.write_text(text)
    new.replace(path)


def as_vim_does(path: Path, text: str) -> None:
    """With a backup: a file 4913 to see whether files can be made, the old one renamed, a new one written."""
    (path.parent / "4913").touch()
    (path.parent / "4913").unlink()
    backup = path.with_name("calls.bt~")
    path.rename(backup)
    path.write_text(text)
    backup.unlink()


def line_by_line(path: Path, text: str) -> None:
    """In pieces, with the file half written in between."""
    path.write_text("")
    for piece in text.splitlines(keepends=True):
        with path.open("a") as file:
            file.write(piece)


def by_another_link(path: Path, text: str) -> None:
    target = path.parent / "elsewhere" / "next.bt"
    target.parent.mkdir()
    target.write_text(text)
    link = path.with_name("link")
    link.symlink_to(target)
    link.replace(path)


def behind_the_link(path: Path, text: str) -> None:
    path.resolve().write_text(text)


def test_a_saved_file_takes_over_however_it_is_saved(tmp_path: Path) -> None:
    ways: tuple[Callable[[Path, str], None], ...] = (
        in_place, by_renaming, as_vim_does, line_by_line, by_another_link, behind_the_link,
    )  # fmt: skip
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        for number, save in enumerate(ways):
            save(tmp_path / "calls.bt", rows_of(**{f"saved{number}": 9}))
            shown.wait_for(f" saved{number} ", "1 of 1 live", "calls.bt: the new text takes over at its first flush")
        shown.wait_for("1 calls ")
        assert "2 calls" not in shown.text
        assert "is new;" not in shown.text


def test_a_stopped_program_gets_the_new_text_and_says_which_key_starts_it(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("x")
        shown.wait_for("stopped")
        in_place(tmp_path / "calls.bt", rows_of(later=9))
        shown.wait_for("calls.bt: x starts the new text", "0 of 1 live")
        shown.press("x")
        shown.wait_for("1 of 1 live", " later ")


def test_a_probe_file_that_is_a_link_can_be_led_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "old.bt").touch()
    (tmp_path / "calls.bt").symlink_to(tmp_path / "store" / "old.bt")
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        by_another_link(tmp_path / "calls.bt", rows_of(ruby=5))
        shown.wait_for(" ruby ", "1 of 1 live")


def _has_more_programs(shown: Session, known: int) -> bool:
    return len(shown.programs()) > known


def test_a_file_that_a_program_imports_reloads_it_when_it_is_saved(tmp_path: Path) -> None:
    """The import is in a folder of its own, which is watched as well."""
    library = tmp_path / "shared" / "lib.bt"
    library.parent.mkdir()
    library.write_text("macro one() { 1 }\n")
    with session(tmp_path, {"calls": f'import "shared/lib.bt";\n{rows_of(java=9)}'}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        for number, save in enumerate((in_place, by_renaming)):
            before = len(shown.programs())
            save(library, f"macro number{number}() {{ 1 }}\n")
            shown.wait_for("1 of 1 live", partial(_has_more_programs, shown, before))
        library.unlink()
        shown.wait_for("lib.bt was removed; calls keeps its last text", "1 of 1 live")


def test_choices_survive_a_reload(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9, perl=8), "other": rows_of(sed=7)}) as shown:
        shown.wait_for("2 of 2 live", " java ", " sed ")
        shown.press("1", "/", "e", "Enter", "z", "P")
        shown.wait_for("/e ", " perl ", f"pid {os.getpid()}", lambda: "java" not in shown.text)
        in_place(tmp_path / "calls.bt", rows_of(lua=9, ed=8))
        shown.wait_for(
            "/e ", " ed ", f"pid {os.getpid()}", lambda: " lua " not in shown.text and "sed" not in shown.text
        )
        assert f"pid == {os.getpid()}" in shown.programs()[-1]


def test_a_broken_edit_keeps_the_old_program_and_shows_the_place_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "calls.bt"
    with session(tmp_path, {"calls": changing(java=9, perl=8)}) as shown:
        shown.wait_for("1 of 1 live", " perl ")
        in_place(path, refused(misspelt()))
        shown.wait_for("Unknown function: count; the old one keeps running", CALLS, "  ^")
        for name in ("java", "perl") * 2:
            shown.wait_for(f" {name} ", "1 of 1 live", "Unknown function: count")
        in_place(path, rows_of(ruby=5))
        shown.wait_for(" ruby ", "1 of 1 live", lambda: "Unknown function" not in shown.text)


def test_an_edit_that_is_no_script_keeps_the_old_program_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "calls.bt"
    with session(tmp_path, {"calls": changing(java=9, perl=8)}, columns=300) as shown:
        shown.wait_for("1 of 1 live", " perl ")
        for content, said in (
            (b"\xff\xfe\x00\x01", "it is not valid UTF-8"),
            (b"\x00" * 64, "it contains NUL"),
            (b"x" * 10_000_000, "are too long"),
        ):
            path.write_bytes(content)
            shown.wait_for("calls.bt", said, "the old one keeps running")
        for name in ("java", "perl") * 2:
            shown.wait_for(f" {name} ", "1 of 1 live", "the old one keeps running")
        in_place(path, rows_of(ruby=5))
        shown.wait_for(" ruby ", lambda: "the old one" not in shown.text)


def test_a_file_that_is_removed_is_said_and_its_program_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "calls.bt"
    with session(tmp_path, {"calls": changing(java=9, perl=8)}) as shown:
        shown.wait_for("1 of 1 live", " perl ")
        path.unlink()
        shown.wait_for("calls.bt was removed; calls keeps its last text")
        for name in ("java", "perl") * 2:
            shown.wait_for(f" {name} ", "1 of 1 live")
        path.write_text(rows_of(ruby=5))
        shown.wait_for(" ruby ", "1 of 1 live")


def test_a_file_that_vanishes_while_its_program_starts_is_said_and_the_program_runs(tmp_path: Path) -> None:
    (tmp_path / "other.bt").write_text(rows_of(perl=8))
    with session(tmp_path, {"calls": rows_of(java=9)}, before=f"rm -f {tmp_path}/calls.bt") as shown:
        shown.wait_for("1 of 1 live", " java ", "calls.bt was removed; calls keeps its last text")


def test_a_file_that_is_saved_while_its_program_starts_is_not_missed(tmp_path: Path) -> None:
    (tmp_path / "next").write_text(rows_of(ruby=5))
    with session(tmp_path, {"calls": rows_of(java=9)}, before=f"cp {tmp_path}/next {tmp_path}/calls.bt") as shown:
        shown.wait_for("1 of 1 live", " ruby ")


def test_a_new_file_is_offered_and_opened_under_a_name_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "bttop" / "probes"
    own.mkdir(parents=True)
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("o")
        shown.wait_for("no new probe file has appeared")
        (own / "calls.bt").write_text(rows_of(ruby=5))
        shown.wait_for("calls.bt is new; o opens it")
        shown.press("o")
        shown.wait_for("2 of 2 live", "━2 calls (2) ", " java ", " ruby ")
        (own / "calls.bt").write_text(rows_of(lua=5))
        shown.wait_for("2 of 2 live", " java ", " lua ")


def theme(colour: str) -> str:
    """The theme Night with another colour for the row under the cursor."""
    night = (SHIPPED_THEMES / "night.toml").read_text()
    mine, count = re.subn(r"(?m)^cursor = .*$", f'cursor = "{colour}"', night)
    assert count == 1
    return mine.replace('title = "Night"', 'title = "Mine"')


def test_a_theme_that_is_edited_is_seen_at_once_and_a_broken_one_is_said(tmp_path: Path) -> None:
    path = tmp_path / "bttop" / "themes" / "mine.toml"
    path.parent.mkdir(parents=True)
    path.write_text(theme("#ff0000"))
    with session(tmp_path, {"calls": rows_of(java=9)}, options=["--theme", "mine"]) as shown:
        shown.wait_for("1 of 1 live", lambda: shown.colour("java") == "ff0000")
        path.write_text(theme("#00ff00"))
        shown.wait_for("theme Mine reloaded", lambda: shown.colour("java") == "00ff00")
        path.write_text(theme("no colour"))
        shown.wait_for("mine.toml: ", lambda: "the old theme stays" in " ".join(shown.text.split()))
        path.write_text("roles = [")
        shown.wait_for("mine.toml: ", lambda: "the old theme stays" in " ".join(shown.text.split()), " java ")
        assert shown.colour("java") == "00ff00"
        path.write_text(theme("#0000ff"))
        shown.wait_for("theme Mine reloaded", lambda: shown.colour("java") == "0000ff")
