"""The probe library of the dashboard: read in the background after the first frame, and read again when a file has
changed. It also keeps the path of the newest probe file until the user opens it."""

from __future__ import annotations

from pathlib import Path

from bttop.paths import with_users
from bttop.script.library.probe_files import Library
from bttop.trust import Trust
from bttop.ui.services.screen_access import ScreenAccess


class ProbeLibrary:
    """The probe files of the library's folders; files of untrusted owners are not used."""

    def __init__(self, screen: ScreenAccess, folders: tuple[Path, ...], trust: Trust) -> None:
        self._screen = screen
        self._folders = folders
        self._trust = trust
        self._library: Library | None = None
        self._edition = 0
        self._new: Path | None = None

    @property
    def library(self) -> Library:
        """All probe files. Reads them now (30 ms) if they are not read yet or a file has changed."""
        if self._library is None:
            self._library = self._load()
        return self._library

    def read_behind(self) -> None:
        """Read the whole library on a thread, and report the files that cannot be used."""
        self._screen.on_a_thread(self._read)

    def _read(self) -> None:
        edition = self._edition
        library = self._load()

        def have() -> None:
            if edition != self._edition:
                self.read_behind()  # a file has changed meanwhile: the failures may be fixed
                return
            self._library = library
            if library.failures:
                self._screen.tell("; ".join(str(one) for one in library.failures), "warn", joins=True)

        self._screen.from_thread(have)

    def _load(self) -> Library:
        return Library.load(self._folders, trust=self._trust)

    def forget(self) -> None:
        """Read the library again at the next use: a probe file was changed, added or removed. Adds the user's folder
        if it exists by now."""
        self._folders = with_users(self._folders, "probes")
        self._edition += 1
        self._library = None

    def offer(self, path: Path) -> None:
        """Tell the user about a new probe file and keep its path for `take_new`."""
        self._new = path
        self._screen.tell(f"{path.name} is new; o opens it as a pane (it is in {path.parent})")

    def take_new(self) -> Path | None:
        """Return and forget the newest probe file; None if there is no new one."""
        path, self._new = self._new, None
        return path
