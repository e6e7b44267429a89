"""`bttop probes`: lists the library, with what can run here and why not."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Sequence

from bttop.engine.host.host import Host
from bttop.errors import bttop_command
from bttop.script.front_matter.parameter import Parameter
from bttop.script.language.reader import Script
from bttop.script.language.survey import survey
from bttop.script.library.parameters import parameters_of
from bttop.script.library.probe_files import Library, ProbeFile
from bttop.script.rewrite.parameters import lacking


def listing(library: Library, host: Host) -> Iterator[str]:
    """Two lines per probe file: name and title, then whether it can run here. The unusable files come last."""
    widest = max((len(probe.path.stem) for probe in library.probes), default=0)
    for probe in library.probes:
        yield f"{probe.path.stem:<{widest}}  {probe.title}"
        yield f"{'':<{widest}}  {_state(probe, host)}"
    for failure in library.failures:
        yield f"cannot be used: {failure}"


def details(probe: ProbeFile, host: Host, name: str) -> Iterator[str]:
    """Everything about one probe file: title, path, help, parameters, whether it can run here, and how to start it by
    the name or path `name`."""
    yield probe.path.stem if probe.title == probe.path.stem else f"{probe.path.stem}  {probe.title}"
    yield str(probe.path)
    if probe.front is not None and probe.front.help:
        yield from ("", *textwrap.wrap(probe.front.help, 100))
    parameters = parameters_of(probe.script, probe.front)
    if parameters:
        yield from ("", "parameters:", *(f"  ${number}  {one.about}" for number, one in enumerate(parameters, start=1)))
    given = _without_values(probe)
    if given:
        yield from ("", f"parameters without a description: {', '.join(given)}")
    yield from ("", f"here: {_state(probe, host)}", f"start: {_start(name, parameters, given)}")


def _without_values(probe: ProbeFile) -> list[str]:
    """The parameters that need a value and that neither front matter nor an attach point names."""
    if not isinstance(probe.script, Script) or parameters_of(probe.script, probe.front):
        return []
    return lacking(probe.script, survey(probe.script), (), ())


def _start(name: str, parameters: Sequence[Parameter], given: Sequence[str]) -> str:
    """The command that runs a probe file, with the names of its parameters in the place of values. Empty defaults at
    the end are left out."""
    words = [one.placeholder if one.default is None else one.default for one in parameters] or ["VALUE" for _ in given]
    while words and not words[-1]:
        words.pop()
    return bttop_command(shlex.join([name, *words]) if words else name)


def _state(probe: ProbeFile, host: Host) -> str:
    if host.tracefs is None:
        return "unknown here: tracefs is not mounted, or only root can read it"
    if not isinstance(probe.script, Script):
        return f"runs as it is: {probe.script.reason}"
    why = host.why_unavailable([(one.provider, one.rest) for one in probe.script.points])
    if not why:
        return "ok"
    fallback = f" (then {probe.front.fallback})" if probe.front and probe.front.fallback else ""
    return f"cannot run here: {why}{fallback}"
