"""`bttop probes`: the library, with what can run here and why not."""

from __future__ import annotations

from collections.abc import Iterator

from bttop.engine.host import Host
from bttop.script.library import Library, ProbeFile
from bttop.script.reader import Script


def listing(library: Library, host: Host) -> Iterator[str]:
    """One line per probe file: name, availability, title; then the files that cannot be used."""
    widest = max((len(probe.path.stem) for probe in library.probes), default=0)
    for probe in library.probes:
        why = _why_not(probe, host)
        state = f"not here: {why}" if why else "ok"
        fallback = f" (then {probe.front.fallback})" if why and probe.front and probe.front.fallback else ""
        yield f"{probe.path.stem:<{widest}}  {probe.title}"
        yield f"{'':<{widest}}  {state}{fallback}"
    for failure in library.failures:
        yield f"cannot be used: {failure}"


def _why_not(probe: ProbeFile, host: Host) -> str:
    if not isinstance(probe.script, Script):
        return ""
    return host.why_unavailable([(point.provider, point.rest) for point in probe.script.points])
