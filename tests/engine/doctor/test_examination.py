"""The doctor: what it finds on machines made of folders, how it says so, and what it says of the one it runs on."""

from __future__ import annotations

import errno
import json
import locale
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bttop.engine.doctor import bpftrace, calls, hooks, kernel, privilege, surroundings
from bttop.engine.doctor.examination import as_object, checks, examine, exit_code, meet, written
from bttop.engine.doctor.faults import FAULTS, faults_of
from bttop.engine.doctor.finding import DoctorContext, Finding, FindingState
from bttop.engine.doctor.panes import panes
from bttop.engine.host.host import UNLOCK, Bpftrace, Host
from bttop.engine.request.questions import wanted_files
from bttop.engine.tracer.privilege import Privilege
from bttop.model.record.release import Release
from bttop.paths import shipped
from bttop.script.cost.hook_costs import HookPrices
from bttop.script.library.ladder import LADDER
from bttop.script.library.probe_files import Library
from tests.engine.proctree import add_process
from tests.model.samples import RELEASES

LIBRARY = Library.load([shipped("probes")], wanted_files((), ()))
EVENTS = (
    "raw_syscalls/sys_enter", "sched/sched_switch", "sock/inet_sock_set_state", "sock/sock_send_length",
    "tcp/tcp_retransmit_skb", "tcp/tcp_send_reset", "tcp/tcp_receive_reset", "tcp/tcp_destroy_sock",
    "syscalls/sys_exit_read", "syscalls/sys_exit_pread64", "syscalls/sys_exit_readv", "syscalls/sys_exit_preadv",
    "syscalls/sys_exit_preadv2",
)  # fmt: skip
INFO_17 = "Build\n  bfd: no\n\nKernel helpers\n  probe_read: yes\n\nProbe types\n  kprobe: yes\n  kfunc: no\n"
INFO_23 = "Kernel helpers\n  probe_read: yes       dpath: no       \nProbe types\n  iter: no     fentry: yes      \n"


@pytest.fixture
def patient(tmp_path: Path) -> DoctorContext:
    """A machine with everything, as root sees it."""
    tracefs = tmp_path / "sys/kernel/tracing"
    for event in EVENTS:
        (tracefs / "events" / event).mkdir(parents=True)
    (tracefs / "kprobe_events").touch()
    (tracefs / "uprobe_events").touch()
    (tmp_path / "sys/kernel/btf").mkdir()
    (tmp_path / "sys/kernel/btf/vmlinux").write_bytes(b"x" * 2_000_000)
    (tmp_path / "sys/kernel/security").mkdir()
    (tmp_path / "sys/kernel/security/lockdown").write_text("[none] integrity confidentiality\n")
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    (tmp_path / "proc/self/ns/pid").symlink_to("pid:[4026531836]")
    (tmp_path / "proc/self/status").write_text("Name:\tx\nCapEff:\t000001ffffffffff\n")
    (tmp_path / "proc/kallsyms").write_text("0 T vfs_read\n0 T register_ftrace_direct\n")
    host = Host("host", "6.1.0-1-amd64", "x86_64", 2, tracefs)
    return DoctorContext(host, Bpftrace("/usr/bin/bpftrace", Release(0, 23, 2)), info=INFO_23, root=tmp_path)


def kernel_of(patient: DoctorContext, release: str) -> DoctorContext:
    return replace(patient, host=replace(patient.host, kernel=release))


def bpftrace_of(patient: DoctorContext, *release: int) -> DoctorContext:
    return replace(patient, bpftrace=Bpftrace("bpftrace", Release(*release)), info="")


def test_a_machine_with_everything_answers_all_five_questions(patient: DoctorContext) -> None:
    found = list(panes(patient, LIBRARY))
    assert [one.name for one in found] == [f"pane {name}" for name in LADDER]
    assert {one.state for one in found} == {FindingState.OK}
    assert {kernel.version(patient).state, kernel.btf(patient).state, kernel.lockdown(patient).state} == {
        FindingState.OK
    }


