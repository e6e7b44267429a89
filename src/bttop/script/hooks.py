"""What the hook of a probe costs for each event, beside the run time of its BPF program. Pure.

The kernel's `run_time_ns` begins when the BPF program begins. It leaves out the trap of a user probe or kprobe, the
trampoline of a return probe, what a tracepoint prepares, and the two clock reads of the statistics themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

_X86: Final = frozenset({"x86_64", "i686", "i386"})
_BY_FTRACE: Final = _X86 | {"ppc64le", "s390x"}
"""Where a kprobe at a function's entry is called by ftrace (CONFIG_KPROBES_ON_FTRACE); elsewhere it is a trap."""
_PREFIXES: Final = frozenset({0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF2, 0xF3, *range(0x40, 0x50)})


class UserProbe(NamedTuple):
    """What one hit of a user probe costs, in ns."""

    emulated: float
    """Entry of a function whose first instruction the kernel emulates."""
    stepped: float
    """Entry where the kernel has to single-step the first instruction: a second trap."""
    back: float
    """What a return probe adds to the entry."""


MEASURED: Final = UserProbe(600.0, 5000.0, 500.0)
"""bpftrace 0.17, 0.23 and 0.27 on Linux 6.18 in a virtual machine, where the debug trap of a single step leaves the
guest (500 to 840, 4,560 to 7,000 and 130 to 1,300 ns, quiet and beside other load). On bare metal it is less."""

_KERNEL: Final = {
    "tracepoint": 100.0,
    "raw_tracepoint": 45.0,
    "perf_event": 500.0,
    "tracing": 60.0,
    "kprobe_multi": 100.0,
    "kretprobe_multi": 200.0,
}
"""The table of docs/never-the-second-incident.md, with its sources."""
_BY_KPROBE_PROGRAMS: Final = frozenset({"kprobe", "kretprobe", "uprobe", "uretprobe"})
"""The hooks of one type of BPF program, which alone does not tell them apart."""
_KPROBE: Final = {True: 130.0, False: 600.0}
"""By ftrace, and by a trap."""
_RETURN: Final = 150.0
"""What a kretprobe adds to a kprobe."""

_PROVIDERS: Final = {
    "rawtracepoint": "raw_tracepoint",
    "fentry": "tracing",
    "fexit": "tracing",
    "kfunc": "tracing",
    "kretfunc": "tracing",
    "profile": "perf_event",
    "interval": "perf_event",
    "software": "perf_event",
    "hardware": "perf_event",
    "usdt": "uprobe",
}


class HookPrices(NamedTuple):
    """The prices of one host."""

    machine: str
    """The architecture, as in `uname -m`."""
    user: UserProbe = MEASURED

    def price(self, kind: str, code: str = "") -> float:
        """ns of one event, by the kind of hook that the tracer tells and the first bytes of the probed function, in
        hex. Without these bytes the dearer entry is taken."""
        kind = kind.removesuffix("_multi") if kind.startswith("u") else kind
        if kind in ("uprobe", "uretprobe"):
            entry = self.user.emulated if is_emulated(self.machine, code) else self.user.stepped
            return entry + (self.user.back if kind == "uretprobe" else 0.0)
        if kind in ("kprobe", "kretprobe"):
            return _KPROBE[self.machine in _BY_FTRACE] + (_RETURN if kind == "kretprobe" else 0.0)
        return _KERNEL.get(kind, _KERNEL["tracepoint"])

    def dearest(self, providers: Iterable[str]) -> str:
        """The kind that bounds the cost of a BPF program whose hook is not told: a kprobe's or a user probe's."""
        kinds = {_PROVIDERS.get(provider, provider) for provider in providers} & _BY_KPROBE_PROGRAMS
        return max(kinds, key=self.price, default="uprobe")

    def of_provider(self, provider: str, codes: Iterable[str] = ()) -> float:
        """ns of one event of an attach point, by the dearest of the functions that it may be on."""
        kind = _PROVIDERS.get(provider, provider)
        return max((self.price(kind, code) for code in codes), default=self.price(kind))


def is_emulated(machine: str, code: str) -> bool:
    """Whether the kernel emulates the instruction that these bytes begin with, rather than to single-step a copy of
    it (arch/x86/kernel/uprobes.c: jumps, calls, nops and pushes). False for other machines, and where nothing is known.
    """
    found = bytes.fromhex(code)
    rest = found.lstrip(bytes(_PREFIXES))
    if machine not in _X86 or not rest:
        return False
    if rest[0] == 0x0F:
        return rest[1:2] == b"\x1f" or 0x80 <= (rest[1] if rest[1:] else 0) <= 0x8F
    return 0x50 <= rest[0] <= 0x57 or 0x70 <= rest[0] <= 0x7F or rest[0] in (0x90, 0xE8, 0xE9, 0xEB)
