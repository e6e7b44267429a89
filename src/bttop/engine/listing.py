"""`bttop probes`: the library, with what can run here and why not."""

from __future__ import annotations

from collections.abc import Iterator

from bttop.engine.host import Host
from bttop.script.library import Library, ProbeFile
from bttop.script.reader import Script


def listing(library: Library, host: Host) -> Iterator[str]:
    """Two lines per probe file: name and title, then whether it can run here; then the files that cannot be used."""
    widest = max((len(probe.path.stem) for probe in library.probes), default=0)
    for probe in library.probes:
        yield f"{probe.path.stem:<{widest}}  {probe.title}"
        yield f"{'':<{widest}}  {_state(probe, host)}"
    for failure in library.failures:
        yield f"cannot be used: {failure}"


def _state(probe: ProbeFile, host: Host) -> str:
    if host.tracefs is None:
        return "unknown here: tracefs is not mounted, or only root may read it"
    if not isinstance(probe.script, Script):
        return f"runs as it is: {probe.script.reason}"
    why = host.why_unavailable([(one.provider, one.rest) for one in probe.script.points])
    if not why:
        return "ok"
    fallback = f" (then {probe.front.fallback})" if probe.front and probe.front.fallback else ""
    return f"not here: {why}{fallback}"
