"""How one bpftrace is started: its argument list and its environment, by release."""

from __future__ import annotations

from bttop.engine.host import Bpftrace
from bttop.model.dialect import dialect
from bttop.model.release import Release
from bttop.script.prepare import Prepared


def command(bpftrace: Bpftrace, prepared: Prepared, *, unsafe: bool = False) -> list[str]:
    """The argument list: JSON records, from 0.23 no warnings (a full map would make 70,000 records a second), the
    program itself. Up to 0.22 warnings are few, and name the probes that are skipped. Where two CPUs that make the same
    new key at once lose an event, only warnings tell; they are kept there, unless the program deletes keys: each delete
    of a key that is gone would warn as well.

    The program goes in by `-e`: nothing lies on disk that a full disk, a race or another user could spoil.
    """
    loses = prepared.new_keys_collide and dialect(bpftrace.release).new_keys_collide
    is_told = bpftrace.release < (0, 23) or (loses and "delete(" not in prepared.text)
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

    `user_stacks` says that the script prints `ustack` or `usym`; `one_process` that a pin, or its own predicates, hold
    it to one PID; `all_probes` that it is to be refused where an attach point is missing, by a message that names it;
    `maps_at_exit` that bpftrace must print every map when it ends (up to 0.23 it always does), since no END block does.
    """
    env = {
        "__BPFTRACE_NOTIFY_PROBES_ATTACHED": "1",
        # From 0.24 a missing attach point is an error by default; up to 0.23 a warning where others are left.
        "BPFTRACE_MISSING_PROBES": "error" if all_probes else "warn",
        "BPFTRACE_PRINT_MAPS_ON_EXIT": "1" if maps_at_exit else "0",
        "BPFTRACE_COLOR": "never",
        # 0.20 renamed it; 0.20 to 0.23 warn about the old name, 0.17 does not know the new one.
        ("BPFTRACE_MAX_MAP_KEYS" if release >= (0, 20) else "BPFTRACE_MAP_KEYS_MAX"): str(map_keys(cpus)),
    }
    if user_stacks:
        env |= user_symbols(release, one_process=one_process)
    return env


USUAL_KEYS = 4_096
"""Entries that one map may hold where bpftrace is not told, in every release."""


def map_keys(cpus: int) -> int:
    """Entries that one map may hold. Aggregations are per CPU, so the kernel memory is entries times CPUs:
    the limit falls as CPUs rise and one map stays below about 8 MiB."""
    if cpus <= 32:
        return 16_384
    return 8_192 if cpus <= 128 else 4_096


def user_symbols(release: Release, *, one_process: bool) -> dict[str, str]:
    """Settings under which printing user stacks cannot make bpftrace close its own descriptors.

    Up to 0.22 the per-frame symbol cache of libbcc below 0.33 closes a junk descriptor; 0.23 and newer keep a cache
    per process. One executable in one process may use the per-executable cache; otherwise addresses stay hex.
    """
    if release >= (0, 23):
        return {"BPFTRACE_CACHE_USER_SYMBOLS": "PER_PID"}
    if one_process:
        return {"BPFTRACE_CACHE_USER_SYMBOLS": "1" if release < (0, 20) else "PER_PROGRAM"}
    return {"BPFTRACE_NO_USER_SYMBOLS": "1"}


def names_user_stacks(release: Release, *, one_process: bool) -> bool:
    """Whether user frames get names under `user_symbols`."""
    return "BPFTRACE_NO_USER_SYMBOLS" not in user_symbols(release, one_process=one_process)
