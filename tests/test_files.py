"""What bttop writes: private, whole, never through a link or a swapped name, and the caller's own."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NoReturn

import pytest

from bttop import files
from bttop.files import NewFile, append, create, create_with, make_folder, write_whole
from bttop.trust import Caller, Untrusted, caller

SOMEBODY = Caller(60123, 60124)
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """We were called by sudo."""
    monkeypatch.setenv("SUDO_UID", str(SOMEBODY.uid))
    monkeypatch.setenv("SUDO_GID", str(SOMEBODY.gid))


@pytest.fixture(autouse=True)
def nobody_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.delenv("SUDO_GID", raising=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def owner(path: Path) -> tuple[int, int]:
    return path.lstat().st_uid, path.lstat().st_gid


@pytest.mark.parametrize(
    ("uid", "environment", "expected"),
    [
        (0, {"SUDO_UID": "60123", "SUDO_GID": "60124"}, SOMEBODY),
        (1000, {"SUDO_UID": "60123", "SUDO_GID": "60124"}, None),
        (0, {"SUDO_UID": "60123"}, None),
        (0, {"SUDO_UID": "-1", "SUDO_GID": "0"}, None),
        (0, {"SUDO_UID": "4294967295", "SUDO_GID": "0"}, None),
        (0, {"SUDO_UID": "²", "SUDO_GID": "0"}, None),
        (0, {}, None),
    ],
)
def test_who_called_sudo_is_believed_as_root_alone(
    monkeypatch: pytest.MonkeyPatch, uid: int, environment: dict[str, str], expected: Caller | None
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert caller(environment) == expected


def test_files_and_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_folder(tmp_path / "a" / "b")
        create_with(tmp_path / "a" / "b" / "new", b"x")
        append(tmp_path / "a" / "b" / "log", b"x")
        write_whole(tmp_path / "a" / "b" / "whole", b"x")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "b") == 0o700
    assert {mode(path) for path in (tmp_path / "a" / "b").iterdir()} == {0o600}


@AS_ROOT
@pytest.mark.usefixtures("sudo")
def test_what_root_writes_belongs_to_who_called_sudo(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_folder(folder)
    create_with(folder / "new", b"x")
    append(folder / "log", b"x")
    write_whole(folder / "whole", b"x")
    assert {owner(path) for path in (folder.parent, folder, *folder.iterdir())} == {tuple(SOMEBODY)}


@AS_ROOT
@pytest.mark.usefixtures("sudo")
def test_folders_that_were_there_keep_their_owner(tmp_path: Path) -> None:
    make_folder(tmp_path / "new")
    make_folder(tmp_path)
    assert owner(tmp_path)[0] == 0


def test_a_new_file_takes_no_others_place(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        create_with(path, b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("target", ["there", "missing"])
def test_links_are_neither_followed_nor_replaced(tmp_path: Path, target: str) -> None:
    (tmp_path / "there").write_bytes(b"precious")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / target)
    with pytest.raises(FileExistsError):
        create(link)
    with pytest.raises(FileExistsError):
        create_with(link, b"more")
    with pytest.raises(OSError, match=r"link|No such file"):
        append(link, b"more")
    with pytest.raises(OSError, match="it is a link, and only a file is replaced"):
        write_whole(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "there").read_bytes() == b"precious"
    assert not (tmp_path / "missing").exists()


def test_appending_goes_on_at_the_end(tmp_path: Path) -> None:
    for line in (b"one\n", b"two\n"):
        append(tmp_path / "log", line)
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("replace", [False, True])
def test_until_it_is_published_there_is_nothing_under_its_name(tmp_path: Path, replace: bool) -> None:
    path = tmp_path / "file"
    with NewFile(path, replace=replace) as new:
        new.file.write(b"half")
        new.file.flush()
        assert not path.exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("step", ["write", "rename"])
def test_what_fails_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, replace: bool
) -> None:
    path = tmp_path / "file"
    if replace:
        path.write_bytes(b"old")

    def fail(*_words: object, **_options: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"), NewFile(path, replace=replace) as new:
        if step == "rename":
            monkeypatch.setattr(os, "rename", fail)
            new.publish()
        fail()
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == ([("file", b"old")] if replace else [])


def test_a_file_that_is_not_its_owner_s_to_give_away_is_not_left_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a file system that has no owners."""
    monkeypatch.setattr(files, "caller", lambda: SOMEBODY)

    def refuse(*_words: object) -> NoReturn:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    with pytest.raises(PermissionError):
        create(tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_a_file_that_appears_in_the_meantime_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(FileExistsError), NewFile(path) as new:
        path.write_bytes(b"another's")
        new.publish()
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("file", b"another's")]


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_that_is_swapped_in_the_meantime_gets_nothing(tmp_path: Path, replace: bool) -> None:
    """The attacker owns a folder above, and puts a link to the victim's folder in its place."""
    folder, victim = tmp_path / "folder", tmp_path / "victim"
    folder.mkdir()
    victim.mkdir()
    with NewFile(folder / "file", replace=replace) as new:
        folder.rename(tmp_path / "moved")
        folder.symlink_to(victim)
        new.file.write(b"content")
        new.publish()
    assert not list(victim.iterdir())
    assert [one.name for one in (tmp_path / "moved").iterdir()] == ["file"]


@pytest.mark.parametrize("kind", ["link", "FIFO", "folder"])
def test_a_name_that_is_swapped_in_the_meantime_leads_nowhere(tmp_path: Path, kind: str) -> None:
    path, victim = tmp_path / "file", tmp_path / "victim"
    path.write_bytes(b"old")
    victim.write_bytes(b"precious")
    with (
        pytest.raises(OSError, match=f"it is a {kind}, and only a file is replaced"),
        NewFile(path, replace=True) as new,
    ):
        path.unlink()
        if kind == "link":
            path.symlink_to(victim)
        elif kind == "FIFO":
            os.mkfifo(path)
        else:
            path.mkdir()
        new.publish()
    assert victim.read_bytes() == b"precious"
    assert {one.name for one in tmp_path.iterdir()} == {"file", "victim"}


WRITERS: Final[Mapping[str, Callable[[Path], object]]] = {
    "a folder below": lambda folder: make_folder(folder / "new"),
    "a line of a file": lambda folder: append(folder / "log", b"x"),
    "a new file": lambda folder: create_with(folder / "new", b"x"),
    "a file in place of another": lambda folder: write_whole(folder / "new", b"x"),
}


@AS_ROOT
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("open_to", ["everybody", "its owner", "its owner, a folder above"])
def test_root_writes_nothing_where_another_user_may_swap_names(tmp_path: Path, writer: str, open_to: str) -> None:
    folder = tmp_path / "outer" / "folder"
    folder.mkdir(parents=True)
    if open_to == "everybody":
        folder.chmod(0o777)
    else:
        os.chown(folder if open_to == "its owner" else folder.parent, SOMEBODY.uid, SOMEBODY.gid)
    with pytest.raises(Untrusted):
        WRITERS[writer](folder)
    assert not list(folder.iterdir())


@AS_ROOT
def test_in_a_sticky_folder_new_files_are_safe_and_old_ones_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    create_with(folder / "new", b"x")
    make_folder(folder / "mine")
    with pytest.raises(Untrusted):
        append(folder / "log", b"x")
    with pytest.raises(Untrusted):
        make_folder(folder)
    assert {one.name for one in folder.iterdir()} == {"new", "mine"}
