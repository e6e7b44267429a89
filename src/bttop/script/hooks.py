"""What the hook of a probe costs for each event, beside the run time of its BPF program. Pure.

The kernel's `run_time_ns` begins when the BPF program begins. It leaves out the trap of a user probe or kprobe, the
trampoline of a return probe, what a tracepoint prepares, and the two clock reads of the statistics themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

_X86: Final = frozenset({"x86_64", "i686", "i386"})
_BY_FTRACE: Final = _X86 | {"ppc64le", "s390x"}
"""Where a kprobe at a function's entry is called by ftrace (CONFIG_KPROBES_ON_FTRACE); elsewhere it is a trap."""
_PREFIXES: Final = frozenset({0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF2, 0xF3, *range(0x40, 0x50)})


class UserProbe(NamedTuple):
    """What one hit of a user probe costs, in ns."""

    emulated: float
    """Entry of a function whose first instruction every kernel emulates."""
    nop: float
    """Entry at a nop of several bytes, which some kernels emulate."""
    stepped: float
    """Entry where the kernel has to single-step the first instruction: a second trap."""
    back: float
    """What a return probe adds to the entry."""
    joined: float
    """What each BPF program adds that is on a place beside another."""


class KernelProbe(NamedTuple):
    """What one hit of a kprobe costs, in ns."""

    entry: float
    back: float
    """What a return probe adds to the entry."""


USER: Final = UserProbe(600.0, 5000.0, 5000.0, 500.0, 150.0)
"""Assumed where it cannot be measured. Seen on Linux 6.18 in virtual machines, where the debug trap of a single step
leaves the guest: 500 to 840, 410 to 590, 4,560 to 12,600, 130 to 1,300 and 100 to 200 ns. Linux 6.1 single-steps the
nop as well. On bare metal a step is cheaper."""
BY_FTRACE: Final = KernelProbe(150.0, 130.0)
"""Assumed where it cannot be measured. In an emulated machine with Linux 6.1, where the entry of a user probe took
1,950 ns, these took 480 and 420, fentry 240, fexit 340 and a raw tracepoint 130 to 230: scaled to 600 ns for a user
probe."""
BY_TRAP: Final = KernelProbe(600.0, 130.0)
"""The same where a kprobe is a trap: there 1,100 to 2,200 ns, as much as a user probe."""

_KERNEL: Final = {
    "tracepoint": 100.0,
    "raw_tracepoint": 45.0,
    "perf_event": 500.0,
    "tracing": 90.0,
    "kprobe_multi": 100.0,
    "kretprobe_multi": 200.0,
}
"""The table of docs/never-the-second-incident.md, with its sources."""
_BY_KPROBE_PROGRAMS: Final = frozenset({"kprobe", "kretprobe", "uprobe", "uretprobe"})
"""The hooks of one type of BPF program, which alone does not tell them apart."""
NOT_YET: Final = "it has not been measured yet"
NEVER: Final = "it cannot be measured without all other programs of the host"
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


_USER_KINDS: Final = frozenset({"uprobe", "uretprobe"})
_FUNCTION_KINDS: Final = frozenset({"kprobe", "kretprobe"})
TIMED: Final = _USER_KINDS | {f"{kind}_multi" for kind in _USER_KINDS} | _FUNCTION_KINDS
"""Kinds whose price the timer can measure."""
LEAST_NS: Final = 1.0
MOST_NS: Final = 1e6
"""What the timer can have measured: all else is a fault of the clock or of the host."""


class Hits(NamedTuple):
    """How often a BPF program runs by one hook."""

    kind: str
    code: str
    """The first bytes of the probed user function, in hex."""
    place: str
    """Names the instruction that a user probe is on; empty where it is not known, and for other hooks."""
    rate: float


