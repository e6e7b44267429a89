"""From names, paths and one-liners on the command line to the sources of programs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bttop.engine.attempts import Source
from bttop.errors import UsageError
from bttop.script.library import Library, LibraryFailure, ProbeFile, probe_file
from bttop.script.reader import read

LADDER = ("syscalls", "retransmits", "vfs_read", "sched_switch", "profile")
"""The five questions, in the order in which they stand on the screen."""


@dataclass(frozen=True, slots=True)
class Question:
    """One program to be: its name and the scripts that can answer it, the wanted one first."""

    name: str
    sources: tuple[Source, ...]
    failure: str = ""
    """Why it cannot be asked at all; such a question still gets its pane, which says so."""


def questions(
    library: Library, names: Sequence[str], programs: Sequence[str], folder: Path | None = None
) -> tuple[Question, ...]:
    """What to run: the named probe files, then the given programs; the ladder when there is neither.

    `folder` is the one that the user chose to look in first: when it has no probe files, a pane says so.
    Raises UsageError for a name that is no probe file. A faulty file of the ladder gets a pane that says why.
    """
    if names or programs:
        asked = [_from_file(library, name, lenient=False) for name in names]
        asked += [from_text(f"-e {index}", text) for index, text in enumerate(programs, start=1)]
    else:
        asked = [_from_file(library, name, lenient=True) for name in LADDER]
    asked += [Question("probes", (), str(fault)) for fault in library.failures if fault.path == folder]
    return tuple(_unique(asked))


def wanted_files(names: Sequence[str], programs: Sequence[str]) -> frozenset[str]:
    """The file names in the library that `questions` will look up; fallbacks are read by their paths."""
    asked = names if names or programs else LADDER
    return frozenset(f"{name.removesuffix('.bt')}.bt" for name in asked if "/" not in name)


def from_text(name: str, text: str) -> Question:
    """A program given as text."""
    found = probe_file(Path(name), text)
    if isinstance(found, LibraryFailure):
        return Question(name, (Source(name, text, read(text)),), found.reason)
    return Question(name, (Source(name, found.text, found.script, found.front),))


def _from_file(library: Library, name: str, *, lenient: bool) -> Question:
    if not lenient:
        _check_path(name)
    found = library.find(name)
    if isinstance(found, ProbeFile):
        return Question(found.path.stem, sources_of(library, found))
    if not lenient and found.mend:
        raise UsageError(found.reason, title=str(found.path), hint=found.mend)
    if not lenient and found.reason == "no probe file of this name":
        known = ", ".join(sorted(probe.path.stem for probe in library.probes))
        raise UsageError(f"there is no probe {name!r}; the library has: {known}", hint="bttop probes")
    return Question(Path(name).stem, (), str(found))


def _check_path(name: str) -> None:
    """Raise UsageError for what is written as a path and can be no probe file."""
    if "/" not in name:
        return
    if os.path.isdir(name):  # noqa: PTH112  pathlib raises where it may not look
        raise UsageError(f"{name} is a directory", hint=f"bttop --probes {name}")
    if not os.path.lexists(name):
        raise UsageError(f"there is no file {name}", hint="bttop probes")


def question_from_path(library: Library, path: Path | str) -> Question:
    """A probe file by its path, or by its name in the library; a faulty one is a question with its failure."""
    return _from_file(library, str(path.absolute()) if isinstance(path, Path) else path, lenient=True)


def sources_of(library: Library, first: ProbeFile) -> tuple[Source, ...]:
    """A probe file and its fallbacks; a fallback that names itself again ends the chain."""
    chain = [first]
    while (front := chain[-1].front) is not None and front.fallback:
        following = library.find(str(first.path.parent / front.fallback))
        if isinstance(following, LibraryFailure):
            following = library.find(front.fallback)
        if isinstance(following, LibraryFailure) or following.name in {one.name for one in chain}:
            break
        chain.append(following)
    return tuple(Source(one.name, one.text, one.script, one.front, one.path) for one in chain)


def _unique(asked: Sequence[Question]) -> list[Question]:
    """Two files of one name get numbers, so that every pane has a name of its own."""
    found: dict[str, Question] = {}
    for question in asked:
        numbered = (f"{question.name} ({count})" for count in itertools.count(2))
        name = next(name for name in itertools.chain((question.name,), numbered) if name not in found)
        found[name] = replace(question, name=name)
    return list(found.values())
