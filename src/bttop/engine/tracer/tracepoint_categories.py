"""The categories of tracepoints that are enough for bpftrace to start a script."""

from __future__ import annotations

from typing import Final

from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.patterns import pattern
from bttop.script.rewrite.prepare import Prepared

_SAME_ANYWHERE: Final = frozenset({
    "begin", "end", "tracepoint", "kprobe", "kretprobe", "fentry", "fexit", "profile", "interval", "software",
    "hardware",
})  # fmt: skip
"""The providers that need no other file of tracefs and no mount namespace of a process. Raw tracepoints are found in
the list of tracepoints, in any category."""
_TRACEPOINT: Final = pattern(r"\b(?:tracepoint|t):([^\s:,{]+):")
_NAME: Final = pattern(r"[A-Za-z0-9_-]+")
_READS_FILES: Final = pattern(r"\b(?:cat|system)\b")


def short_list(prepared: Prepared, release: Release) -> tuple[str, ...]:
    """The categories of all tracepoints in a script, if bpftrace can read a list of only these; else empty, also for a
    script that bttop cannot read.

    The short list needs a mount namespace. So a script does not get it if what it shows may depend on the namespace:
    user probes and user stacks, for which bpftrace enters the namespaces of processes, and files.
    """
    if not traits_of(release).lists_tracepoints or prepared.uses_user_stacks or _READS_FILES.search(prepared.text):
        return ()
    points = prepared.attach_points
    if not points or any(point.provider not in _SAME_ANYWHERE for point in points):
        return ()
    found = {point.rest.partition(":")[0] for point in points if point.provider == "tracepoint"}
    # bttop's own probes, which follow the children of a pin, may have further categories.
    found |= set(_TRACEPOINT.findall(prepared.text))
    return () if any(not _NAME.fullmatch(one) for one in found) else tuple(sorted(found))
