"""Which scripts bpftrace can start with a short list of tracepoints."""

from __future__ import annotations

import pytest

from bttop.engine.tracer.tracepoint_categories import short_list
from bttop.model.record.release import Release
from bttop.script.language.reader import read
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import prepare, unedited

COUNT = "{ @ = count(); }"


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        (f"tracepoint:sched:sched_switch {COUNT}", "sched"),
        (f"t:sched:sched_switch, Tracepoint:tcp:* {COUNT}", "sched tcp"),
        (
            f"tracepoint:raw_syscalls:sys_enter {COUNT} profile:hz:99 {COUNT} kprobe:f {COUNT} BEGIN {{ }}",
            "raw_syscalls",
        ),
        (f"kprobe:f {COUNT}", ""),
        (f"tracepoint:s*:sys_enter {COUNT}", ""),
        (f"tracepoint:tcp:* {COUNT} tracepoint:*:sys_enter {COUNT}", ""),
        (f'tracepoint:"sched":sched_switch {COUNT}', ""),
        (f"tracepoint: {COUNT}", ""),
        (f"tracepoint:sched:sched_switch {COUNT} rawtracepoint:sys_enter {COUNT}", ""),
        (f"tracepoint:sched:sched_switch {COUNT} uprobe:/bin/sh:main {COUNT}", ""),
        (f"tracepoint:sched:sched_switch {COUNT} usdt:/bin/sh:x {COUNT}", ""),
        (f"tracepoint:sched:sched_switch {COUNT} *:sys_enter {COUNT}", ""),
        ("tracepoint:sched:sched_switch { @[ustack] = count(); }", ""),
        ('tracepoint:sched:sched_switch { @[usym(reg("ip"))] = count(); }', ""),
        ('tracepoint:sched:sched_switch { system("mount"); }', ""),
        ('tracepoint:sched:sched_switch { cat("/proc/self/mountinfo"); }', ""),
    ],
)
def test_a_script_needs_the_categories_that_it_names(text: str, categories: str) -> None:
    script = read(text)
    for prepared in (prepare(script), unedited(script)):
        assert short_list(prepared, Release(0, 17)) == tuple(categories.split())


def test_the_probes_that_follow_children_need_theirs() -> None:
    pinned = prepare(read(f"tracepoint:tcp:tcp_probe {COUNT}"), pin=Pin((1,), children=True))
    assert short_list(pinned, Release(0, 17)) == ("sched", "task", "tcp")


def test_a_script_that_cannot_be_read_needs_the_whole_list() -> None:
    assert short_list(unedited(read("tracepoint:a:b { /* }")), Release(0, 17)) == ()


@pytest.mark.parametrize(
    ("release", "reads"), [((0, 14), True), ((0, 23, 5), True), ((0, 24), False), ((0, 27), False)]
)
def test_only_a_release_that_reads_the_list_for_each_field_gets_a_short_one(
    release: tuple[int, ...], reads: bool
) -> None:
    prepared = prepare(read(f"tracepoint:sched:sched_switch {COUNT}"))
    assert bool(short_list(prepared, Release(*release))) is reads