@pytest.mark.parametrize(
    ("release", "state"),
    [
        ("6.18.0", FindingState.OK),
        ("6.7.0-rc1", FindingState.OK),
        ("6.6.30", FindingState.LIMITED),
        ("5.15.0-91-generic", FindingState.LIMITED),
        ("mainline", FindingState.UNKNOWN),
    ],
)
def test_whether_the_kernel_counts_what_it_skips(patient: DoctorContext, release: str, state: FindingState) -> None:
    found = kernel.skipped(kernel_of(patient, release))
    assert found.state is state
    assert bool(found.effect) == (state is FindingState.LIMITED)


def test_a_kernel_without_kprobes_limits_reads_alone(patient: DoctorContext) -> None:
    assert isinstance(patient.host.tracefs, Path)
    (patient.host.tracefs / "kprobe_events").unlink()
    assert kernel.kprobes(patient).state is FindingState.LIMITED
    by_name = {one.name: one for one in panes(patient, LIBRARY)}
    assert by_name["pane vfs_read"].state is FindingState.LIMITED
    assert "vfs_read_syscalls" in by_name["pane vfs_read"].found
    assert by_name["pane retransmits"].state is FindingState.OK


def test_a_kernel_without_a_tracepoint_breaks_the_pane_that_needs_it(patient: DoctorContext) -> None:
    assert isinstance(patient.host.tracefs, Path)
    (patient.host.tracefs / "events/raw_syscalls/sys_enter").rmdir()
    found = list(panes(patient, LIBRARY))
    assert [one.name for one in found if one.state is FindingState.BROKEN] == ["pane syscalls"]
    assert exit_code(found) == 3


def test_without_tracefs_root_is_told_to_mount_it_and_others_to_come_as_root(patient: DoctorContext) -> None:
    (patient.root / "proc/self/mounts").write_text("none /sys/kernel/debug debugfs rw 0 0\n")
    bare = replace(patient, host=replace(patient.host, tracefs=None))
    assert (kernel.tracefs(bare).state, kernel.tracefs(bare).fix.split()[0]) == (FindingState.BROKEN, "mount")
    other = replace(bare, euid=1000)
    assert kernel.tracefs(other).state is FindingState.UNKNOWN
    assert {one.state for one in panes(other, LIBRARY)} == {FindingState.UNKNOWN}


def test_a_tracefs_that_is_mounted_nowhere_is_broken_for_a_normal_user_too(patient: DoctorContext) -> None:
    (patient.root / "proc/self/mounts").write_text("proc /proc proc rw 0 0\n")
    other = replace(patient, host=replace(patient.host, tracefs=None), euid=1000)
    assert (kernel.tracefs(other).state, kernel.tracefs(other).fix.split()[0]) == (FindingState.BROKEN, "sudo")


def test_what_every_pane_needs_and_is_broken_breaks_every_pane(patient: DoctorContext) -> None:
    missing = replace(patient, bpftrace=None, missing="bpftrace is not installed here")
    found = [one for one in examine(missing, LIBRARY) if one.name.startswith("pane ")]
    assert len(found) == len(LADDER)
    assert all((one.state, "bpftrace" in one.found) == (FindingState.BROKEN, True) for one in found)


def test_what_bpftrace_does_not_find_without_tracefs_is_not_held_against_the_kernel(patient: DoctorContext) -> None:
    bare = replace(patient, host=replace(patient.host, tracefs=None), info=INFO_17)
    assert kernel.fentry(bare).state is FindingState.UNKNOWN
    assert (bpftrace.features(bare).state, bpftrace.features(patient).state) == (FindingState.UNKNOWN, FindingState.OK)


