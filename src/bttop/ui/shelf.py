"""The probe library behind the screen: read once the first frame is there, forgotten when a file changes, and asked by
name. It also keeps the probe file that appeared last, until somebody opens it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.questions import Question, question_from_path
from bttop.paths import with_users
from bttop.script.library import Library
from bttop.trust import Trust

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp


class Shelf:
    """The probe files of the library's folders, as far as those who wrote them are trusted."""

    def __init__(self, app: BttopApp, folders: tuple[Path, ...], trust: Trust) -> None:
        self._app = app
        self._folders = folders
        self._trust = trust
        self._library: Library | None = None
        self._edition = 0
        self._new: Path | None = None

    @property
    def library(self) -> Library:
        """All probe files: read at once (30 ms) when somebody asks before they have been, or after a change."""
        if self._library is None:
            self._library = self._load()
        return self._library

    def read_behind(self) -> None:
        """Read the whole library on a thread of its own, and say what of it cannot be used."""
        self._app.run_worker(self._read, thread=True)

    def _read(self) -> None:
        edition = self._edition
        library = self._load()

        def have() -> None:
            if edition != self._edition:
                self.read_behind()  # it has changed meanwhile: what failed may be well
                return
            self._library = library
            if library.failures:
                self._app.tell("; ".join(str(one) for one in library.failures), "warn")

        self._app.call_from_thread(have)

    def _load(self) -> Library:
        return Library.load(self._folders, trust=self._trust)

    def forget(self) -> None:
        """A probe file has changed, appeared or gone; the first of the user's own brings their folder."""
        self._folders = with_users(self._folders, "probes")
        self._edition += 1
        self._library = None

    def question_from_file(self, name: str) -> Question:
        """What a probe file asks, under a name that no pane has yet."""
        return self._question(Path(name).expanduser())

    def question_from_library(self, name: str) -> Question:
        """What a probe of the library asks, under a name that no pane has yet."""
        return self._question(name)

    def _question(self, probe: Path | str) -> Question:
        question = question_from_path(self.library, probe)
        return replace(question, name=self._app.tracing.unique_name(question.name))

    def offer(self, path: Path) -> None:
        """A new probe file has appeared."""
        self._new = path
        self._app.tell(f"{path.name} is new; o opens it as a pane (it is in {path.parent})")

    def open_new(self) -> None:
        """Open the probe file that appeared last."""
        if self._new is None:
            self._app.tell("no new probe file has appeared", "warn")
            return
        self._app.tracing.open(self._question(self._new), self._app.tracing.settings)
        self._new = None
