"""Converts names, paths and one-liners from the command line, with their parameters, to the sources of programs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from bttop.engine.generation.source import Source
from bttop.errors import UsageError, bttop_command, corrected_command
from bttop.model.format.unique import unique_name
from bttop.script.front_matter.parameter import Parameter, ParameterFault
from bttop.script.language.reader import read
from bttop.script.library.ladder import LADDER
from bttop.script.library.parameters import fill, parameters_of, split_name
from bttop.script.library.probe_files import Library, LibraryFailure, ProbeFile, probe_file
from bttop.script.library.program_name import name_of
from bttop.script.process.pin import Pin

if TYPE_CHECKING:
    from bttop.engine.request.pasted import Pasted

LONGEST_PARAMETERS = 24
"""Maximum characters of parameters in the name of a pane."""


class ProgramRequest(Struct, frozen=True):
    """A request for one program: its name and its scripts, the preferred one first, then the fallbacks."""

    name: str
    sources: tuple[Source, ...]
    failure: str = ""
    """Why it cannot run; its pane shows this text. Empty if it can."""
    missing: tuple[Parameter, ...] = ()
    """The parameters without which it cannot run."""
    wrong_parameters: bool = False
    """Whether a given parameter cannot be used."""
    pin: Pin | None = None
    """The pin that its own command line asks for."""
    notes: tuple[str, ...] = ()
    """What was left out or changed in its command line."""


class Asked(Struct, frozen=True):
    """What the command line asks for."""

    names: Sequence[str] = ()
    """Names and paths of probe files, each alone or followed by its parameters."""
    programs: Sequence[str] = ()
    """Programs as text."""
    parameters: tuple[str, ...] = ()
    """The parameters of the only name or program."""
    can_ask: bool = False
    """Whether a script without a parameter that it needs gets a pane, which asks for it."""
    pinned: bool = False
    """Whether all programs are pinned to processes by their ids."""
    unsafe: bool = False
    """Whether bttop was started with `--unsafe`."""
    commands: Sequence[str] = ()
    """The commands that the first name may mean, if it is misspelt."""


def questions(library: Library, asked: Asked, folder: Path | None = None) -> tuple[ProgramRequest, ...]:
    """What to run: the named probe files, then the given programs; the ladder if there are neither.

    `folder` is the first folder to search, if the user chose one: a pane reports if it cannot be used.
    Raises UsageError for a name that is not a probe file, for parameters that are wrong or missing, and for a pasted
    line that cannot run. A faulty file of the ladder gets a pane with the reason.
    """
    if asked.names or asked.programs:
        found = [_named(library, name, asked, is_first=not at) for at, name in enumerate(asked.names)]
        for number, text in enumerate(asked.programs, start=1):
            found.append(_given(library, f"-e {number}", text, asked))
        for one in found:
            _check_parameters(one, can_ask=asked.can_ask)
    else:
        found = [_from_file(library, name, lenient=True) for name in LADDER]
    found += [ProgramRequest("probes", (), str(fault)) for fault in library.failures if fault.path == folder]
    return tuple(_unique(found))


def wanted_files(names: Sequence[str], programs: Sequence[str]) -> frozenset[str]:
    """The file names that `questions` looks up in the library; fallbacks are read by their paths."""
    asked = names if names or programs else LADDER
    both = (one for name in asked for one in (name, *name.split()[:1]))
    return frozenset(f"{name.removesuffix('.bt')}.bt" for name in both if "/" not in name)


def from_text(name: str, text: str, args: Sequence[str] = (), *, pinned: bool = False) -> ProgramRequest:
    """The request for a program given as text."""
    found = probe_file(Path(name), text, Path())
    if isinstance(found, LibraryFailure):
        return ProgramRequest(name, (Source(name, text, read(text)),), found.reason)
    return _request(name, found, (Source(name, found.text, found.script, found.front),), args, pinned=pinned)


def from_pasted(
    library: Library, found: Pasted, name: str = "", args: Sequence[str] = (), *, pinned: bool = False
) -> ProgramRequest:
    """The request for a pasted program or shell line. A program is called `name`, by default after its probes; a file
    has its own name. `args` are the parameters if the line has none."""
    values, has_pid = found.args or args, pinned or found.pin is not None
    if found.program:
        request = from_text(name or name_of(read(found.program)), found.program, values, pinned=has_pid)
    else:
        request = question_from_path(library, found.path, values, pinned=has_pid)
    sources = tuple(replace(one, options=found.options, environment=found.environment) for one in request.sources)
    return replace(request, sources=sources, pin=found.pin, notes=found.notes)


def _given(library: Library, name: str, text: str, asked: Asked) -> ProgramRequest:
    """The request for a program of the command line. Raises UsageError if it cannot run."""
    from bttop.engine.request.pasted import read_pasted
    from bttop.script.pasted.one_liner import OneLinerRefused

    found = read_pasted(text, unsafe=asked.unsafe)
    if isinstance(found, OneLinerRefused):
        raise UsageError(found.reason, title=name)
    if found.args and asked.parameters:
        raise UsageError("the line has parameters in it and behind --: leave one of them out", title=name)
    request = from_pasted(library, found, name, asked.parameters, pinned=asked.pinned)
    if request.failure and not request.sources:
        raise UsageError(request.failure, title=name)
    return request


def _named(library: Library, name: str, asked: Asked, *, is_first: bool) -> ProgramRequest:
    """The request for a name with its parameters. A file that has this very name goes first."""
    commands = asked.commands if is_first else ()
    has_blank = any(character.isspace() for character in name)
    if not has_blank or os.path.lexists(name) or isinstance(library.find(name), ProbeFile):
        return _from_file(library, name, asked.parameters, commands, lenient=False, pinned=asked.pinned)
    words = split_name(name)
    if isinstance(words, ParameterFault):
        raise UsageError(f"{words.reason}; write './x.bt 5 20'")
    if words[1:] and asked.parameters:
        raise UsageError(f"{words[0]} has parameters behind its name and behind --: leave one of them out")
    return _from_file(library, words[0], words[1:] or asked.parameters, commands, lenient=False, pinned=asked.pinned)


def _check_parameters(request: ProgramRequest, *, can_ask: bool) -> None:
    """Raise UsageError if parameters are wrong, or missing where nobody can be asked."""
    if request.wrong_parameters or (request.missing and not can_ask):
        first = request.sources[0]
        values = " ".join(one.placeholder for one in parameters_of(first.script, first.front))
        name = "" if first.path is None else shlex.quote(str(first.path))
        form = shlex.quote(f"{name} {values}") if name else f"-- {values}"
        hint = bttop_command("probes", first.path) if name else ""
        raise UsageError(f"{request.failure}; write {form}", title="parameters", hint=hint)


def _from_file(
    library: Library,
    name: str,
    args: Sequence[str] = (),
    commands: Sequence[str] = (),
    *,
    lenient: bool,
    pinned: bool = False,
) -> ProgramRequest:
    """The request for a probe file. A `lenient` one shows in its pane why it cannot run, others raise UsageError;
    `commands` are what a misspelt name may mean besides a probe."""
    if not lenient:
        _check_path(name)
    found = library.find(name)
    if isinstance(found, ProbeFile):
        return _request(found.path.stem, found, sources_of(library, found), args, pinned=pinned)
    if not lenient and found.fix:
        raise UsageError(found.reason, title=str(found.path), hint=found.fix)
    if not lenient and found.reason == "no probe file of this name":
        raise _no_such_probe(library, name, commands)
    return ProgramRequest(Path(name).stem, (), str(found))


def _no_such_probe(library: Library, name: str, commands: Sequence[str]) -> UsageError:
    """The error for a name that no probe has, with the nearest name that exists."""
    from bttop.model.format.near import nearest

    for kind, known in (("command ", commands), ("", [probe.path.stem for probe in library.probes])):
        if near := nearest(name, known):
            return UsageError(
                f"there is no probe {name!r}; did you mean {kind}{near}?", hint=corrected_command(name, near)
            )
    return UsageError(f"there is no probe {name!r}; this lists them:", hint=bttop_command("probes"))


def _request(
    name: str, first: ProbeFile, sources: Sequence[Source], args: Sequence[str], *, pinned: bool
) -> ProgramRequest:
    """The request for these sources with the given parameters."""
    values = fill(first.script, first.front, args, pinned=pinned)
    return ProgramRequest(
        f"{name} {_shortened(' '.join(args))}" if args else name,
        tuple(with_args(sources, args, pinned=pinned)),
        f"{first.name}: {values.why_not}" if values.why_not else "",
        values.missing,
        bool(values.fault),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_PARAMETERS else f"{text[: LONGEST_PARAMETERS - 1]}…"


def _check_path(name: str) -> None:
    """Raise UsageError for a path that is a directory or does not exist."""
    if "/" not in name:
        return
    if os.path.isdir(name):  # noqa: PTH112  pathlib raises without search permission
        raise UsageError(f"{name} is a directory", hint=bttop_command("--probes", name))
    if not os.path.lexists(name):
        raise UsageError(f"there is no file {name}", hint=bttop_command("probes"))


def question_from_path(
    library: Library, path: Path | str, args: Sequence[str] = (), *, pinned: bool = False
) -> ProgramRequest:
    """The request for a probe file by its path, or by its name in the library; a faulty one has a `failure`."""
    name = str(path.absolute()) if isinstance(path, Path) else path
    return _from_file(library, name, args, lenient=True, pinned=pinned)


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


def with_args(sources: Sequence[Source], args: Sequence[str], *, pinned: bool = False) -> tuple[Source, ...]:
    """The sources with the given parameters, each as it declares them."""
    return tuple(
        replace(one, given=tuple(args), args=fill(one.script, one.front, args, pinned=pinned).args) for one in sources
    )


def like(sources: tuple[Source, ...], first: Source) -> tuple[Source, ...]:
    """New sources with the options and variables of another one."""
    return tuple(replace(one, options=first.options, environment=first.environment) for one in sources)


def _unique(asked: Sequence[ProgramRequest]) -> list[ProgramRequest]:
    """Add numbers to equal names, so that every pane has a unique name."""
    found: dict[str, ProgramRequest] = {}
    for question in asked:
        name = unique_name(question.name, found)
        found[name] = replace(question, name=name)
    return list(found.values())