@pytest.mark.parametrize("told", [True, False], ids=["securityfs", "no securityfs"])
def test_where_the_kernel_is_locked_down_that_is_why_nothing_runs(patient: DoctorContext, told: bool) -> None:
    lockdown = patient.root / "sys/kernel/security/lockdown"
    lockdown.write_text("none integrity [confidentiality]\n") if told else lockdown.unlink()
    (patient.root / "proc/self/mounts").write_text("tracefs /sys/kernel/tracing tracefs rw 0 0\n")
    locked = replace(patient, host=replace(patient.host, tracefs=None), info=INFO_17)
    found = kernel.tracefs(locked)
    assert (found.state, "locked down" in found.found, found.fix) == (FindingState.BROKEN, True, UNLOCK)
    assert kernel.fentry(locked).state is FindingState.LIMITED


def test_lockdown_is_looked_for_only_where_the_kernel_could_tell(patient: DoctorContext) -> None:
    security = patient.root / "sys/kernel/security"
    (security / "lockdown").unlink()
    assert kernel.lockdown(patient).fix.startswith("mount ")
    security.rmdir()
    assert (kernel.lockdown(patient).state, kernel.lockdown(patient).fix) == (FindingState.UNKNOWN, "")


@pytest.mark.parametrize(
    ("environment", "size", "state", "says"),
    [
        ({"TERM": "xterm-256color"}, (80, 24), FindingState.OK, "80x24, xterm-256color, 256 colours, no tmux, UTF-8"),
        ({"TERM": "tmux", "TMUX": "/tmp/tmux-0/default,1,0"}, (200, 50), FindingState.OK, "16 colours, in tmux"),
        (
            {"TERM": "xterm", "COLORTERM": "truecolor", "STY": "1.x"},
            (80, 24),
            FindingState.OK,
            "16 million colours, in s",
        ),
        ({"TERM": "xterm", "ZELLIJ": "0", "NO_COLOR": "1"}, (80, 24), FindingState.OK, "no colours, in zellij"),
        ({"TERM": "xterm"}, (79, 24), FindingState.LIMITED, "79x24"),
        ({"TERM": "vt220"}, (0, 0), FindingState.LIMITED, "0x0"),
        ({"TERM": "dumb"}, (80, 24), FindingState.LIMITED, "dumb"),
        ({}, (80, 24), FindingState.LIMITED, "TERM is not set"),
    ],
)
def test_the_terminal_is_told_by_size_colours_and_multiplexer(
    patient: DoctorContext,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    size: tuple[int, int],
    state: FindingState,
    says: str,
) -> None:
    screen = on_a_terminal(patient, monkeypatch, environment, size)
    found = surroundings.terminal(screen)
    assert (found.state, says in found.found, bool(found.fix)) == (state, True, state is FindingState.LIMITED)


def test_a_terminal_without_utf_8_is_limited(patient: DoctorContext, monkeypatch: pytest.MonkeyPatch) -> None:
    found = surroundings.terminal(on_a_terminal(patient, monkeypatch, {"TERM": "xterm"}, (80, 24), "ISO-8859-1"))
    assert (found.state, "no UTF-8" in found.found) == (FindingState.LIMITED, True)


def test_tmux_is_named_though_sudo_drops_its_variable(patient: DoctorContext, monkeypatch: pytest.MonkeyPatch) -> None:
    processes = patient.root / "proc"
    for pid, comm, parent in ((os.getpid(), b"bttop", 41), (41, b"sudo", 40), (40, b"tmux: server", 1)):
        add_process(processes, pid, comm=comm, parent=parent)
    found = surroundings.terminal(on_a_terminal(patient, monkeypatch, {"TERM": "xterm"}, (80, 24)))
    assert "in tmux" in found.found


def on_a_terminal(
    patient: DoctorContext,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    size: tuple[int, int],
    encoding: str = "UTF-8",
) -> DoctorContext:
    monkeypatch.setattr(locale, "getencoding", lambda: encoding)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1)
    monkeypatch.setattr(os, "get_terminal_size", lambda _descriptor: os.terminal_size(size))
    return replace(patient, environment=environment)