class HookPrices(NamedTuple):
    """The prices of one host."""

    machine: str
    """The architecture, as in `uname -m`."""
    user: UserProbe | None = None
    """As measured; None: assumed."""
    kernel: KernelProbe | None = None
    """The same."""
    reasons: Mapping[str, str] = MappingProxyType({})
    """Why `user` or `kernel` could not be measured."""

    def plus(self, answer: Mapping[str, Any]) -> HookPrices:
        """With what the timer has answered (hooktimer.py)."""
        found = {
            kind: float(ns) for kind, ns in answer.get("prices", {}).items() if LEAST_NS <= float(ns) <= MOST_NS
        }  # fmt: skip
        user, kernel = self.user, self.kernel
        if {"emulated", "nop", "stepped"} <= found.keys():
            rest = (found.get("back", USER.back), found.get("joined", USER.joined))
            user = UserProbe(found["emulated"], found["nop"], found["stepped"], *rest)
        if {"kprobe", "kretprobe"} <= found.keys():
            kernel = KernelProbe(found["kprobe"], max(0.0, found["kretprobe"] - found["kprobe"]))
        return self._replace(user=user, kernel=kernel, reasons={**self.reasons, **answer.get("reasons", {})})

    def unmeasured(self, kind: str) -> str:
        """Why the price of a hook is assumed; empty when it was measured on this host."""
        if kind.removesuffix("_multi") in _USER_KINDS:
            return "" if self.user is not None else self.reasons.get("user", NOT_YET)
        if kind in _FUNCTION_KINDS:
            return "" if self.kernel is not None else self.reasons.get("kernel", NOT_YET)
        return NEVER

    def price(self, kind: str, code: str = "") -> float:
        """ns of one event, by the kind of hook that the tracer tells and the first bytes of the probed function, in
        hex. Without these bytes the dearer entry is taken."""
        return self.entry(kind, code) + self.back(kind)

    def entry(self, kind: str, code: str = "") -> float:
        """The part of the price that all BPF programs on one place share."""
        kind = kind.removesuffix("_multi") if kind.startswith("u") else kind
        if kind in _USER_KINDS:
            return float(getattr(self.user or USER, how_run(self.machine, code)))
        if kind in _FUNCTION_KINDS:
            return self.function.entry
        return _KERNEL.get(kind, _KERNEL["tracepoint"])

    def back(self, kind: str) -> float:
        """The part that only return probes have."""
        if kind in ("uretprobe", "uretprobe_multi"):
            return (self.user or USER).back
        return self.function.back if kind == "kretprobe" else 0.0

    @property
    def function(self) -> KernelProbe:
        """Of a kprobe, measured or assumed."""
        return self.kernel or (BY_FTRACE if self.machine in _BY_FTRACE else BY_TRAP)

    def dearest(self, providers: Iterable[str]) -> str:
        """The kind that bounds the cost of a BPF program whose hook is not told: a kprobe's or a user probe's."""
        kinds = {_PROVIDERS.get(provider, provider) for provider in providers} & _BY_KPROBE_PROGRAMS
        return max(kinds, key=self.price, default="uprobe")

    def of_provider(self, provider: str, codes: Iterable[str] = ()) -> tuple[str, str]:
        """Kind and code of an attach point, of the dearest of the functions that it may be on."""
        kind = _PROVIDERS.get(provider, provider)
        return kind, max(codes, key=lambda code: self.price(kind, code), default="")

    def paid(self, own: Sequence[Hits], others: Iterable[Hits] = ()) -> float:
        """ns a second that hooks take, beside the run time of their BPF programs. The trap of a user probe is paid
        once for each hit, however many BPF programs are on its place: they share it by their rates, also with others.
        """
        every = [*own, *others]
        entries, backs = _shares(every), _shares(one for one in every if self.back(one.kind))
        return sum(
            one.rate * (self._shared_entry(one, entries) + self.back(one.kind) * backs.get(one.place, 1.0))
            for one in own
        )

    def _shared_entry(self, hits: Hits, shares: Mapping[str, float]) -> float:
        """Its part of the trap, and its part of what those take that are there beside the first."""
        share = shares.get(hits.place, 1.0)
        return self.entry(hits.kind, hits.code) * share + (self.user or USER).joined * (1 - share)


def _shares(hits: Iterable[Hits]) -> dict[str, float]:
    """What part of each hit a BPF program pays, by the place."""
    rates: dict[str, list[float]] = {}
    for one in hits:
        if one.place and one.rate > 0:
            rates.setdefault(one.place, []).append(one.rate)
    return {place: max(found) / sum(found) for place, found in rates.items()}


def how_run(machine: str, code: str) -> Literal["emulated", "nop", "stepped"]:
    """How the kernel runs the instruction that these bytes begin with, below a user probe (arch/x86/kernel/uprobes.c:
    jumps, calls, pushes and the nop of one byte are emulated). Stepped for other machines, and where nothing is known.
    """
    found = bytes.fromhex(code)
    rest = found.lstrip(bytes(_PREFIXES))
    if machine not in _X86 or not rest:
        return "stepped"
    if rest[:2] == b"\x0f\x1f":
        return "nop"
    is_jump = rest[0] == 0x0F and 0x80 <= (rest[1] if rest[1:] else 0) <= 0x8F
    is_short = 0x50 <= rest[0] <= 0x57 or 0x70 <= rest[0] <= 0x7F or rest[0] in (0x90, 0xE8, 0xE9, 0xEB)
    return "emulated" if is_jump or is_short else "stepped"
