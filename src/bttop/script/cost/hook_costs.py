"""The cost of a probe's hook per event, in addition to the run time of its BPF program. Pure: no input or output.

The kernel's `run_time_ns` starts when the BPF program starts. It does not include the trap of a user probe or kprobe,
the trampoline of a return probe, the preparation of a tracepoint, and the two clock reads of the statistics themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

_X86: Final = frozenset({"x86_64", "i686", "i386"})
_BY_FTRACE: Final = _X86 | {"ppc64le", "s390x"}
"""Architectures on which ftrace calls a kprobe at a function's entry (CONFIG_KPROBES_ON_FTRACE). On others, the kprobe
is a trap."""
_PREFIXES: Final = frozenset({0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF2, 0xF3, *range(0x40, 0x50)})


class UserProbe(NamedTuple):
    """The cost of one hit of a user probe, in ns."""

    emulated: float
    """Entry of a function whose first instruction every kernel emulates."""
    nop: float
    """Entry at a nop of several bytes, which some kernels emulate."""
    stepped: float
    """Entry where the kernel must single-step the first instruction: a second trap."""
    back: float
    """Additional cost of a return probe."""
    joined: float
    """Additional cost of each further BPF program at the same place."""


class KernelProbe(Struct, frozen=True):
    """The cost of one hit of a kprobe, in ns."""

    entry: float
    back: float
    """Additional cost of a return probe."""


USER: Final = UserProbe(600.0, 5000.0, 5000.0, 500.0, 150.0)
"""Assumed if it cannot be measured. Measured on Linux 6.18 in virtual machines, where the debug trap of a single step
leaves the guest: 500 to 840, 410 to 590, 4,560 to 12,600, 130 to 1,300 and 100 to 200 ns. Linux 6.1 also single-steps
the nop. On bare metal a step is cheaper."""
BY_FTRACE: Final = KernelProbe(150.0, 130.0)
"""Assumed if it cannot be measured. In an emulated machine with Linux 6.1, these took 480 and 420 ns, fentry 240, fexit
340, a raw tracepoint 130 to 230, and the entry of a user probe 1,950. The values are scaled to 600 ns for a user
probe."""
BY_TRAP: Final = KernelProbe(600.0, 130.0)
"""The same if a kprobe is a trap: in the emulated machine 1,100 to 2,200 ns, as much as a user probe."""

_KERNEL: Final = {
    "tracepoint": 100.0,
    "raw_tracepoint": 45.0,
    "perf_event": 500.0,
    "tracing": 90.0,
    "kprobe_multi": 100.0,
    "kretprobe_multi": 200.0,
}
"""In ns, from the table in docs/never-the-second-incident.md, which has the sources."""
_BY_KPROBE_PROGRAMS: Final = frozenset({"kprobe", "kretprobe", "uprobe", "uretprobe"})
"""The hooks that share one type of BPF program, so that the type does not distinguish them."""
NOT_YET: Final = "it has not been measured yet"
NEVER: Final = "it cannot be measured without affecting all other programs on the host"
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
"""Kinds whose cost the hook timer can measure."""
LEAST_NS: Final = 1.0
MOST_NS: Final = 1e6
"""Limits of a plausible measurement: values outside are a fault of the clock or of the host."""


class Hits(Struct, frozen=True):
    """How often one hook runs a BPF program."""

    kind: str
    code: str
    """The first bytes of the probed user function, in hex."""
    place: str
    """Identifies the instruction of a user probe; empty if unknown, and for other hooks."""
    rate: float
    """Events per second."""


class HookPrices(Struct, frozen=True):
    """The hook costs on one host."""

    machine: str
    """The architecture, as in `uname -m`."""
    user: UserProbe | None = None
    """Measured costs; None means that `USER` is assumed."""
    kernel: KernelProbe | None = None
    """Measured costs; None means that `BY_FTRACE` or `BY_TRAP` is assumed."""
    reasons: Mapping[str, str] = MappingProxyType({})
    """Why `user` or `kernel` could not be measured, by these names."""

    def plus(self, answer: Mapping[str, Any]) -> HookPrices:
        """These costs, updated with the answer of the hook timer (hooktimer.py)."""
        found = {
            kind: float(ns) for kind, ns in answer.get("prices", {}).items() if LEAST_NS <= float(ns) <= MOST_NS
        }  # fmt: skip
        user, kernel = self.user, self.kernel
        if {"emulated", "nop", "stepped"} <= found.keys():
            rest = (found.get("back", USER.back), found.get("joined", USER.joined))
            user = UserProbe(found["emulated"], found["nop"], found["stepped"], *rest)
        if {"kprobe", "kretprobe"} <= found.keys():
            kernel = KernelProbe(found["kprobe"], max(0.0, found["kretprobe"] - found["kprobe"]))
        return replace(self, user=user, kernel=kernel, reasons={**self.reasons, **answer.get("reasons", {})})

    def unmeasured(self, kind: str) -> str:
        """Why the cost of a hook is assumed; empty if it was measured on this host."""
        if kind.removesuffix("_multi") in _USER_KINDS:
            return "" if self.user is not None else self.reasons.get("user", NOT_YET)
        if kind in _FUNCTION_KINDS:
            return "" if self.kernel is not None else self.reasons.get("kernel", NOT_YET)
        return NEVER

    def price(self, kind: str, code: str = "") -> float:
        """The cost of one event in ns, from the kind of hook that the tracer reports and the first bytes of the probed
        function, in hex. Without these bytes, the most expensive entry is assumed."""
        return self.entry(kind, code) + self.back(kind)

    def entry(self, kind: str, code: str = "") -> float:
        """The part of the cost that all BPF programs at one place share, in ns."""
        kind = kind.removesuffix("_multi") if kind.startswith("u") else kind
        if kind in _USER_KINDS:
            return float(getattr(self.user or USER, how_run(self.machine, code)))
        if kind in _FUNCTION_KINDS:
            return self.function.entry
        return _KERNEL.get(kind, _KERNEL["tracepoint"])

    def back(self, kind: str) -> float:
        """The part of the cost that only return probes have, in ns."""
        if kind in ("uretprobe", "uretprobe_multi"):
            return (self.user or USER).back
        return self.function.back if kind == "kretprobe" else 0.0

    @property
    def function(self) -> KernelProbe:
        """The cost of a kprobe, measured or assumed."""
        return self.kernel or (BY_FTRACE if self.machine in _BY_FTRACE else BY_TRAP)

    def dearest(self, providers: Iterable[str]) -> str:
        """The most expensive kind among the providers, as a bound for a BPF program whose hook is unknown: one of the
        kprobe or user probe kinds."""
        kinds = {_PROVIDERS.get(provider, provider) for provider in providers} & _BY_KPROBE_PROGRAMS
        return max(kinds, key=self.price, default="uprobe")

    def of_provider(self, provider: str, codes: Iterable[str] = ()) -> tuple[str, str]:
        """Kind and code of an attach point, for the most expensive of the functions that it may be attached to."""
        kind = _PROVIDERS.get(provider, provider)
        return kind, max(codes, key=lambda code: self.price(kind, code), default="")

    def paid(self, own: Sequence[Hits], others: Iterable[Hits] = ()) -> float:
        """The cost of the hooks `own` in ns per second, without the run time of their BPF programs. The trap of a user
        probe occurs once per hit for all BPF programs at its place: its cost is split by their rates, including
        `others`."""
        every = [*own, *others]
        entries, backs = _shares(every), _shares(one for one in every if self.back(one.kind))
        return sum(
            one.rate * (self._shared_entry(one, entries) + self.back(one.kind) * backs.get(one.place, 1.0))
            for one in own
        )

    def _shared_entry(self, hits: Hits, shares: Mapping[str, float]) -> float:
        """A hook's share of the trap, and of the cost of further BPF programs at the same place."""
        share = shares.get(hits.place, 1.0)
        return self.entry(hits.kind, hits.code) * share + (self.user or USER).joined * (1 - share)


