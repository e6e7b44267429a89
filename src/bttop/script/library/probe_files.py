"""The library of probe files: every `.bt` in a list of directories, and the reason for each that cannot be used."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from bttop.script.front_matter.front_matter import FrontMatter, FrontMatterFault, read_front_matter
from bttop.script.language.reader import Script, Unreadable, read
from bttop.script.language.survey import MapUse, survey
from bttop.script.library.imports import with_imports
from bttop.trust import EVERYBODY, Trust, Untrusted


class ProbeFile(Struct, frozen=True):
    """One probe file."""

    name: str
    """File name with its suffix."""
    path: Path
    text: str
    front: FrontMatter | None
    script: Script | Unreadable
    """An `Unreadable` script runs unedited."""

    @property
    def title(self) -> str:
        return (self.front.title if self.front else "") or self.path.stem

    @property
    def words(self) -> str:
        """The tags and the help; empty without front matter."""
        return "" if self.front is None else " ".join([*self.front.tags, self.front.help])


class LibraryFailure(Struct, frozen=True):
    """A probe file or directory that cannot be used."""

    path: Path
    reason: str
    line: int = 0
    """From 1; 0 if the reason concerns the whole file."""
    fix: str = ""
    """The command that makes it trusted, if trust is the problem."""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.reason}{'; ' if self.fix else ''}{self.fix}"


class Library(Struct, frozen=True):
    """Probe files by name. Of several with the same name, that of the first directory counts, even if it is faulty."""

    probes: tuple[ProbeFile, ...] = ()
    """Sorted by name."""
    failures: tuple[LibraryFailure, ...] = ()
    trust: Trust = EVERYBODY
    """The users whose files are read."""

    @classmethod
    def load(cls, directories: Sequence[Path], only: Container[str] | None = None, trust: Trust = EVERYBODY) -> Library:
        """Read every `.bt` in the directories, in their order; with `only`, just the file names in it. Untrusted and
        unreadable directories and files become failures. Never raises."""
        found: dict[str, ProbeFile | LibraryFailure] = {}
        failures: list[LibraryFailure] = []
        for directory in directories:
            paths = _scripts_in(directory, trust)
            if isinstance(paths, LibraryFailure):
                failures.append(paths)
                continue
            for path in paths:
                if path.name not in found and (only is None or path.name in only):
                    found[path.name] = load_file(path, trust)
        probes = (found[name] for name in sorted(found))
        faulty = (one for one in found.values() if isinstance(one, LibraryFailure))
        return cls(tuple(one for one in probes if isinstance(one, ProbeFile)), (*failures, *faulty), trust)

    def find(self, name_or_path: str) -> ProbeFile | LibraryFailure:
        """Find a probe file by its name, with or without `.bt`, or by its path."""
        if "/" in name_or_path:
            return load_file(Path(name_or_path), self.trust)
        wanted = Path(f"{name_or_path.removesuffix('.bt')}.bt")
        known = next((one for one in self._all() if one.path.name == wanted.name), None)
        if known is not None:
            return known
        path = next((path for path in (Path(name_or_path), wanted) if path.is_file()), None)
        return LibraryFailure(wanted, "no probe file of this name") if path is None else load_file(path, self.trust)

    def _all(self) -> Iterator[ProbeFile | LibraryFailure]:
        yield from self.probes
        yield from (failure for failure in self.failures if failure.path.suffix == ".bt")


def load_file(path: Path, trust: Trust = EVERYBODY) -> ProbeFile | LibraryFailure:
    """Read one probe file. Never raises."""
    try:
        source = trust.read(path)
    except Untrusted as doubt:
        return LibraryFailure(path, str(doubt), fix=doubt.fix)
    except OSError as error:
        return LibraryFailure(path, f"cannot be read: {error.strerror or error}")
    return probe_file(path, source, path.parent, trust)


def probe_file(
    path: Path, source: str | bytes, folder: Path | None = None, trust: Trust = EVERYBODY
) -> ProbeFile | LibraryFailure:
    """Make a probe file from its content; `path` is used only as its name. Files that it imports are read if `folder`
    is given, from which bpftrace looks for them."""
    script = read(source)
    if isinstance(script, Script) and folder is not None:
        script = with_imports(script, folder, trust)
    if isinstance(script, Unreadable) and not script.text:
        return LibraryFailure(path, script.reason, script.line)
    front = read_front_matter(script.text, script.first_probe if isinstance(script, Script) else None)
    if isinstance(front, FrontMatterFault):
        return LibraryFailure(path, front.reason, front.line)
    if front is not None and isinstance(script, Script):
        wrong = _disagreement(front, script)
        if wrong:
            return LibraryFailure(path, wrong, front.line)
    return ProbeFile(path.name, path, script.text, front, script)


def _scripts_in(directory: Path, trust: Trust) -> list[Path] | LibraryFailure:
    try:
        trust.check_folder(directory)
        paths = sorted(path for path in directory.iterdir() if path.suffix == ".bt")
    except Untrusted as doubt:
        return LibraryFailure(directory, str(doubt), fix=doubt.fix)
    except OSError as error:
        return LibraryFailure(directory, f"cannot be read: {error.strerror or error}")
    return paths or LibraryFailure(directory, "there is no .bt file in this directory")


def _disagreement(front: FrontMatter, script: Script) -> str:
    """How the front matter contradicts the script's maps; empty if it agrees."""
    uses = survey(script).maps
    for name, one in front.maps.items():
        if name not in uses:
            return f"front matter describes {name}, which the script does not have"
        arity = uses[name].arity
        if one.columns and len(one.columns) != arity:
            return f"front matter has {len(one.columns)} columns for {name}, whose key has {arity} parts"
        if one.since and not _stores_moments(uses[name]):
            return f"`since` needs a map that stores moments, as in `{name}[tid] = nsecs`; {name} is counted"
    return ""


def _stores_moments(use: MapUse) -> bool:
    return use.aggregation in ("value", "min", "max") and not use.only_counted
