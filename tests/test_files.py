"""What bttop writes: private, whole, never through a link, and the caller's own."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bttop.files import Caller, append, caller, create, create_with, make_folder, write_whole

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
def test_links_are_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "there").write_bytes(b"precious")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / target)
    with pytest.raises(FileExistsError):
        create(link)
    with pytest.raises(OSError, match="symbolic link"):
        append(link, b"more")
    write_whole(link, b"new")
    assert (link.read_bytes(), link.is_symlink()) == (b"new", False)
    assert (tmp_path / "there").read_bytes() == b"precious"
    assert not (tmp_path / "missing").exists()


def test_appending_goes_on_at_the_end(tmp_path: Path) -> None:
    for line in (b"one\n", b"two\n"):
        append(tmp_path / "log", line)
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


def test_a_replacement_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("file", b"old")]