@pytest.mark.parametrize(
    ("release", "tool", "state"),
    [
        ("4.4.0", (0, 17), FindingState.BROKEN),
        ("5.4.0-1-generic", (0, 23), FindingState.OK),
        ("5.4.0", (0, 24), FindingState.BROKEN),
        ("5.8.0", (0, 24), FindingState.OK),
        ("strange", (0, 17), FindingState.UNKNOWN),
    ],
)
def test_the_kernel_is_judged_by_what_the_installed_release_needs(
    patient: DoctorContext, release: str, tool: tuple[int, int], state: FindingState
) -> None:
    assert kernel.version(kernel_of(bpftrace_of(patient, *tool), release)).state is state


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("none [integrity] confidentiality", FindingState.OK),
        ("none integrity [confidentiality]", FindingState.BROKEN),
        (None, FindingState.UNKNOWN),
    ],
)
def test_lockdown_is_read_or_said_to_be_unknown(patient: DoctorContext, text: str | None, state: FindingState) -> None:
    path = patient.root / "sys/kernel/security/lockdown"
    path.unlink() if text is None else path.write_text(text)
    assert kernel.lockdown(patient).state is state


def test_fentry_is_bpftraces_own_answer_or_what_its_newer_releases_need(patient: DoctorContext) -> None:
    assert kernel.fentry(patient).state is FindingState.OK
    assert kernel.fentry(replace(patient, info=INFO_17)).state is FindingState.LIMITED
    silent = replace(patient, info="")
    assert kernel.fentry(silent).state is FindingState.OK
    (patient.root / "proc/kallsyms").write_text("0 T vfs_read\n")
    assert kernel.fentry(silent).state is FindingState.LIMITED
    (patient.root / "sys/kernel/btf/vmlinux").unlink()
    assert kernel.btf(silent).state is FindingState.LIMITED
    assert "BTF" in kernel.fentry(silent).found


def test_what_bpftrace_says_of_the_kernel_is_read_in_one_column_and_in_two() -> None:
    assert bpftrace.info_answers(INFO_17) == {"probe_read": "yes", "kprobe": "yes", "kfunc": "no"}
    assert bpftrace.info_answers(INFO_23) == {"probe_read": "yes", "dpath": "no", "iter": "no", "fentry": "yes"}


@pytest.mark.parametrize(
    ("effective", "euid", "state"),
    [
        ("000001ffffffffff", 0, FindingState.OK),
        ("000000c000000000", 0, FindingState.OK),
        ("00000000a80425fb", 0, FindingState.BROKEN),
        ("0000000000000000", 1000, FindingState.UNKNOWN),
    ],
)
def test_capabilities_are_those_that_bpf_asks_for(
    patient: DoctorContext, effective: str, euid: int, state: FindingState
) -> None:
    (patient.root / "proc/self/status").write_text(f"CapEff:\t{effective}\n")
    assert privilege.capabilities(replace(patient, euid=euid)).state is state


@pytest.mark.parametrize(
    ("frames", "release", "state", "says"),
    [
        ("127", (0, 17), FindingState.OK, "as many frames as bpftrace asks for"),
        ("1024", (0, 23), FindingState.OK, "kstack(N) and ustack(N) for up to 1024"),
        ("64", (0, 17), FindingState.BROKEN, "refuses to start"),
        ("64", (0, 20), FindingState.BROKEN, "refuses to start"),
        ("64", (0, 21), FindingState.LIMITED, "stacks are cut after 64 frames"),
        ("64", (0, 27), FindingState.LIMITED, "stacks are cut after 64 frames"),
        (None, (0, 27), FindingState.UNKNOWN, "cannot be read"),
        ("odd", (0, 27), FindingState.UNKNOWN, "cannot be read"),
    ],
)
def test_the_depth_of_stacks_is_compared_with_what_bpftrace_asks_for(
    patient: DoctorContext, frames: str | None, release: tuple[int, int], state: FindingState, says: str
) -> None:
    (patient.root / "proc/sys/kernel").mkdir(parents=True)
    if frames is not None:
        (patient.root / "proc/sys/kernel/perf_event_max_stack").write_text(f"{frames}\n")
    found = kernel.stack_depth(bpftrace_of(patient, *release))
    assert found.state is state
    assert says in f"{found.found} {found.effect}"
    assert (found.fix == "sysctl kernel.perf_event_max_stack=127") == (frames == "64")


