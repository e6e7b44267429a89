"""Raw tracepoints in the place of tracepoints: where a probe file that has a fallback may try them.

The kernel skips a tracepoint in an interrupt while another BPF program runs on that CPU, and not a raw one. But what
stands in their arguments is known to nobody who compiles `arg0`, so it must be known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bttop.engine.host import Host
from bttop.model.dialect import dialect
from bttop.model.release import Release
from bttop.script.reader import AttachPoint

OLDEST: Final = (4, 17)
"""Linux below has no raw tracepoints."""
ARGUMENTS_SINCE: Final[Mapping[str, tuple[int, int]]] = {"block_rq_issue": (5, 11), "sched_switch": (6, 0)}
"""Linux from which on the arguments are those that the stock probes read. Before, the queue came first, and the state
that a thread leaves in was missing (5.18 has it in another place)."""


def why_no_raw(point: AttachPoint, host: Host, release: Release) -> str:
    """Why a raw tracepoint should be left to a fallback, or an empty string; of all other attach points empty."""
    if point.provider != "rawtracepoint":
        return ""
    if not dialect(release).raw_tracepoints:
        return f"bpftrace {release} has no raw tracepoints that can be relied on (0.19 to 0.23 have)"
    if host.version < ARGUMENTS_SINCE.get(point.rest, OLDEST):
        return f"raw tracepoint {point.rest} has other arguments in Linux {host.kernel}"
    if host.tracefs is not None and not any(host.tracefs.glob(f"events/*/{point.rest}")):
        return f"this kernel has no tracepoint {point.rest}"
    return ""
