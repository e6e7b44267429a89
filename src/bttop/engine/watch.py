"""Which files of some folders have changed: what was saved by any editor, however it saves.

An event of the kernel says only *when* to look. What changed is found by comparing contents, because a rename, a
swapped symbolic link or an editor's backup dance names other files than the one that changed, or names it as deleted.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from bttop.engine.doorbell import StopSign, rings

_LONGEST_FILE: Final = 1 << 20
"""Bytes that are read of one file; of a longer one, size and time stand for the rest."""
_CALM_SECONDS: Final = 0.004
"""A file that was written less than this ago may be half of what is being saved."""
_LOOKS: Final = 60
"""So often a file that keeps moving is looked at again before it is taken as it is."""
_DOUBTFUL_LOOKS: Final = 8
"""So often a file that is suddenly gone or empty is looked at again: editors write anew what they removed."""
_POLL_SECONDS: Final = 1.0
_POLL_STEP: Final = 200
"""Milliseconds between two questions for what polling has found."""
_NET_SECONDS: Final = 5.0
"""How long a change that no event tells of (a network file system, a link far away) can go unseen."""
_RETRY_SECONDS: Final = 60.0
"""After this long without events, events are asked for again."""
_STOP_SECONDS: Final = 2.0
_BETWEEN_SECONDS: Final = 0.01


class Mark(NamedTuple):
    """What a file was when it was looked at."""

    look: tuple[int, ...]
    """Device, inode, size, mtime and ctime: when these are equal, nobody has written to it since."""
    digest: bytes
    """Of its content; of the error's number when it could not be read."""

    @property
    def size(self) -> int:
        return self.look[2]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The matching files of some folders at one moment."""

    files: Mapping[Path, Mark] = field(default_factory=dict)
    calm: bool = True
    """False when a file was written while it was read, or just before."""


@dataclass(frozen=True, slots=True)
class Change:
    """The difference between two snapshots, each part sorted."""

    changed: tuple[Path, ...] = ()
    added: tuple[Path, ...] = ()
    removed: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.removed)


Place: TypeAlias = tuple[str, int, int]
"""A directory to wait at: its path, device and inode."""
Events: TypeAlias = Callable[[Sequence[Place], StopSign], Iterator[bool]]
"""Waits at directories: yields True after an event, False from time to time without one; ends when the event is set.
Raises OSError where that is not possible."""


def snapshot(folders: Sequence[Path], suffixes: Sequence[str], now_ns: int) -> Snapshot:
    """Read every file of the folders (not of folders inside them) whose name ends in one of the suffixes. Total.

    `now_ns` is the time of day in ns since 1970, to tell files that were written just before. Whatever is neither a
    regular file nor a link to one is passed over, as are folders that are missing.
    """
    files: dict[Path, Mark] = {}
    calm = True
    for path in _matching(folders, suffixes):
        read = _read(path)
        if read is not None:
            mark, still = read
            files[path] = mark
            calm = calm and still and not 0 <= now_ns - mark.look[3] < _CALM_SECONDS * 1e9
    return Snapshot(files, calm)


def compare(before: Snapshot, after: Snapshot) -> Change:
    """What is different between two snapshots. A file that was only touched is not."""
    old, new = before.files, after.files
    return Change(
        tuple(sorted(path for path in old.keys() & new.keys() if old[path].digest != new[path].digest)),
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
    )


def doubtful(before: Snapshot, after: Snapshot) -> bool:
    """Whether files have gone, or are suddenly empty: as between the two steps of a save."""
    gone = before.files.keys() - after.files.keys()
    return bool(gone) or any(
        mark.size == 0 and path in before.files and before.files[path].size != 0 for path, mark in after.files.items()
    )


def looks(folders: Sequence[Path], suffixes: Sequence[str]) -> dict[Path, tuple[int, ...]]:
    """As `snapshot`, without reading contents: each file's device, inode, size, mtime and ctime. Total."""
    found = {path: _look(path) for path in _matching(folders, suffixes)}
    return {path: look for path, look in found.items() if look is not None}


