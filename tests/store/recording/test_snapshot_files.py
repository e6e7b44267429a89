"""Where recordings lie: in no folder in which another user could swap a name that SQLite opens again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from bttop.engine.recording.recorder import Recorder
from bttop.errors import BttopError, UsageError
from bttop.files import create
from bttop.paths import state_home
from bttop.store.recording import snapshot_files
from bttop.store.recording.snapshot_files import claim, new_snapshot, snapshot_folder
from bttop.store.recording.writer import SnapshotWriter
from tests.store.made import SESSION

OTHER: Final = 60123
AS_ROOT: Final = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which has no `snapshots`, and a state folder of one's own."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return here


@AS_ROOT
@pytest.mark.parametrize("open_to", ["everybody", "its owner", "the owner of the folder above", "the owner of a link"])
def test_snapshots_of_the_current_folder_count_when_they_are_ours(home: Path, open_to: str) -> None:
    assert snapshot_folder() == state_home() / "snapshots"
    folder = home / "snapshots"
    folder.mkdir()
    assert snapshot_folder() == folder
    match open_to:
        case "everybody":
            folder.chmod(0o777)
        case "its owner":
            os.chown(folder, OTHER, OTHER)
        case "the owner of the folder above":
            os.chown(home, OTHER, OTHER)
        case _:
            folder.rename(home / "moved")
            folder.symlink_to("moved")
            assert snapshot_folder() == folder
            os.chown(folder, OTHER, OTHER, follow_symlinks=False)
    assert snapshot_folder() == state_home() / "snapshots"


def test_snapshots_that_are_no_folder_do_not_count(home: Path) -> None:
    (home / "snapshots").write_text("a list")
    assert snapshot_folder() == state_home() / "snapshots"


@AS_ROOT
@pytest.mark.parametrize("place", ["state", "state/bttop", "state/bttop/snapshots"])
def test_where_no_folder_is_ours_nothing_is_recorded(home: Path, place: str) -> None:
    """`r` and what saves by itself say so; the programs go on."""
    folder = home.parent / place
    folder.mkdir(parents=True)
    os.chown(folder, OTHER, OTHER)
    recorder = Recorder(SESSION, "demo-host")
    recorder.save()
    assert recorder.wait(10)
    assert recorder.recording is not None
    assert recorder.recording.failure == f"{folder} belongs to uid {OTHER}"
    assert recorder.recording.hint == f"chown root {folder}"
    assert not recorder.files
    recorder.close()
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@AS_ROOT
@pytest.mark.parametrize("swapped", ["", "-wal", "-journal"])
def test_a_name_that_is_swapped_after_it_was_made_leads_root_nowhere(
    home: Path, monkeypatch: pytest.MonkeyPatch, swapped: str
) -> None:
    """The attacker acts between the moment in which the file is made and the one in which SQLite opens it."""
    folder, victim = home / "theirs", home / "victim"
    folder.mkdir()
    os.chown(folder, OTHER, OTHER)
    victim.write_bytes(b"")
    path = folder / "s.bttop"

    def make_and_swap(new: Path) -> int:
        descriptor = create(new)
        name = path.with_name(path.name + swapped)
        name.unlink(missing_ok=True)
        name.symlink_to(victim)
        return descriptor

    monkeypatch.setattr(snapshot_files, "create", make_and_swap)
    with pytest.raises(BttopError, match=f"theirs belongs to uid {OTHER}"):
        claim(path, replace=False)
        SnapshotWriter(path, SESSION).close()
    assert victim.read_bytes() == b""
    assert not list(folder.iterdir())


def test_a_log_that_lies_there_is_no_part_of_a_new_snapshot(home: Path) -> None:
    first = new_snapshot("host", 0, home)
    second = first.with_name(f"{first.stem}-2.bttop-wal")
    second.write_text("another's")
    assert new_snapshot("host", 0, home).name == f"{first.stem}-3.bttop"
    assert second.read_text() == "another's"


@pytest.mark.parametrize("beside", ["-wal", "-shm", "-journal"])
def test_a_folder_in_the_place_of_a_log_is_not_replaced(home: Path, beside: str) -> None:
    (home / f"s.bttop{beside}").mkdir()
    with pytest.raises(UsageError, match=f"s.bttop{beside}: it is a folder"):
        claim(home / "s.bttop", replace=True)
