"""Differences between the releases of bpftrace: every trait with the releases that have it.

Measured on 0.17, 0.23 and 0.27; the limits in between are from the sources of bpftrace. docs/releases.md has the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from bttop.model.record.release import Release

OLDEST_KNOWN: Final = Release(0, 14)
NEWEST_KNOWN: Final = Release(0, 27)


class Trait(Struct, frozen=True):
    """The releases that have a trait: from `since` on, below `until`; None is open."""

    text: str
    """The difference, for docs/releases.md."""
    since: tuple[int, ...] | None = None
    until: tuple[int, ...] | None = None

    def has(self, release: Release) -> bool:
        """Whether a release has the trait."""
        return (self.since is None or self.since <= release) and (self.until is None or release < self.until)


class Traits(Struct, frozen=True):
    """The traits of one release."""

    keys_escaped_twice: bool
    blanks_deleted: bool
    large_as_text: bool
    hexadecimal_after_escape: bool
    folds_large: bool
    lost_is_total: bool
    doubled_entries: bool
    long_texts: bool
    loses_interrupts: bool
    attached_after: bool
    raw_tracepoints: bool
    lists_raw_tracepoints: bool
    calls_fentry: bool
    empty_is_zero: bool
    new_keys_collide: bool
    floods_warnings: bool
    missing_is_error: bool
    symbols_by_process: bool
    symbols_by_program: bool
    pids_of_namespace: bool
    swaps_ids: bool
    refuses_deep_stacks: bool
    new_map_limit: bool
    counts_in_place: bool
    needs_ring_buffers: bool
    test_mode: bool
    mode: bool
    asks_capabilities: bool
    lists_tracepoints: bool

    @property
    def longest_text(self) -> int:
        """Most bytes that str() keeps."""
        return 1024 if self.long_texts else 64


RANGES: Final[Mapping[str, Trait]] = {
    "keys_escaped_twice": Trait("key text is escaped once for the key and once more for JSON", (0, 22), (0, 24)),
    "blanks_deleted": Trait("all blanks are deleted from key text", (0, 24)),
    "large_as_text": Trait("integers above 2^53 are strings", (0, 24)),
    "hexadecimal_after_escape": Trait("a `\\u` escape makes the streamed numbers after it hexadecimal", (0, 24)),
    "folds_large": Trait("one bucket, printed as -2^31 to 0, holds every value of 2^31 and above", until=(0, 20)),
    "lost_is_total": Trait("`lost_events` is a running total (before: a difference)", (0, 19)),
    "doubled_entries": Trait("`avg()` and `stats()` use two map entries per key", until=(0, 22)),
    "long_texts": Trait("`str()` keeps 1024 bytes (before: 64)", (0, 22)),
    "loses_interrupts": Trait("a SIGINT can get lost (later: a second one ends bpftrace as it prints)", until=(0, 19)),
    "attached_after": Trait("`attached_probes` is printed when all probes are attached (before: too early)", (0, 24)),
    "raw_tracepoints": Trait("attaches to raw tracepoints, with their arguments as plain numbers", (0, 19), (0, 24)),
    "lists_raw_tracepoints": Trait("`bpftrace -l` finds every raw tracepoint", until=(0, 24)),
    "calls_fentry": Trait("`bpftrace -l` lists fentry under this name (before: as `kfunc`)", (0, 22)),
    "empty_is_zero": Trait("`min()`, `max()` and `avg()` without a key print 0 when nothing was counted", (0, 24)),
    "new_keys_collide": Trait("an event is lost when two CPUs create the same new key at once", (0, 23), (0, 24)),
    "floods_warnings": Trait("each failed update of a full map is a warning: 70,000 records a second", (0, 23)),
    "missing_is_error": Trait("a missing attach point is an error (before: a warning if others are left)", (0, 24)),
    "symbols_by_process": Trait("user symbols are cached by process (before: the cache closes a descriptor)", (0, 23)),
    "symbols_by_program": Trait("the cache of user symbols is set by `PER_PROGRAM` (before: by `1`)", (0, 20)),
    "pids_of_namespace": Trait("`pid` is the number in the container (before: on the host)", (0, 23)),
    "swaps_ids": Trait("in a container, `pid` and `tid` are exchanged", (0, 23), (0, 24, 2)),
    "refuses_deep_stacks": Trait("refuses stacks deeper than `perf_event_max_stack` (later: cuts them)", until=(0, 21)),
    "new_map_limit": Trait(
        "limits are named `BPFTRACE_MAX_…` (before: `BPFTRACE_MAP_KEYS_MAX`, `BPFTRACE_STRLEN`)", (0, 20)
    ),
    "counts_in_place": Trait("counters are updated in place (before: looked up, changed and written back)", (0, 20)),
    "needs_ring_buffers": Trait("needs BPF ring buffers (Linux 5.8)", (0, 24)),
    "test_mode": Trait("`--test-mode codegen` only compiles (before: `--test codegen`)", (0, 24), (0, 25)),
    "mode": Trait("`--mode codegen` only compiles", (0, 25)),
    "asks_capabilities": Trait("requires capabilities (before: user 0)", (0, 25)),
    "lists_tracepoints": Trait("reads the kernel's list of tracepoints for each `args->field`", until=(0, 24)),
}
"""The releases that have each trait of `Traits`."""

LANGUAGE: Final[Mapping[str, Trait]] = {
    "rawtracepoint": Trait("raw tracepoints", (0, 18)),
    "args.": Trait("`args.field` instead of `args->field`", (0, 19)),
    "config": Trait("`config` blocks", (0, 20)),
    "for": Trait("`for` over maps", (0, 21)),
    "let": Trait("variable declarations with `let`", (0, 22)),
    "self": Trait("`self:signal` probes", (0, 22)),
    "..": Trait("`for` over ranges", (0, 24)),
    "let @": Trait("map declarations with `let`", (0, 24)),
    "macro": Trait("macros", (0, 24)),
    "1s": Trait("durations such as `1s`", (0, 24)),
    "import": Trait("`import`", (0, 26)),
}
"""The constructs of the language that older releases refuse, by the words that they are known by. The functions and
builtins are in `script/language/words.py`."""


@lru_cache(maxsize=16)
def traits_of(release: Release) -> Traits:
    """The traits of a release."""
    return Traits(*[RANGES[name].has(release) for name in Traits.__struct_fields__])