def places(folders: Sequence[Path], suffixes: Sequence[str]) -> tuple[Place, ...]:
    """The directories to wait at, so that every change of the folders' files gives an event.

    That is each folder, or what there is of the path to it; the directory that a folder's link lies in; and the
    directories that the files' links lead to. Single files are never waited at: the first rename would be the last
    that is seen.
    """
    wanted = [_existing(folder) for folder in folders]
    wanted += [folder.parent for folder in folders if folder.is_symlink()]
    wanted += [path.resolve().parent for path in _matching(folders, suffixes) if path.is_symlink()]
    found: dict[tuple[int, int], Place] = {}
    for path in wanted:
        try:
            status = path.stat()
        except OSError:
            continue  # gone since: the next look finds what there is then
        found.setdefault((status.st_dev, status.st_ino), (str(path), status.st_dev, status.st_ino))
    return tuple(found.values())


class FolderWatch:
    """Tells which files of some folders changed, on a thread of its own.

    What is there when it is made is what later looks are compared with, so make it before the files are read for
    use; `start` may come later, and what was saved in between is told then. Nothing is told twice.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        suffixes: Sequence[str],
        on_change: Callable[[Change], None],
        *,
        events: Events | None = None,
    ) -> None:
        """`on_change` is called on the watching thread, and should only leave word for its own.

        `events` takes the place of the kernel's events.
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
        """Whether the kernel gives no events (no inotify instance left), so that files are looked at once a second."""
        return self._polling

    def start(self) -> None:
        """Begin to watch, on a new thread."""
        self._thread = threading.Thread(target=self._run, name="bttop-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the watching: within a tenth of a second, unless `on_change` is at work."""
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
            self._stop.wait(_BETWEEN_SECONDS)  # directories that come and go must not keep a CPU busy
        self._stop.close()

    def _poll(self) -> None:
        """Without events: let watchfiles look, which compares times and so misses a second save in one second; what it
        misses is seen at the next look of our own."""
        try:
            self._follow(_polled_events)
        except (ImportError, OSError, RuntimeError):
            # A directory that is gone; watchfiles raises RuntimeError for what its own system calls refuse.
            self._stop.wait(_POLL_SECONDS)

    def _follow(self, events: Events) -> None:
        """Look after each event, until other directories must be waited at."""
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

    def _settled(self) -> Snapshot:
        """What is there once nobody writes any more, or after a second of writing."""
        found = self._snapshot()
        for turn in range(_LOOKS):
            in_doubt = turn < _DOUBTFUL_LOOKS and doubtful(self._seen, found)
            if (found.calm and not in_doubt) or self._stop.wait(_CALM_SECONDS):
                break
            found = self._snapshot()
        return found

    def _snapshot(self) -> Snapshot:
        return snapshot(self._folders, self._suffixes, time.time_ns())


def _kernel_events(waited_at: Sequence[Place], stop: StopSign) -> Iterator[bool]:
    return rings([path for path, _, _ in waited_at], stop, _NET_SECONDS)


def _polled_events(waited_at: Sequence[Place], stop: StopSign) -> Iterator[bool]:
    """As events, found by looking once a second; ends after a minute, so that the kernel's are asked for again."""
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
            continue  # missing, or not to be read: it has no files now
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


def _read(path: Path) -> tuple[Mark, bool] | None:
    """A file's mark, and whether it stood still meanwhile. None: there is no such file."""
    try:
        # Without O_NONBLOCK a named pipe would hold the thread for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Mark(_look(path) or (0, 0, 0, 0, 0), _digest(f"{error.errno}".encode())), True
    try:
        before = os.fstat(descriptor)
        return _read_open(descriptor, before) if stat.S_ISREG(before.st_mode) else None
    finally:
        os.close(descriptor)


def _read_open(descriptor: int, before: os.stat_result) -> tuple[Mark, bool]:
    look = _numbers(before)
    try:
        content = os.pread(descriptor, _LONGEST_FILE, 0)
    except OSError as error:
        return Mark(look, _digest(f"{error.errno}".encode())), True
    if before.st_size > _LONGEST_FILE:
        content += repr(look).encode()
    return Mark(look, _digest(content)), _numbers(os.fstat(descriptor)) == look


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
