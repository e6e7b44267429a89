"""The watcher of folders: the comparison of two looks, and the thread that looks when the kernel says so."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from bttop.engine.reload import folder_watch
from bttop.engine.reload.folder_watch import (
    FileChange,
    FolderState,
    FolderWatch,
    Place,
    compare,
    doubtful,
    looks,
    places,
    snapshot,
)

LATER = 10**19
"""A time of day at which nothing was written a moment ago."""
PATIENCE = 60.0
SUFFIXES = (".bt", ".toml")


def taken(*folders: Path) -> FolderState:
    return snapshot(folders, SUFFIXES, LATER)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "probes"
    made.mkdir()
    (made / "a.bt").write_text("one")
    return made


def test_only_files_with_a_wanted_suffix_are_seen(folder: Path) -> None:
    (folder / "theme.toml").write_text("")
    (folder / "a.bt~").write_text("")
    (folder / "inner").mkdir()
    (folder / "inner" / "b.bt").write_text("")
    assert sorted(path.name for path in taken(folder).files) == ["a.bt", "theme.toml"]


def test_a_changed_an_added_and_a_removed_file_are_told_apart(folder: Path) -> None:
    (folder / "gone.bt").write_text("")
    before = taken(folder)
    (folder / "a.bt").write_text("two")
    (folder / "new.bt").write_text("")
    (folder / "gone.bt").unlink()
    change = compare(before, taken(folder))
    assert change == FileChange((folder / "a.bt",), (folder / "new.bt",), (folder / "gone.bt",))


def test_a_touched_file_is_not_a_changed_one(folder: Path) -> None:
    before = taken(folder)
    os.utime(folder / "a.bt", (5, 5))
    assert not compare(before, taken(folder))
    assert looks([folder], SUFFIXES) != {path: mark.look for path, mark in before.files.items()}


def test_a_change_of_equal_size_and_time_is_seen(folder: Path) -> None:
    os.utime(folder / "a.bt", (5, 5))
    before = taken(folder)
    (folder / "a.bt").write_text("two")
    os.utime(folder / "a.bt", (5, 5))
    assert compare(before, taken(folder)).changed == (folder / "a.bt",)


def test_a_long_file_changes_with_its_size(folder: Path) -> None:
    path = folder / "a.bt"
    path.write_bytes(b"x" * (2 << 20))
    before = taken(folder)
    with path.open("ab") as file:
        file.write(b"y")
    assert compare(before, taken(folder)).changed == (path,)


def test_an_unreadable_file_is_there_and_changes_when_it_can_be_read(folder: Path) -> None:
    loop = folder / "loop.bt"
    loop.symlink_to(loop)
    before = taken(folder)
    assert loop in before.files
    loop.unlink()
    loop.write_text("mended")
    assert compare(before, taken(folder)).changed == (loop,)


def test_pipes_folders_and_dangling_links_are_passed_over(folder: Path) -> None:
    os.mkfifo(folder / "pipe.bt")
    (folder / "folder.bt").mkdir()
    (folder / "link.bt").symlink_to(folder / "nowhere")
    assert list(taken(folder).files) == [folder / "a.bt"]
    assert list(looks([folder], SUFFIXES)) == [folder / "a.bt"]


def test_a_folder_that_is_missing_has_no_files(tmp_path: Path) -> None:
    assert taken(tmp_path / "missing") == FolderState({}, calm=True)


def test_a_file_written_just_now_is_not_calm(folder: Path) -> None:
    written = (folder / "a.bt").stat().st_mtime_ns
    assert not snapshot([folder], SUFFIXES, written + 1_000_000).calm
    assert snapshot([folder], SUFFIXES, written + 1_000_000_000).calm
    assert snapshot([folder], SUFFIXES, written - 1_000_000_000).calm  # a clock that runs ahead


def test_a_file_that_is_gone_or_suddenly_empty_is_doubtful(folder: Path) -> None:
    before = taken(folder)
    assert not doubtful(before, before)
    (folder / "a.bt").write_text("")
    emptied = taken(folder)
    assert doubtful(before, emptied)
    assert not doubtful(emptied, emptied)
    (folder / "a.bt").unlink()
    assert doubtful(before, taken(folder))


def test_folders_are_waited_at_and_never_files(folder: Path) -> None:
    assert [path for path, _, _ in places([folder], SUFFIXES)] == [str(folder)]


def test_a_missing_folder_is_waited_for_at_what_exists_above_it(tmp_path: Path) -> None:
    assert [path for path, _, _ in places([tmp_path / "x" / "y"], SUFFIXES)] == [str(tmp_path)]


def test_the_targets_of_links_are_waited_at_too(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "b.bt").write_text("")
    (folder / "b.bt").symlink_to(real / "b.bt")
    link = tmp_path / "link"
    link.symlink_to(folder)
    found = {path for path, _, _ in places([link], SUFFIXES)}
    assert found == {str(link), str(tmp_path), str(real)}


def test_a_replaced_folder_is_another_place(folder: Path) -> None:
    before = places([folder], SUFFIXES)
    folder.rename(folder.with_name("old"))
    folder.mkdir()
    assert places([folder], SUFFIXES) != before


class Told:
    """What a watch has told, and waiting for it."""

    def __init__(self) -> None:
        self.changes: list[FileChange] = []
        self._news = threading.Condition()

    def __call__(self, change: FileChange) -> None:
        with self._news:
            self.changes.append(change)
            self._news.notify_all()

    def wait(self, holds: Callable[[list[FileChange]], bool]) -> list[FileChange]:
        with self._news:
            assert self._news.wait_for(lambda: holds(self.changes), PATIENCE), self.changes
            return list(self.changes)

    def paths(self, kind: str) -> set[Path]:
        return {path for change in self.changes for path in getattr(change, kind)}


def waits_for_events() -> bool:
    """Whether this process has told the kernel which directories it waits at."""
    return any("inotify wd:" in _text(path) for path in Path("/proc/self/fdinfo").iterdir())


def _text(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text()
    return ""


@contextlib.contextmanager
def watching(folder: Path, told: Told, events: folder_watch.Events | None = None) -> Iterator[FolderWatch]:
    watcher = FolderWatch([folder], SUFFIXES, told, events=events)
    watcher.start()
    try:
        if events is None:
            wait_until(waits_for_events)
        yield watcher
    finally:
        watcher.stop()


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def plain(path: Path) -> None:
    path.write_text("two")


def renamed(path: Path) -> None:
    path.with_suffix(".tmp").write_text("two")
    path.with_suffix(".tmp").rename(path)


def backed_up(path: Path) -> None:
    probe = path.with_name("4913")
    probe.write_text("")
    probe.unlink()
    path.rename(path.with_name("a.bt~"))
    path.write_text("two")
    path.with_name("a.bt~").unlink()


def truncated_first(path: Path) -> None:
    with path.open("w") as file:
        file.flush()
        file.write("t")
        file.flush()
        file.write("wo")


def relinked(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_text("two")
    path.with_suffix(".link").symlink_to(target)
    path.with_suffix(".link").rename(path)


@pytest.mark.parametrize("save", [plain, renamed, backed_up, truncated_first, relinked])
def test_every_way_to_save_a_file_is_one_change_of_it(folder: Path, save: Callable[[Path], None]) -> None:
    told = Told()
    with watching(folder, told):
        save(folder / "a.bt")
        told.wait(bool)
        (folder / "last.bt").write_text("")
        told.wait(lambda _: bool(told.paths("added")))
    assert told.changes == [FileChange(changed=(folder / "a.bt",)), FileChange(added=(folder / "last.bt",))]


def test_a_swapped_data_link_changes_the_files_behind_it(tmp_path: Path) -> None:
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "a.bt").write_text(version)
    folder = tmp_path / "mounted"
    folder.mkdir()
    (folder / "..data").symlink_to(tmp_path / "1")
    (folder / "a.bt").symlink_to("..data/a.bt")
    told = Told()
    with watching(folder, told):
        (folder / "..new").symlink_to(tmp_path / "2")
        (folder / "..new").rename(folder / "..data")
        assert told.wait(bool) == [FileChange(changed=(folder / "a.bt",))]


def test_a_folder_that_appears_later_is_watched_from_then_on(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    told = Told()
    with watching(folder, told):
        folder.mkdir()
        (folder / "a.bt").write_text("one")
        told.wait(lambda _: told.paths("added") == {folder / "a.bt"})
        (folder / "a.bt").write_text("two")
        told.wait(lambda _: told.paths("changed") == {folder / "a.bt"})


def test_a_removed_file_is_told(folder: Path) -> None:
    told = Told()
    with watching(folder, told):
        (folder / "a.bt").unlink()
        assert told.wait(bool) == [FileChange(removed=(folder / "a.bt",))]


def test_a_file_written_many_times_a_second_ends_as_it_is(folder: Path) -> None:
    told = Told()
    with watching(folder, told) as watcher:
        for number in range(60):
            (folder / "a.bt").write_text(str(number))
            time.sleep(0.005)
        (folder / "last.bt").write_text("")
        told.wait(lambda _: bool(told.paths("added")))
        assert watcher._seen.files == taken(folder).files
    assert len(told.changes) < 10


def test_what_was_saved_before_the_start_is_told(folder: Path) -> None:
    told = Told()
    watcher = FolderWatch([folder], SUFFIXES, told)
    (folder / "a.bt").write_text("two")
    watcher.start()
    told.wait(bool)
    watcher.stop()
    assert told.changes == [FileChange(changed=(folder / "a.bt",))]


def no_instance_left(waited_at: Sequence[Place], stop: threading.Event) -> Iterator[bool]:
    raise OSError(24, "Too many open files")


def test_without_an_inotify_instance_the_files_are_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_watch, "_POLL_SECONDS", 0.02)
    told = Told()
    with watching(folder, told, no_instance_left) as watcher:
        (folder / "a.bt").write_text("two")
        assert told.wait(bool) == [FileChange(changed=(folder / "a.bt",))]
        assert watcher.polling


def silent(waited_at: Sequence[Place], stop: threading.Event) -> Iterator[bool]:
    while not stop.wait(0.02):
        yield False


def test_a_change_without_an_event_is_seen_at_the_next_look(folder: Path) -> None:
    told = Told()
    with watching(folder, told, silent):
        (folder / "a.bt").write_text("two")
        assert told.wait(bool) == [FileChange(changed=(folder / "a.bt",))]


def test_a_stopped_watch_leaves_no_thread(folder: Path) -> None:
    told = Told()
    with watching(folder, told) as watcher:
        thread = watcher._thread
    assert thread is not None
    assert not thread.is_alive()
    (folder / "a.bt").write_text("two")
    assert not told.changes


def test_the_watcher_can_be_stopped_from_its_own_callback(folder: Path) -> None:
    ended = threading.Event()
    watchers: list[FolderWatch] = []

    def stop(change: FileChange) -> None:
        watchers[0].stop()
        ended.set()

    watchers.append(FolderWatch([folder], SUFFIXES, stop))
    (folder / "a.bt").write_text("two")
    watchers[0].start()
    assert ended.wait(PATIENCE)
    thread = watchers[0]._thread
    assert thread is not None
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_importing_the_watcher_does_not_import_watchfiles() -> None:
    look = "import sys, bttop.engine.reload.folder_watch; print('watchfiles' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
