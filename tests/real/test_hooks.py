"""What does not exist is an error or a badge, never a zero: every kind of attach point with the real bpftrace.

tests/engine/test_attachment.py has the same table with what three releases have printed.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

LIBRARY = re.findall(r"/\S*/libc\.so\.\d+$|/\S*/libc-[\d.]+\.so$", Path("/proc/self/maps").read_text(), re.MULTILINE)[0]
THERE = "tracepoint:raw_syscalls:sys_enter"
SECONDS = 60.0
"""After which a start that says nothing counts as one."""

NONE = [
    "tracepoint:raw_syscalls:sys_entr",
    "tracepoint:raw_syscals:sys_enter",
    "tracepoint:raw_syscalls:nosuch*",
    "rawtracepoint:bttop_nosuch",
    "kprobe:bttop_nosuch",
    "kprobe:bttop_nosuch,kprobe:bttop_none",
    "kprobe:bttop_nosuch*",
    "kretprobe:bttop_nosuch",
    "kfunc:bttop_nosuch",
    "kretfunc:bttop_nosuch",
    f"uprobe:{LIBRARY}:bttop_nosuch",
    f"uprobe:{LIBRARY}:bttop_nosuch,uprobe:{LIBRARY}:bttop_none",
    f"uprobe:{LIBRARY}:bttop_nosuch*",
    f"uprobe:{LIBRARY}.nosuch:malloc",
    f"uretprobe:{LIBRARY}:bttop_nosuch",
    f"usdt:{LIBRARY}:libc:bttop_nosuch",
    f"usdt:{LIBRARY}:bttop_nosuch",
    f"usdt:{LIBRARY}:libc:bttop_nosuch*",
    f"usdt:{LIBRARY}.nosuch:libc:setjmp",
    "software:bttop-nosuch:100",
    "hardware:bttop-nosuch:100000",
    "profile:herz:99",
    "interval:sec:1",
    "watchpoint:0x10000000:8:q",
    "iter:bttop_nosuch",
    "self:signal:SIGNOSUCH",
    "bttop_nosuch:a:b",
]
SOME = [
    f"{THERE},tracepoint:raw_syscalls:sys_entr",
    f"{THERE},tracepoint:raw_syscalls:nosuch*",
    f"{THERE},kprobe:bttop_nosuch",
    f"{THERE},kprobe:bttop_nosuch*",
    f"{THERE},kretprobe:bttop_nosuch",
    f"{THERE},kfunc:bttop_nosuch",
    f"{THERE},uprobe:{LIBRARY}:bttop_nosuch",
    f"{THERE},uprobe:{LIBRARY}:bttop_nosuch*",
    f"{THERE},uretprobe:{LIBRARY}:bttop_nosuch",
    f"uprobe:{LIBRARY}:getaddrinfo,uprobe:{LIBRARY}:bttop_nosuch",
    f"uprobe:{LIBRARY}:getaddrinfo {{ @a = count(); }} uprobe:{LIBRARY}:bttop_nosuch",
    f"uprobe:{LIBRARY}:getaddrinf*,uprobe:{LIBRARY}:bttop_nosuch*",
    f"{THERE},uprobe:libc:bttop_nosuch*",
    f'{THERE},uprobe:"{LIBRARY}":bttop_nosuch*',
    f"{THERE},usdt:{LIBRARY}:libc:bttop_nosuch",
    f"{THERE},usdt:{LIBRARY}:libc:bttop_nosuch*",
    f"{THERE},usdt:{LIBRARY}:bttop_nosuch*",
]
ALL = [
    f"{THERE},uprobe:libc:getaddrinf*",
    f"{THERE},uprobe:{LIBRARY}:getaddrinf*",
    f'{THERE},uprobe:"{LIBRARY}":getaddrinf*',
]
"""Wildcards with a match. Whether a libc has USDT probes for a release differs, so there are none."""
"""Some releases refuse these; the others skip what is missing."""

HOT = [point for point in NONE if re.match(r"kprobe:|uprobe:\S+nosuch(\*|$)|usdt:\S+libc:|raw|iter", point)]
"""Some of those that are looked at before they run."""


class Said:
    """A `bttop stream` that was let run until it ended, or had said something."""

    def __init__(self, bpftrace: str, *arguments: str, enough: Callable[[str], object] = bool) -> None:
        command = [sys.executable, "-m", "bttop", "stream", "--bpftrace", bpftrace, "--budget", "100", *arguments]
        nothing = subprocess.DEVNULL
        self.text = ""
        with subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=subprocess.PIPE, text=True, process_group=0
        ) as process:
            assert process.stderr is not None
            late = threading.Timer(SECONDS, os.killpg, (process.pid, signal.SIGINT))
            late.start()
            for line in process.stderr:
                self.text += line
                if enough(self.text):
                    process.send_signal(signal.SIGINT)
                    break
            self.text += process.stderr.read()
            self.code = process.wait()
            late.cancel()


@pytest.mark.parametrize("point", NONE)
def test_where_nothing_exists_it_fails_with_the_reason(bpftrace: str, point: str) -> None:
    said = Said(bpftrace, "--force", "-e", f"{point} {{ @n = count(); }}", enough=lambda _: False)
    assert said.code == 1
    assert said.text.startswith("bttop: -e 1:")
    assert "--force" not in said.text


@pytest.mark.parametrize("point", HOT)
def test_a_trial_run_does_not_hide_the_reason(bpftrace: str, point: str) -> None:
    said = Said(bpftrace, "-e", f"{point} {{ @n = count(); }}", enough=lambda _: False)
    assert said.code == 1
    assert said.text.startswith("bttop: -e 1:")
    assert "--force" not in said.text


@pytest.mark.parametrize("point", SOME)
def test_where_some_exists_the_rest_is_named_or_refused(bpftrace: str, point: str) -> None:
    said = Said(bpftrace, "--force", "-e", f"{point} {{ @n = count(); }}", enough=lambda text: "not attached" in text)
    missing = re.split(r"[,} ]", point)[-1]
    if said.code == 0:
        assert f"bttop: -e 1: not attached: {missing}: " in said.text
    else:
        assert said.code == 1
        assert said.text.startswith("bttop: -e 1:")


@pytest.mark.parametrize("point", ALL)
def test_where_all_exists_nothing_is_said(bpftrace: str, point: str) -> None:
    said = Said(bpftrace, "--force", "-e", f"{point} {{ @n = count(); }}", "--for", "3s", enough=lambda _: False)
    assert "not attached" not in said.text
    assert said.code == 0, said.text


def test_a_counter_that_the_processor_has_not_is_no_zero(bpftrace: str) -> None:
    point = f"{THERE},hardware:cache-misses:100000"
    has_counters = any(Path("/sys/bus/event_source/devices").glob("cpu*"))
    said = Said(bpftrace, "--force", "-e", f"{point} {{ @n = count(); }}", "--for", "5s", enough=lambda _: False)
    assert has_counters or said.code == 1 or "not attached: hardware:cache-misses" in said.text
