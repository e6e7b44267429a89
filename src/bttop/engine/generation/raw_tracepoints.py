"""Raw tracepoints instead of tracepoints: on which hosts a probe file with a fallback may try them.

The kernel skips a tracepoint in an interrupt while another BPF program runs on that CPU, but not a raw tracepoint. A
compiler cannot check what `arg0` of a raw tracepoint contains, so the known kernel versions are listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bttop.engine.host.host import Host
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.language.reader import AttachPoint

OLDEST: Final = (4, 17)
"""The first Linux version with raw tracepoints."""
ARGUMENTS_SINCE: Final[Mapping[str, tuple[int, int]]] = {"block_rq_issue": (5, 11), "sched_switch": (6, 0)}
"""The Linux version from which on the arguments are those that the stock probes read. In older versions the
first argument of `block_rq_issue` is the queue, and `sched_switch` lacks the state of the thread that leaves the CPU
(5.18 has it in another position)."""


def why_no_raw(point: AttachPoint, host: Host, release: Release) -> str:
    """Why the fallback of a raw tracepoint must run instead; empty if it can be tried, or for other attach points."""
    if point.provider != "rawtracepoint":
        return ""
    if not traits_of(release).raw_tracepoints:
        return f"bpftrace {release} does not support raw tracepoints reliably (0.19 to 0.23 do)"
    if host.version < ARGUMENTS_SINCE.get(point.rest, OLDEST):
        return f"raw tracepoint {point.rest} has other arguments in Linux {host.kernel}"
    if host.tracefs is not None and not any(host.tracefs.glob(f"events/*/{point.rest}")):
        return f"this kernel has no tracepoint {point.rest}"
    return ""
