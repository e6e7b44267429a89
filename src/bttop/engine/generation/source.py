"""What a program runs: a script with its parameters, and the settings that are the same for all programs. Without what
edits scripts: a recording has these values too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from bttop.script.language.inclusions import imported_names, inclusions
from bttop.script.language.reader import Imported, Script, Unreadable
from bttop.trust import EVERYBODY, Trust

if TYPE_CHECKING:
    from bttop.script.front_matter.front_matter import FrontMatter
    from bttop.script.process.pid_namespace import PidNamespace
    from bttop.script.process.pin import Pin
    from bttop.script.process.self_exclusion import Exclusion


class Settings(Struct, frozen=True):
    """The settings that are the same for all programs."""

    interval_ms: int = 1000
    pin: Pin | None = None
    exclude: Exclusion | None = None
    """bttop's own processes, if they must not be traced."""
    trust: Trust = EVERYBODY
    """The owners whose files scripts may include."""
    namespace: PidNamespace | None = None
    """The PID namespace of bttop and bpftrace; None: the host's."""

    @property
    def has_pids(self) -> bool:
        """Whether the pin has process ids, so that it can be a parameter."""
        return self.pin is not None and bool(self.pin.pids)

    @property
    def one_process(self) -> bool:
        """Whether the pin restricts programs to one process."""
        return self.pin is not None and len(self.pin.pids) == 1 and not self.pin.children


class Source(Struct, frozen=True):
    """One script that a program can run."""

    name: str
    """File name, or `-e 1` for the first program given on the command line."""
    text: str
    script: Script | Unreadable
    front: FrontMatter | None = None
    path: Path | None = None
    given: tuple[str, ...] = ()
    """The parameters as the user gave them."""
    args: tuple[str, ...] = ()
    """The parameters as bpftrace gets them: converted, and with defaults."""

    options: tuple[str, ...] = ()
    """Options of the user's command line that bpftrace gets."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables of the user's command line that bpftrace gets."""

    @property
    def filled(self) -> Script | Unreadable:
        """The script with the given parameters in its attach points."""
        from bttop.script.rewrite.parameters import with_parameters  # not for recordings

        return with_parameters(self.script, self.args)

    def doubt(self, trust: Trust) -> str:
        """Why a file that bpftrace would read with the script is not trusted; empty if all are."""
        from bttop.engine.host.included_files import doubt_of_included  # not for recordings
        from bttop.engine.tracer.given_settings import files_of

        return doubt_of_included(self.text, trust, files_of(self.options, self.environment), self.folder)

    @property
    def folder(self) -> Path | None:
        """The folder in which bpftrace must run, because it looks for imported files there: that of the script's own
        file. None if it may run in any folder."""
        if self.path is None or not self._names_imports():
            return None
        return self.path.absolute().parent

    def _names_imports(self) -> bool:
        if isinstance(self.script, Unreadable):
            return any(one.kind == "import" for one in inclusions(self.text))
        return any(imported_names(self.script))

    @property
    def imports(self) -> tuple[Imported, ...]:
        """The files that it imports."""
        return () if isinstance(self.script, Unreadable) else self.script.imports

    @property
    def texts(self) -> tuple[str, ...]:
        """Its text and those of the files that it imports; a change of any is a new program."""
        return (self.text, *(one.script.text for one in self.imports))
