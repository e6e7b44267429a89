"""The argument list and the environment of a bpftrace process, by release."""

from __future__ import annotations

from bttop.engine.host.host import Bpftrace
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.rewrite.prepare import Prepared


def command(bpftrace: Bpftrace, prepared: Prepared, *, unsafe: bool = False) -> list[str]:
    """The argument list: JSON records, no warnings from 0.23 on (a full map would make 70,000 records a second), and
    the program. Up to 0.22 warnings are few, and name the skipped probes. Where an event is lost because two CPUs
    create the same new key at once, only warnings report it: they stay on there, unless the program deletes keys, as
    each delete of a missing key would warn as well.

    The program is passed by `-e`: a file could be spoiled by a full disk, a race or another user.
    """
    loses = prepared.new_keys_collide and traits_of(bpftrace.release).new_keys_collide
    is_told = not traits_of(bpftrace.release).floods_warnings or (loses and "delete(" not in prepared.text)
    quiet = [] if is_told else ["--no-warnings"]
    more = ["--unsafe"] if unsafe else []
    return [bpftrace.path, "-f", "json", *quiet, *more, "-e", prepared.text, *prepared.args]


def environment(
    release: Release,
    *,
    cpus: int,
    user_stacks: bool,
    one_process: bool,
    all_probes: bool,
    maps_at_exit: bool = False,
) -> dict[str, str]:
    """The environment of one bpftrace.

    `user_stacks`: the script prints `ustack` or `usym`. `one_process`: a pin or its own predicates restrict it to one
    PID. `all_probes`: bpftrace must refuse it if an attach point is missing, with a message that names it.
    `maps_at_exit`: bpftrace must print every map at exit because no END block does (up to 0.23 it always prints them).
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
    return env


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
