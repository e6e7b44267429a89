"""Detects which files in some folders have changed, for every way in which editors save.

A kernel event only triggers a check. The check compares contents, because the events of a rename, a replaced symbolic
link or an editor's backup steps name other files than the changed one, or report it as deleted.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct, field

from bttop.engine.reload.inotify import StopSign, rings

_LONGEST_FILE: Final = 1 << 20
"""Bytes that are read of one file; for the rest of a longer file, its size and times are compared."""
_CALM_SECONDS: Final = 0.004
"""A file that was written less than this ago may be saved only in part."""
_LOOKS: Final = 60
"""How often a file that keeps changing is read again before its content is used."""
_DOUBTFUL_LOOKS: Final = 8
"""How often a file that is suddenly missing or empty is read again: editors remove files and write them anew."""
_POLL_SECONDS: Final = 1.0
_POLL_STEP: Final = 200
"""Milliseconds between two requests for the results of polling."""
_NET_SECONDS: Final = 5.0
"""Maximum delay for a change without an event (a network file system, a link to a distant folder)."""
_RETRY_SECONDS: Final = 60.0
"""Seconds of polling after which kernel events are tried again."""
_STOP_SECONDS: Final = 2.0
_BETWEEN_SECONDS: Final = 0.01


class FileState(Struct, frozen=True):
    """The state of a file when it was read."""

    look: tuple[int, ...]
    """Device, inode, size, mtime and ctime: if these are equal, the file has not been written since."""
    digest: bytes
    """Hash of its content, or of the errno if it could not be read."""

    @property
    def size(self) -> int:
        return self.look[2]


class FolderState(Struct, frozen=True):
    """The matching files of some folders at one moment."""

    files: Mapping[Path, FileState] = field(default_factory=dict)
    calm: bool = True
    """False if a file was written while it was read, or just before."""


class FileChange(Struct, frozen=True):
    """The difference between two snapshots, each part sorted."""

    changed: tuple[Path, ...] = ()
    added: tuple[Path, ...] = ()
    removed: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.removed)


Place: TypeAlias = tuple[str, int, int]
"""A directory to watch: its path, device and inode."""
Events: TypeAlias = Callable[[Sequence[Place], StopSign], Iterator[bool]]
"""Watches directories: yields True after an event, False from time to time without one; ends when the stop sign is set.
Raises OSError if that is not possible."""


def snapshot(folders: Sequence[Path], suffixes: Sequence[str], now_ns: int) -> FolderState:
    """Read every file in the folders, not recursively, whose name ends in one of the suffixes. Never raises.

    `now_ns` is the time of day in ns since 1970, to detect files that were written just before. Ignores missing folders
    and everything that is not a regular file or a link to one.
    """
    files: dict[Path, FileState] = {}
    calm = True
    for path in _matching(folders, suffixes):
        read = _read(path)
        if read is not None:
            mark, still = read
            files[path] = mark
            calm = calm and still and not 0 <= now_ns - mark.look[3] < _CALM_SECONDS * 1e9
    return FolderState(files, calm)


def compare(before: FolderState, after: FolderState) -> FileChange:
    """The difference between two snapshots. Only contents count: a touched file has not changed."""
    old, new = before.files, after.files
    return FileChange(
        tuple(sorted(path for path in old.keys() & new.keys() if old[path].digest != new[path].digest)),
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
    )


def doubtful(before: FolderState, after: FolderState) -> bool:
    """Whether files are suddenly missing or empty, as between the two steps of a save."""
    gone = before.files.keys() - after.files.keys()
    return bool(gone) or any(
        mark.size == 0 and path in before.files and before.files[path].size != 0 for path, mark in after.files.items()
    )


def looks(folders: Sequence[Path], suffixes: Sequence[str]) -> dict[Path, tuple[int, ...]]:
    """Like `snapshot`, without contents: each file's device, inode, size, mtime and ctime. Never raises."""
    found = {path: _look(path) for path in _matching(folders, suffixes)}
    return {path: look for path, look in found.items() if look is not None}


def places(folders: Sequence[Path], suffixes: Sequence[str]) -> tuple[Place, ...]:
    """The directories to watch so that every change of the folders' files causes an event.

    These are each folder, or the nearest existing one above it; the directory that contains a folder's link; and the
    directories that the files' links point to. Single files are never watched: the watch would end at the first rename.
    """
    wanted = [_existing(folder) for folder in folders]
    wanted += [folder.parent for folder in folders if folder.is_symlink()]
    wanted += [path.resolve().parent for path in _matching(folders, suffixes) if path.is_symlink()]
    found: dict[tuple[int, int], Place] = {}
    for path in wanted:
        try:
            status = path.stat()
        except OSError:
            continue  # removed in between: the next check handles it
        found.setdefault((status.st_dev, status.st_ino), (str(path), status.st_dev, status.st_ino))
    return tuple(found.values())