def test_root_learns_what_hooks_cost_also_without_a_bpftrace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(hooks, "ask_timer", HookPrices)
    found = meet("/nonexistent")
    assert found.bpftrace is None
    assert found.prices is not None


def test_a_pid_namespace_of_its_own_limits_what_can_be_pinned(patient: DoctorContext) -> None:
    assert privilege.container(patient).state is FindingState.OK
    link = patient.root / "proc/self/ns/pid"
    link.unlink()
    link.symlink_to("pid:[4026532999]")
    assert privilege.container(patient).state is FindingState.LIMITED


@pytest.mark.parametrize("check", [privilege.bpf, privilege.perf_event], ids=["bpf", "perf_event"])
def test_a_refusal_breaks_for_root_and_is_unknown_for_others(
    patient: DoctorContext, check: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(check)
    for call in ("create_map", "sample"):
        monkeypatch.setattr(calls, call, lambda _machine: errno.EPERM)
    assert check(patient).state is FindingState.BROKEN
    assert check(replace(patient, euid=1000)).state is FindingState.UNKNOWN


def test_a_release_is_known_old_new_or_missing(patient: DoctorContext) -> None:
    assert bpftrace.version(patient).state is FindingState.OK
    assert bpftrace.version(bpftrace_of(patient, 0, 13)).state is FindingState.LIMITED
    assert bpftrace.version(bpftrace_of(patient, 0, 28)).state is FindingState.LIMITED
    missing = replace(patient, bpftrace=None, missing="bpftrace is not installed here", install="apt-get install x")
    assert bpftrace.version(missing).state is FindingState.BROKEN
    assert bpftrace.version(missing).fix == "apt-get install x"


def test_user_frames_are_limited_below_the_release_that_keeps_its_descriptors(patient: DoctorContext) -> None:
    assert bpftrace.user_stacks(bpftrace_of(patient, 0, 22)).state is FindingState.LIMITED
    assert bpftrace.user_stacks(bpftrace_of(patient, 0, 23)).state is FindingState.OK


def test_every_fault_belongs_to_a_release_that_bttop_reads() -> None:
    assert {fault for release in RELEASES for fault in faults_of(release)} == set(FAULTS)


def test_snapshots_need_room_and_a_folder_that_may_be_written(
    patient: DoctorContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "not" / "yet"))
    assert str(tmp_path / "not" / "yet") in surroundings.disk(patient).found
    monkeypatch.setattr(surroundings, "LITTLE", 1 << 80)
    assert surroundings.disk(patient).state is FindingState.LIMITED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_a_folder_for_snapshots_that_another_user_may_write_is_no_place_for_them(
    patient: DoctorContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(theirs))
    monkeypatch.chdir(tmp_path)
    assert surroundings.disk(patient).state is FindingState.OK
    os.chown(theirs, 60123, 60123)
    found = surroundings.disk(patient)
    assert (found.state, found.fix) == (FindingState.LIMITED, f"chown root {theirs}")
    assert f"not trusted: {theirs} belongs to uid 60123" in found.found


MEASURED = {"emulated": 700, "nop": 400, "stepped": 1_900, "back": 90, "kprobe": 75, "kretprobe": 190}


@pytest.mark.parametrize(
    ("answer", "state", "says"),
    [
        (
            {"prices": MEASURED},
            FindingState.OK,
            "1,900 single-stepped, 90 more on return: measured; a kprobe 75 ns, 115 more",
        ),
        ({"reasons": {"user": "no", "kernel": "none"}}, FindingState.LIMITED, "assumed, since no; a kprobe 150 ns"),
        (
            {"prices": MEASURED | {"kprobe": -1}, "reasons": {"kernel": "none"}},
            FindingState.OK,
            "return: assumed, since none",
        ),
    ],
)
def test_hook_costs_are_measured_or_said_to_be_assumed(
    patient: DoctorContext, answer: dict[str, Any], state: FindingState, says: str
) -> None:
    found = hooks.prices(replace(patient, prices=HookPrices("x86_64").plus(answer)))
    assert (found.state, bool(found.effect)) == (state, state is FindingState.LIMITED)
    assert says in found.found


