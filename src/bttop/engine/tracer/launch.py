"""The argument list and the environment of a bpftrace process, by release."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from mmap import PAGESIZE
from typing import Final

from bttop.engine.host.host import Bpftrace
from bttop.engine.tracer.given_settings import Settings, renamed
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.rewrite.prepare import Prepared


def command(bpftrace: Bpftrace, prepared: Prepared, *, unsafe: bool = False, options: Sequence[str] = ()) -> list[str]:
    """The argument list: JSON records, no warnings from 0.23 on (a full map would make 70,000 records a second),
    `options` of the user, and the program. Up to 0.22 warnings are few, and name the skipped probes. Where an event is
    lost because two CPUs create the same new key at once, only warnings report it: they stay on there, unless the
    program deletes keys, as each delete of a missing key would warn as well, or it warns at each event of another PID
    namespace.

    The program is passed by `-e`: a file could be spoiled by a full disk, a race or another user.
    """
    loses = prepared.new_keys_collide and traits_of(bpftrace.release).new_keys_collide
    is_told = not traits_of(bpftrace.release).floods_warnings or (
        loses and prepared.warns and "delete(" not in prepared.text
    )
    quiet = [] if is_told else ["--no-warnings"]
    more = ["--unsafe"] if unsafe else []
    return [bpftrace.path, "-f", "json", *quiet, *more, *options, "-e", prepared.text, *parameters(prepared)]


def parameters(prepared: Prepared) -> list[str]:
    """The parameters at the end of the argument list. Behind `--` a value may begin with a dash, in every release, and
    named options are read (0.24 and newer)."""
    return ["--", *prepared.args] if prepared.args else []


def environment(
    release: Release,
    *,
    cpus: int,
    user_stacks: bool,
    one_process: bool,
    all_probes: bool,
    maps_at_exit: bool = False,
    prints_itself: bool = True,
    given: Settings = (),
    own_settings: Collection[str] = (),
) -> dict[str, str]:
    """The environment of one bpftrace.

    `user_stacks`: the script prints `ustack` or `usym`. `one_process`: a pin or its own predicates restrict it to one
    PID. `all_probes`: bpftrace must refuse it if an attach point is missing, with a message that names it.
    `maps_at_exit`: bpftrace must print every map at exit because no END block does (up to 0.23 it always prints them).
    `prints_itself`: the script has prints of its own.
    `given`: variables of the user's command line; bttop's own ones have priority, except the size of the ring buffer.
    `own_settings`: variables that the script's `config` block sets. They are left out,
    because bpftrace prefers the environment.
    """
    env = {
        "__BPFTRACE_NOTIFY_PROBES_ATTACHED": "1",
        # From 0.24 a missing attach point is an error by default; up to 0.23 a warning where others are left.
        "BPFTRACE_MISSING_PROBES": "error" if all_probes else "warn",
        "BPFTRACE_PRINT_MAPS_ON_EXIT": "1" if maps_at_exit else "0",
        "BPFTRACE_COLOR": "never",
        # Renamed in 0.20; 0.20 to 0.23 warn about the old name, 0.17 does not know the new one.
        ("BPFTRACE_MAX_MAP_KEYS" if traits_of(release).new_map_limit else "BPFTRACE_MAP_KEYS_MAX"): str(map_keys(cpus)),
    }
    if user_stacks:
        env |= user_symbols(release, one_process=one_process)
    if not prints_itself and traits_of(release).needs_ring_buffers and _RING not in dict(given):
        env[_RING] = str(_RING_BYTES // PAGESIZE)
    set_here = {name: value for name, value in env.items() if _SETTINGS.get(name) not in own_settings}
    return {**renamed(given, release), **set_here}


def small_heap(own: Mapping[str, str]) -> dict[str, str]:
    """Variables of the GNU C library that keep the heap of a bpftrace small: its compiler frees most of what it takes.
    Five processes need 70 to 90 % of the memory. `own`: bttop's environment, whose values have priority."""
    return {name: own.get(name, value) for name, value in _HEAP.items()}


_RING: Final = "BPFTRACE_PERF_RB_PAGES"
_RING_BYTES: Final = 4 << 20
"""The ring buffer of a script without own prints: only a few records of each interval go through it. By default it
takes 16 MiB or more from 0.24 on, which is a fifth of the memory of the process; up to 0.23, 256 KiB per CPU."""
_HEAP: Final = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TOP_PAD_": "0",
}
_SETTINGS: Final = {
    "BPFTRACE_MISSING_PROBES": "missing_probes",
    _RING: "perf_rb_pages",
    "BPFTRACE_PRINT_MAPS_ON_EXIT": "print_maps_on_exit",
    "BPFTRACE_MAX_MAP_KEYS": "max_map_keys",
    "BPFTRACE_CACHE_USER_SYMBOLS": "cache_user_symbols",
    "BPFTRACE_NO_USER_SYMBOLS": "cache_user_symbols",
}
"""The variable of a `config` block that each environment variable overrides."""

USUAL_KEYS = 4_096
"""bpftrace's default for the entries of one map, in every release."""


def map_keys(cpus: int) -> int:
    """Entries that one map may hold. Aggregations are per CPU, so kernel memory is entries times CPUs: more CPUs mean
    a lower limit, and one map stays below about 8 MiB."""
    if cpus <= 32:
        return 16_384
    return 8_192 if cpus <= 128 else 4_096


def user_symbols(release: Release, *, one_process: bool) -> dict[str, str]:
    """Settings that prevent bpftrace from closing its own descriptors when it prints user stacks.

    Up to 0.22 the per-frame symbol cache of libbcc below 0.33 closes a wrong descriptor; 0.23 and newer keep a cache
    per process. One executable in one process may use the per-executable cache; otherwise addresses stay hex.
    """
    if traits_of(release).symbols_by_process:
        return {"BPFTRACE_CACHE_USER_SYMBOLS": "PER_PID"}
    if one_process:
        return {"BPFTRACE_CACHE_USER_SYMBOLS": "PER_PROGRAM" if traits_of(release).symbols_by_program else "1"}
    return {"BPFTRACE_NO_USER_SYMBOLS": "1"}


def names_user_stacks(release: Release, *, one_process: bool) -> bool:
    """Whether user frames get names with the settings of `user_symbols`."""
    return "BPFTRACE_NO_USER_SYMBOLS" not in user_symbols(release, one_process=one_process)
