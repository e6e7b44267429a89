"""`bttop probes`: lists the library, with what can run here and why not."""

from __future__ import annotations

from collections.abc import Iterator

from bttop.engine.host.host import Host
from bttop.script.language.reader import Script
from bttop.script.library.probe_files import Library, ProbeFile


def listing(library: Library, host: Host) -> Iterator[str]:
    """Two lines per probe file: name and title, then whether it can run here. The unusable files come last."""
    widest = max((len(probe.path.stem) for probe in library.probes), default=0)
    for probe in library.probes:
        yield f"{probe.path.stem:<{widest}}  {probe.title}"
        yield f"{'':<{widest}}  {_state(probe, host)}"
    for failure in library.failures:
        yield f"cannot be used: {failure}"


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