def test_only_root_can_tell_what_hooks_cost(patient: DoctorContext) -> None:
    assert hooks.prices(patient).state is FindingState.UNKNOWN


def test_the_table_fits_the_columns_that_there_are_and_shows_nothing_raw(patient: DoctorContext) -> None:
    rude = Finding("x", FindingState.LIMITED, "\x1b[2J" + "word " * 40, "effect " * 30, "fix " * 30)
    for columns in (80, 44):
        for line in written([rude, *examine(patient, LIBRARY)], patient, columns):
            # A command is on one line: a folded one cannot be pasted.
            assert len(line) <= columns or line.lstrip().startswith("fix: ")
            assert line.isprintable()


def test_this_machine_is_examined_without_a_loss_of_words() -> None:
    found = meet(None)
    findings = examine(found, LIBRARY)
    assert len({one.name for one in findings}) == len(findings)
    assert all(one.found for one in findings)
    assert all(one.effect for one in findings if one.state in (FindingState.LIMITED, FindingState.BROKEN))
    assert json.dumps(as_object(findings, found))


def run(*arguments: str, user: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    sources = str(Path(calls.__file__).parents[3])
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": sources, "XDG_STATE_HOME": "/nowhere", **environment}
    return subprocess.run(
        [sys.executable, "-m", "bttop", "doctor", *arguments],
        capture_output=True, text=True, env=env, user=user, timeout=120, check=False,
    )  # fmt: skip


def test_the_command_exits_as_its_table_says() -> None:
    answer = run("--json")
    said = json.loads(answer.stdout)
    assert answer.returncode == (3 if said["broken"] else 0)
    assert {one["name"] for one in said["checks"]} >= {"kernel", "BTF", "kprobes", "bpftrace", "pane profile"}


def test_a_machine_without_bpftrace_is_told_how_to_get_it() -> None:
    answer = run("--bpftrace", "/nowhere/bpftrace")
    assert answer.returncode == 3
    assert "/nowhere/bpftrace is not an executable program" in answer.stdout
    assert not answer.stderr


@pytest.mark.parametrize(
    ("way", "state", "says"),
    [
        (Privilege(tracer=("sudo", "-n")), FindingState.OK, "by sudo"),
        (Privilege(bpftrace=("sudo", "-n"), own_terminals=True), FindingState.LIMITED, "sudo for bpftrace alone"),
        (Privilege(own_terminals=True), FindingState.LIMITED, "capabilities of its file"),
        (Privilege(), FindingState.OK, "by capabilities"),
    ],
)
def test_a_way_by_which_the_fuse_sees_less_is_limited(
    patient: DoctorContext, monkeypatch: pytest.MonkeyPatch, way: Privilege, state: FindingState, says: str
) -> None:
    monkeypatch.setattr(privilege, "decide", lambda *_: way)
    found = privilege.privilege(replace(patient, euid=1000))
    assert (found.state, bool(found.effect)) == (state, state is FindingState.LIMITED)
    assert says in found.found


def test_a_bpftrace_that_does_not_answer_in_time_is_slow_and_not_broken(patient: DoctorContext) -> None:
    slow = replace(patient, bpftrace=None, missing="/x --version gave no answer", install="time /x", is_slow=True)
    found = bpftrace.version(slow)
    assert (found.state, found.found, found.fix) == (FindingState.UNKNOWN, "/x --version gave no answer", "time /x")
    assert exit_code([found]) == 0


def test_every_check_has_its_own_place_in_the_table() -> None:
    places = [check.place for check in checks()]
    assert len(places) > 15
    assert places == sorted(set(places))