def _shares(hits: Iterable[Hits]) -> dict[str, float]:
    """By place, the fraction of each hit's cost that one BPF program bears."""
    rates: dict[str, list[float]] = {}
    for one in hits:
        if one.place and one.rate > 0:
            rates.setdefault(one.place, []).append(one.rate)
    return {place: max(found) / sum(found) for place, found in rates.items()}


def how_run(machine: str, code: str) -> Literal["emulated", "nop", "stepped"]:
    """How the kernel executes the instruction at the start of `code` (hex) under a user probe. `stepped` for other
    machines and unknown instructions. arch/x86/kernel/uprobes.c emulates jumps, calls, pushes and the nop of one
    byte."""
    found = bytes.fromhex(code)
    rest = found.lstrip(bytes(_PREFIXES))
    if machine not in _X86 or not rest:
        return "stepped"
    if rest[:2] == b"\x0f\x1f":
        return "nop"
    is_jump = rest[0] == 0x0F and 0x80 <= (rest[1] if rest[1:] else 0) <= 0x8F
    is_short = 0x50 <= rest[0] <= 0x57 or 0x70 <= rest[0] <= 0x7F or rest[0] in (0x90, 0xE8, 0xE9, 0xEB)
    return "emulated" if is_jump or is_short else "stepped"