class FolderWatch:
    """Reports on a background thread which files in some folders have changed.

    It reads the files when it is created and reports differences from that state: create it before the files are
    loaded. `start` may be called later; it reports what was saved in between. Each change is reported once.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        suffixes: Sequence[str],
        on_change: Callable[[FileChange], None],
        *,
        events: Events | None = None,
    ) -> None:
        """`on_change` is called on the background thread, and should only notify another thread.

        `events` replaces the kernel's events.
        """
        self._folders = tuple(folders)
        self._suffixes = tuple(suffixes)
        self._on_change = on_change
        self._events = events or _kernel_events
        self._stop = StopSign()
        self._thread: threading.Thread | None = None
        self._seen = self._snapshot()
        self._polling = False

    @property
    def polling(self) -> bool:
        """Whether the kernel gives no events (no inotify instance left), so that files are checked once a second."""
        return self._polling

    def start(self) -> None:
        """Start to watch, on a new thread."""
        self._thread = threading.Thread(target=self._run, name="bttop-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching: within 0.1 s, unless `on_change` is running."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_STOP_SECONDS)
        elif self._thread is None:
            self._stop.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._polling = False
                self._follow(self._events)
            except OSError:
                self._polling = True
                self._poll()
            self._stop.wait(_BETWEEN_SECONDS)  # else directories that come and go could keep a CPU busy
        self._stop.close()

    def _poll(self) -> None:
        """Poll with watchfiles, without kernel events. It compares times, so it misses a second save in the same
        second; our own next check finds it."""
        try:
            self._follow(_polled_events)
        except (ImportError, OSError, RuntimeError):
            # A directory is gone; watchfiles raises RuntimeError if its system calls fail.
            self._stop.wait(_POLL_SECONDS)

    def _follow(self, events: Events) -> None:
        """Check after each event, until the directories to watch change."""
        waited_at = places(self._folders, self._suffixes)
        self._tell()
        for happened in events(waited_at, self._stop):
            if happened or self._looks_different():
                self._tell()
            if places(self._folders, self._suffixes) != waited_at:
                return

    def _looks_different(self) -> bool:
        before = {path: mark.look for path, mark in self._seen.files.items()}
        return looks(self._folders, self._suffixes) != before

    def _tell(self) -> None:
        after = self._settled()
        change = compare(self._seen, after)
        self._seen = after
        if change and not self._stop.is_set():
            self._on_change(change)

    def _settled(self) -> FolderState:
        """The state of the files once they are no longer written, or at the latest after `_LOOKS` reads."""
        found = self._snapshot()
        for turn in range(_LOOKS):
            in_doubt = turn < _DOUBTFUL_LOOKS and doubtful(self._seen, found)
            if (found.calm and not in_doubt) or self._stop.wait(_CALM_SECONDS):
                break
            found = self._snapshot()
        return found

    def _snapshot(self) -> FolderState:
        return snapshot(self._folders, self._suffixes, time.time_ns())


def _kernel_events(waited_at: Sequence[Place], stop: StopSign) -> Iterator[bool]:
    return rings([path for path, _, _ in waited_at], stop, _NET_SECONDS)


def _polled_events(waited_at: Sequence[Place], stop: StopSign) -> Iterator[bool]:
    """Events from polling once a second; ends after a minute, so that kernel events are tried again."""
    from watchfiles import watch  # 50 to 70 ms, and only needed here

    until = time.monotonic() + _RETRY_SECONDS
    for events in watch(
        *(path for path, _, _ in waited_at),
        watch_filter=None,
        stop_event=stop,
        step=_POLL_STEP,
        rust_timeout=int(_POLL_SECONDS * 1000),
        yield_on_timeout=True,
        raise_interrupt=False,
        force_polling=True,
        poll_delay_ms=int(_POLL_SECONDS * 1000),
        recursive=False,
    ):
        yield bool(events)
        if time.monotonic() > until:
            return


def _matching(folders: Sequence[Path], suffixes: Sequence[str]) -> list[Path]:
    """The paths whose names match, in the order of the folders."""
    endings = tuple(suffixes)
    found: dict[Path, None] = {}
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if entry.name.endswith(endings))
        except OSError:
            continue  # missing or not readable: it has no files now
        found.update(dict.fromkeys(folder / name for name in names))
    return list(found)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((path for path in (folder, *folder.absolute().parents) if path.is_dir()), Path("/"))


def _look(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError:
        return (0, 0, 0, 0, 0)
    return _numbers(status) if stat.S_ISREG(status.st_mode) else None


def _numbers(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _read(path: Path) -> tuple[FileState, bool] | None:
    """The state of a file, and whether it stayed unchanged while it was read. None if it is not a regular file."""
    try:
        # Without O_NONBLOCK a named pipe would block the thread forever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        return FileState(_look(path) or (0, 0, 0, 0, 0), _digest(f"{error.errno}".encode())), True
    try:
        before = os.fstat(descriptor)
        return _read_open(descriptor, before) if stat.S_ISREG(before.st_mode) else None
    finally:
        os.close(descriptor)


def _read_open(descriptor: int, before: os.stat_result) -> tuple[FileState, bool]:
    look = _numbers(before)
    try:
        content = os.pread(descriptor, _LONGEST_FILE, 0)
    except OSError as error:
        return FileState(look, _digest(f"{error.errno}".encode())), True
    if before.st_size > _LONGEST_FILE:
        content += repr(look).encode()
    return FileState(look, _digest(content)), _numbers(os.fstat(descriptor)) == look


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
