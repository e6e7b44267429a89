from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.cost.budget import Budget
from bttop.engine.cost.trial_verdict import Measured, count_probes, judge_cost, judge_probes
from bttop.engine.host.host import Host
from bttop.script.language.reader import Script, read


def points(text: str) -> Script:
    found = read(f"{text} {{ @ = count(); }}")
    assert isinstance(found, Script)
    return found


@pytest.fixture
def host(tmp_path: Path) -> Host:
    for name in ("syscalls/sys_enter_read", "syscalls/sys_enter_write", "syscalls/sys_exit_read", "sched/sched_switch"):
        (tmp_path / "events" / name).mkdir(parents=True)
    (tmp_path / "events/syscalls/enable").write_text("0")
    (tmp_path / "available_filter_functions").write_text("vfs_read\nvfs_write\nkfree [mod]\n")
    return Host("h", "6.1", "x86_64", 4, tmp_path)


@pytest.mark.parametrize(
    ("attach", "count"),
    [
        ("t:syscalls:sys_enter_read, BEGIN", 2),
        ("t:syscalls:sys_enter_*", 2),
        ("t:sys*:*read, t:sched:sched_switch", 3),
        ("t:nothing:*", 0),
        ("kprobe:vfs_*", 2),
        ("fentry:kf*", 1),
        ("uprobe:/bin/bash:*", None),
    ],
)
def test_probes_are_counted_before_any_is_attached(host: Host, attach: str, count: int | None) -> None:
    assert count_probes(points(attach).points, host) == count


def test_without_tracefs_nobody_can_tell(host: Host) -> None:
    assert count_probes(points("t:a:*").points, Host("h", "6.1", "x86_64", 4, None)) is None


@pytest.mark.parametrize(
    ("busy_ns", "taken", "decision"),
    [(0.05e9, 0.06, "go"), (0.05e9, 0.08, "ask"), (0.001e9, 0.5, "ask"), (0, 0.5, "go")],
)
def test_only_what_running_programs_leave_of_the_budget_may_be_spent(
    busy_ns: float, taken: float, decision: str
) -> None:
    found = judge_cost(Measured(1.0, 1000, busy_ns), Budget(), 4, at_most=False, taken=taken)
    assert found.decision == decision
    if found.why:
        assert f"(the budget is 3 %, of which others take {taken * 25:.1f} %)" in found.why


def test_many_probes_are_asked_about_with_the_seconds_that_detaching_takes() -> None:
    assert judge_probes(20, Budget()).decision == "go"
    asked = judge_probes(361, Budget())
    assert asked.decision == "ask"
    assert asked.why == "has 361 probes, which take 18 s to detach (the budget is 1 s)"
    assert judge_probes(361, Budget(detach_seconds=20)).decision == "go"
    assert judge_probes(None, Budget()).decision == "ask"


@pytest.mark.parametrize(
    ("busy_ns", "decision"), [(0.11e9, "go"), (0.13e9, "ask"), (1.19e9, "ask"), (1.21e9, "refuse")]
)
def test_three_percent_of_all_cpus_go_and_ten_times_that_is_refused(busy_ns: float, decision: str) -> None:
    assert judge_cost(Measured(1.0, 1000, busy_ns), Budget(), 4, at_most=False).decision == decision


def test_the_numbers_are_shown() -> None:
    asked = judge_cost(Measured(0.5, 600_000, 0.16e9), Budget(), 4, at_most=False)
    assert asked.text == "would cost 8.0 % of all CPUs at 1.2 M/s (the budget is 3 %)"
    refused = judge_cost(Measured(0.5, 600_000, 2e9), Budget(), 4, at_most=True)
    assert refused.text == "would cost at most 100 % of all CPUs at 1.2 M/s (the budget is 3 %); only --force runs it"
