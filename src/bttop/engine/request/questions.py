"""Converts names, paths and one-liners from the command line to the sources of programs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bttop.engine.generation.candidates import Source
from bttop.errors import UsageError
from bttop.script.language.reader import read
from bttop.script.library.probe_files import Library, LibraryFailure, ProbeFile, probe_file

LADDER = ("syscalls", "retransmits", "vfs_read", "sched_switch", "profile")
"""The five default probe files, in the order on the screen."""


@dataclass(frozen=True, slots=True)
class ProgramRequest:
    """A request for one program: its name and its scripts, the preferred one first, then the fallbacks."""

    name: str
    sources: tuple[Source, ...]
    failure: str = ""
    """Why it cannot run; its pane shows this text. Empty if it can."""


def questions(
    library: Library, names: Sequence[str], programs: Sequence[str], folder: Path | None = None
) -> tuple[ProgramRequest, ...]:
    """What to run: the named probe files, then the given programs; the ladder if there are neither.

    `folder` is the first folder to search, if the user chose one: a pane reports if it cannot be used.
    Raises UsageError for a name that is not a probe file. A faulty file of the ladder gets a pane with the reason.
    """
    if names or programs:
        asked = [_from_file(library, name, lenient=False) for name in names]
        asked += [from_text(f"-e {index}", text) for index, text in enumerate(programs, start=1)]
    else:
        asked = [_from_file(library, name, lenient=True) for name in LADDER]
    asked += [ProgramRequest("probes", (), str(fault)) for fault in library.failures if fault.path == folder]
    return tuple(_unique(asked))


def wanted_files(names: Sequence[str], programs: Sequence[str]) -> frozenset[str]:
    """The file names that `questions` looks up in the library; fallbacks are read by their paths."""
    asked = names if names or programs else LADDER
    return frozenset(f"{name.removesuffix('.bt')}.bt" for name in asked if "/" not in name)


def from_text(name: str, text: str) -> ProgramRequest:
    """The request for a program given as text."""
    found = probe_file(Path(name), text)
    if isinstance(found, LibraryFailure):
        return ProgramRequest(name, (Source(name, text, read(text)),), found.reason)
    return ProgramRequest(name, (Source(name, found.text, found.script, found.front),))


def _from_file(library: Library, name: str, *, lenient: bool) -> ProgramRequest:
    if not lenient:
        _check_path(name)
    found = library.find(name)
    if isinstance(found, ProbeFile):
        return ProgramRequest(found.path.stem, sources_of(library, found))
    if not lenient and found.fix:
        raise UsageError(found.reason, title=str(found.path), hint=found.fix)
    if not lenient and found.reason == "no probe file of this name":
        known = ", ".join(sorted(probe.path.stem for probe in library.probes))
        raise UsageError(f"there is no probe {name!r}; the library has: {known}", hint="bttop probes")
    return ProgramRequest(Path(name).stem, (), str(found))


def _check_path(name: str) -> None:
    """Raise UsageError for a path that is a directory or does not exist."""
    if "/" not in name:
        return
    if os.path.isdir(name):  # noqa: PTH112  pathlib raises without search permission
        raise UsageError(f"{name} is a directory", hint=f"bttop --probes {name}")
    if not os.path.lexists(name):
        raise UsageError(f"there is no file {name}", hint="bttop probes")


def question_from_path(library: Library, path: Path | str) -> ProgramRequest:
    """The request for a probe file by its path, or by its name in the library; a faulty one has a `failure`."""
    return _from_file(library, str(path.absolute()) if isinstance(path, Path) else path, lenient=True)


def sources_of(library: Library, first: ProbeFile) -> tuple[Source, ...]:
    """A probe file and its fallbacks; the chain ends at a fallback that is missing, faulty or already in it."""
    chain = [first]
    while (front := chain[-1].front) is not None and front.fallback:
        following = library.find(str(first.path.parent / front.fallback))
        if isinstance(following, LibraryFailure):
            following = library.find(front.fallback)
        if isinstance(following, LibraryFailure) or following.name in {one.name for one in chain}:
            break
        chain.append(following)
    return tuple(Source(one.name, one.text, one.script, one.front, one.path) for one in chain)


def _unique(asked: Sequence[ProgramRequest]) -> list[ProgramRequest]:
    """Add numbers to equal names, so that every pane has a unique name."""
    found: dict[str, ProgramRequest] = {}
    for question in asked:
        numbered = (f"{question.name} ({count})" for count in itertools.count(2))
        name = next(name for name in itertools.chain((question.name,), numbered) if name not in found)
        found[name] = replace(question, name=name)
    return list(found.values())
