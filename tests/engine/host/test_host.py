"""What the host lets bpftrace do, and what is said where it lets nothing be done."""

from __future__ import annotations

import mmap
import os
import shutil
from pathlib import Path

import pytest

from bttop.engine.host import host as host_module
from bttop.engine.host.host import UNLOCK, Bpftrace, Host, check_can_trace, find_bpftrace, install_command
from bttop.engine.tracer import launch
from bttop.errors import BpftraceSlow, CannotTrace
from bttop.model.record.release import Release
from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import prepare
from tests.standin import standin


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A kernel with one tracepoint and nothing else."""
    (tmp_path / "events" / "sched" / "sched_switch").mkdir(parents=True)
    return Host("host", "6.1", "x86_64", 2, tmp_path)


@pytest.mark.parametrize(
    ("provider", "rest", "says"),
    [
        ("tracepoint", "sched:sched_switch", ""),
        ("t", "sched:sched_switch", ""),
        ("tracepoint", "sched:nothing", "no tracepoint sched:nothing"),
        ("tracepoint", "sched:sched_*", ""),
        ("kprobe", "vfs_read", "no kprobes"),
        ("kr", "vfs_read", "no kprobes"),
        ("kfunc", "vfs_read", "no fentry"),
        ("profile", "hz:99", ""),
        ("uprobe", "/bin/bash:readline", ""),
        ("unheard_of", "x", ""),
    ],
)
def test_a_look_at_tracefs_tells_what_cannot_attach(host: Host, provider: str, rest: str, says: str) -> None:
    why = host.why_not(provider, rest)
    assert says in why
    assert bool(says) == bool(why)


def test_a_kernel_with_kprobes_lets_functions_be_tried(host: Host) -> None:
    assert isinstance(host.tracefs, Path)
    (host.tracefs / "kprobe_events").touch()
    assert not host.why_unavailable([("kprobe", "vfs_read"), ("fentry", "vfs_read")])


def test_without_tracefs_nothing_is_held_against_a_probe() -> None:
    assert not Host("host", "6.1", "x86_64", 2, None).why_not("kprobe", "x")


def test_the_running_host_is_read() -> None:
    found = Host.read()
    assert (found.kernel, found.machine) == (os.uname().release, os.uname().machine)
    assert found.cpus >= 1


def test_bpftrace_is_found_by_path_environment_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = standin(tmp_path, version="0.23.1-dirty")
    wanted = Bpftrace(str(binary), Release(0, 23, 1))
    assert find_bpftrace(str(binary)) == wanted
    monkeypatch.setenv("BTTOP_BPFTRACE", str(binary))
    assert find_bpftrace(None) == wanted
    monkeypatch.delenv("BTTOP_BPFTRACE")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_bpftrace(None) == wanted


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "is not an executable program"),
        ("#!/bin/sh\necho nothing to see\n", "printed 'nothing to see'"),
        ("#!/bin/sh\necho 'false (GNU coreutils) 9.1'\n", "is not bpftrace: its --version printed 'false (GNU"),
        ("#!/bin/sh\necho 'v0.23.0'\n", "is not bpftrace"),
        ("#!/no/such/shell\n", "does not run"),
    ],
)
def test_what_is_no_bpftrace_is_told_with_the_command_that_installs_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, says: str
) -> None:
    binary = tmp_path / "bpftrace"
    if content is not None:
        binary.write_text(content)
        binary.chmod(0o755)
    empty, usual = tmp_path / "empty", tmp_path / "sbin" / "bpftrace"
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setattr("bttop.engine.host.host._SBIN", str(empty))
    with pytest.raises(CannotTrace) as caught:
        find_bpftrace(str(binary))
    assert says in caught.value.cause
    assert caught.value.hint == install_command()
    usual.parent.mkdir()
    usual.write_text("#!/bin/sh\n")
    usual.chmod(0o755)
    monkeypatch.setattr("bttop.engine.host.host._SBIN", str(usual.parent))
    with pytest.raises(CannotTrace) as other:
        find_bpftrace(str(binary))
    assert other.value.cause == f"{caught.value.cause}; without --bpftrace and $BTTOP_BPFTRACE, bttop runs {usual}"
    assert other.value.hint == ""


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("apt-get", "apt-get install -y bpftrace"),
        ("dnf", "dnf install -y bpftrace"),
        ("zypper", "zypper install -y bpftrace"),
        ("pacman", "pacman -S --noconfirm bpftrace"),
        ("apk", "apk add bpftrace"),
    ],
)
def test_the_install_command_is_this_distributions_with_sudo_for_a_normal_user(
    monkeypatch: pytest.MonkeyPatch, tool: str, command: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if name == tool else None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert install_command() == command
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert install_command() == f"sudo {command}"


def test_an_unknown_distribution_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert install_command() == "install bpftrace with this system's package manager"


def test_a_missing_tracefs_is_told_with_its_mount_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(CannotTrace) as caught:
        check_can_trace(Host("host", "6.1", "x86_64", 2, None), tmp_path / "mounts")
    assert caught.value.hint == "mount -t tracefs tracefs /sys/kernel/tracing"


def test_a_tracefs_that_is_mounted_but_empty_is_told_to_be_locked_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for mounted, advice, hint in (
        ("tracefs /sys/kernel/tracing tracefs rw 0 0", UNLOCK, ""),
        (
            "tracefs /elsewhere/sys/kernel/tracing tracefs rw 0 0",
            "not mounted",
            "mount -t tracefs tracefs /sys/kernel/tracing",
        ),
    ):
        mounts.write_text(f"{mounted}\n")
        with pytest.raises(CannotTrace) as caught:
            check_can_trace(Host("host", "6.1", "x86_64", 2, None), mounts)
        assert (advice in caught.value.cause, caught.value.hint) == (True, hint)


@pytest.mark.parametrize("mounted", ["tracefs /sys/kernel/tracing tracefs rw 0 0", "none /sys/kernel/debug debugfs rw"])
def test_a_tracefs_that_a_normal_user_may_not_look_into_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounted: str
) -> None:
    mounts = tmp_path / "mounts"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    unreadable = Host("host", "6.1", "x86_64", 2, None)
    mounts.write_text(f"proc /proc proc rw 0 0\n{mounted}\n")
    check_can_trace(unreadable, mounts)
    mounts.write_text("proc /proc proc rw 0 0\n")
    with pytest.raises(CannotTrace) as caught:
        check_can_trace(unreadable, mounts)
    assert caught.value.hint.startswith("sudo mount ")


@pytest.mark.parametrize(
    ("release", "one_process", "said"),
    [
        (Release(0, 17), False, {"BPFTRACE_NO_USER_SYMBOLS": "1"}),
        (Release(0, 17), True, {"BPFTRACE_CACHE_USER_SYMBOLS": "1"}),
        (Release(0, 21), True, {"BPFTRACE_CACHE_USER_SYMBOLS": "PER_PROGRAM"}),
        (Release(0, 23), False, {"BPFTRACE_CACHE_USER_SYMBOLS": "PER_PID"}),
    ],
)
def test_user_frames_are_named_only_where_that_harms_nothing(
    release: Release, one_process: bool, said: dict[str, str]
) -> None:
    with_stacks, without = (
        launch.environment(release, cpus=2, user_stacks=stacks, one_process=one_process, all_probes=False)
        for stacks in (True, False)
    )
    assert {name: value for name, value in with_stacks.items() if name not in without} == said
    assert launch.names_user_stacks(release, one_process=one_process) == ("BPFTRACE_NO_USER_SYMBOLS" not in said)


@pytest.mark.parametrize(("release", "name"), [((0, 17), "BPFTRACE_MAP_KEYS_MAX"), ((0, 27), "BPFTRACE_MAX_MAP_KEYS")])
def test_the_limit_of_map_keys_goes_by_the_name_that_the_release_knows(release: tuple[int, int], name: str) -> None:
    environment = launch.environment(Release(*release), cpus=2, user_stacks=False, one_process=False, all_probes=False)
    assert {key: value for key, value in environment.items() if "KEYS" in key} == {name: str(launch.map_keys(2))}


@pytest.mark.parametrize("release", [(0, 20), (0, 23), (0, 27)])
@pytest.mark.parametrize(
    ("setting", "variables"),
    [
        ("max_map_keys = 50", {"BPFTRACE_MAX_MAP_KEYS"}),
        ('missing_probes = "ignore"', {"BPFTRACE_MISSING_PROBES"}),
        ("BPFTRACE_PRINT_MAPS_ON_EXIT = 0", {"BPFTRACE_PRINT_MAPS_ON_EXIT"}),
        ('cache_user_symbols = "NONE"', {"BPFTRACE_CACHE_USER_SYMBOLS", "BPFTRACE_NO_USER_SYMBOLS"}),
        ("max_strlen = 200", set()),
    ],
)
def test_what_the_script_sets_is_left_to_it(release: tuple[int, int], setting: str, variables: set[str]) -> None:
    prepared = prepare(read(f"config = {{ {setting} }} k:f {{ @[ustack] = count(); }}"))
    usual, left = (
        launch.environment(
            Release(*release), cpus=2, user_stacks=True, one_process=False, all_probes=True, own_settings=own
        )
        for own in ((), prepared.settings)
    )
    assert left == {name: value for name, value in usual.items() if name not in variables}


@pytest.mark.parametrize(
    ("release", "text", "given", "size"),
    [
        ((0, 27), "k:f { @ = count(); }", (), (4 << 20) // mmap.PAGESIZE),
        ((0, 27), "k:f { @ = count(); }", (("BPFTRACE_PERF_RB_PAGES", "8"),), 8),
        ((0, 27), "config = { perf_rb_pages = 8 } k:f { @ = count(); }", (), None),
        ((0, 27), 'k:f { printf("x"); }', (), None),
        ((0, 23), "k:f { @ = count(); }", (), None),
    ],
)
def test_the_ring_buffer_is_small_if_the_script_prints_nothing_itself(
    release: tuple[int, int], text: str, given: tuple[tuple[str, str], ...], size: int | None
) -> None:
    prepared = prepare(read(text))
    environment = launch.environment(
        Release(*release),
        cpus=2,
        user_stacks=False,
        one_process=False,
        all_probes=True,
        prints_itself=prepared.prints_itself,
        given=given,
        own_settings=prepared.settings,
    )
    assert environment.get("BPFTRACE_PERF_RB_PAGES") == (None if size is None else str(size))


def test_more_cpus_mean_fewer_keys() -> None:
    keys = [launch.map_keys(cpus) for cpus in (1, 32, 33, 128, 129, 1024)]
    assert keys == [16384, 16384, 8192, 8192, 4096, 4096]


@pytest.mark.parametrize(("all_probes", "word"), [(True, "error"), (False, "warn")])
def test_a_missing_attach_point_is_an_error_only_where_another_script_can_take_over(
    all_probes: bool, word: str
) -> None:
    environment = launch.environment(
        Release(0, 27), cpus=2, user_stacks=False, one_process=False, all_probes=all_probes
    )
    assert environment["BPFTRACE_MISSING_PROBES"] == word


@pytest.mark.parametrize(
    ("release", "text", "collide", "quiet"),
    [
        ((0, 22), "k:f { @[pid] = hist(arg0, 3); }", False, False),
        ((0, 23), "k:f { @[pid] = hist(arg0, 3); }", True, False),
        ((0, 23), "k:f { @[pid] = hist(arg0); }", True, True),
        ((0, 23), "k:f { @[pid] = hist(arg0, 3); delete(@s[tid]); }", True, True),
        ((0, 24), "k:f { @[pid] = hist(arg0, 3); }", False, True),
    ],
)
def test_warnings_are_kept_where_they_are_few_or_alone_tell_of_lost_events(
    release: tuple[int, int], text: str, collide: bool, quiet: bool
) -> None:
    prepared = prepare(read(text), new_keys_collide=collide)
    assert ("--no-warnings" in launch.command(Bpftrace("bpftrace", Release(*release)), prepared)) is quiet


def test_a_bpftrace_that_gives_no_answer_in_time_is_called_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bpftrace"
    path.write_text("#!/bin/sh\nexec sleep 60\n")
    path.chmod(0o755)
    monkeypatch.setattr(host_module, "VERSION_SECONDS", 0.1)
    with pytest.raises(BpftraceSlow, match="no answer within") as refusal:
        find_bpftrace(str(path))
    assert refusal.value.hint == f"time {path} --version"
