"""Reloads programs and themes when their files change: in a watched folder, or in the editor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.program.status import STAYS_OFF
from bttop.engine.request.questions import like, sources_of, with_args
from bttop.engine.session import AnyEngine, RunningProgram
from bttop.paths import config_home
from bttop.script.library.parameters import fill
from bttop.script.library.probe_files import Library, LibraryFailure, load_file
from bttop.trust import Trust
from bttop.ui.services.programs.probe_library import ProbeLibrary
from bttop.ui.services.screen_access import ScreenAccess
from bttop.ui.services.theme_manager import ThemeManager

if TYPE_CHECKING:
    from bttop.engine.reload.folder_watch import FileChange, FolderWatch


class Reloads:
    """Watches the folders of all probe files and themes."""

    def __init__(
        self,
        engine: AnyEngine,
        probes: ProbeLibrary,
        themes: ThemeManager,
        screen: ScreenAccess,
        folders: tuple[Path, ...],
        trust: Trust,
    ) -> None:
        self._engine = engine
        self._probes = probes
        self._themes = themes
        self._screen = screen
        self._given = folders
        self._trust = trust
        self._watch: FolderWatch | None = None
        self._folders: tuple[Path, ...] = ()
        self._written: set[Path] = set()

    def follow(self, *more: Path) -> None:
        """Watch the folders of the library (the user's even before it exists), of the themes, of every running script,
        and `more`."""
        from bttop.engine.reload.folder_watch import FolderWatch

        own = [path.parent for program in self._engine.programs for path in _files(program)]
        folders = tuple(dict.fromkeys(path.resolve() for path in (*self._given, config_home() / "probes", *own, *more)))
        if folders == self._folders:
            return
        self.stop()
        known, self._folders = self._folders, folders

        def changed(change: FileChange) -> None:
            self._screen.from_thread(lambda: self._on_change(change))

        self._watch = FolderWatch(folders, (".bt", ".toml"), changed)
        self._watch.start()
        self._catch_up({folder for folder in folders if folder not in known})

    def _catch_up(self, folders: set[Path]) -> None:
        """Handle what was saved or removed after a script was read and before its folder was watched."""
        for program in self._engine.programs:
            path = program.sources[0].path if program.sources else None
            if path is None or all(one.parent.resolve() not in folders for one in _files(program)):
                continue
            if not os.path.lexists(path):
                self._say_gone(path, program)
            else:
                self.reload_program(program, path)

    def wrote(self, path: Path) -> None:
        """bttop itself writes this file: do not report it as new."""
        self._written.add(_watched_as(path))

    def stop(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def _on_change(self, change: FileChange) -> None:
        for path in (*change.changed, *change.added):
            if path.suffix == ".toml":
                self._themes.read_again(path)
            else:
                self._probes.forget()
                self._script(path, is_new=path in change.added)
        for path in change.removed:
            self._probes.forget()
            for program in self._programs_of(path):
                self._say_gone(path, program)

    def _say_gone(self, path: Path, program: RunningProgram) -> None:
        self._screen.tell(f"{path.name} was removed; {program.name} keeps its last text, X closes it", "warn")

    def _programs_of(self, path: Path) -> list[RunningProgram]:
        return [
            program for program in self._engine.programs if any(_watched_as(one) == path for one in _files(program))
        ]

    def _script(self, path: Path, *, is_new: bool) -> None:
        programs = self._programs_of(path)
        for program in programs:
            first = program.sources[0].path
            self.reload_program(program, path if first is None else first)
        if is_new and not programs and path not in self._written:
            self._probes.offer(path)

    def reload_program(self, program: RunningProgram, path: Path) -> None:
        """Read a program's file again and reload the program if the text or the path has changed."""
        found = load_file(path, self._trust)
        if isinstance(found, LibraryFailure):
            self._engine.refuse_reload(program, str(found))
            return
        has_fallback = found.front is not None and found.front.fallback
        given = program.sources[0].given
        values = fill(found.script, found.front, given, pinned=program.settings.has_pids)
        if values.why_not:
            self._engine.refuse_reload(program, f"{path.name}: {values.why_not}")
            return
        library = self._probes.library if has_fallback else Library(trust=self._trust)
        sources = like(with_args(sources_of(library, found), given), program.sources[0])
        same = [one.texts for one in sources] == [one.texts for one in program.sources]
        if same and program.sources[0].path == path:
            return
        from bttop.ui.services.programs.complaints import no_complaint_since

        still_so = no_complaint_since([program])
        self._engine.reload(program, sources)
        self.follow(path.parent)
        stays_off = program.status.state in STAYS_OFF
        what = "x starts the new text" if stays_off else "the new text takes over at its first flush"
        self._screen.tell(f"{path.name}: {what}", still_so=still_so)


def _files(program: RunningProgram) -> list[Path]:
    """The files of a program's scripts and of what they import."""
    own = [source.path for source in program.sources if source.path is not None]
    return [*own, *(Path(one.path) for source in program.sources if source.path for one in source.imports)]


def _watched_as(path: Path) -> Path:
    """The path as the watch names it: links to its folder are resolved; a link at the file itself is not."""
    return path.parent.resolve() / path.name
