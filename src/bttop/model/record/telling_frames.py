"""The frames of a stack that say what happens: recursion in one word, without the kernel's scheduler and entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bttop.patterns import pattern

MOST_FRAMES: Final = 127
"""Frames that bpftrace keeps of a stack unless the script asks for fewer."""
_LONGEST_CYCLE: Final = 4
"""Frames of a recursion through several functions that is still found."""
_MODULE: Final = pattern(r"(?<=\S) \[[^\]]*\]$")

# Innermost frames of the kernel: the switch itself, and what BPF and its hooks add.
_SCHEDULER: Final = frozenset([
    "__schedule", "schedule", "schedule_idle", "schedule_timeout", "schedule_preempt_disabled",
    "schedule_hrtimeout_range", "schedule_hrtimeout_range_clock", "io_schedule", "io_schedule_timeout",
    "preempt_schedule", "preempt_schedule_common", "preempt_schedule_irq", "preempt_schedule_thunk",
    "__cond_resched", "finish_task_switch", "trace_call_bpf", "perf_trace_run_bpf_submit",
])  # fmt: skip
_HOOKS: Final = ("bpf_prog_", "bpf_trampoline_", "bpf_get_stack", "__bpf_get_stack", "bpf_trace_run", "__bpf_trace_",
                 "__traceiter_", "perf_trace_", "_einittext+")  # fmt: skip
"""`_einittext` ends the kernel's text: 0.23 names the BPF program of a raw tracepoint after it, with a large offset."""
# Outermost frames of the kernel: the entry of a system call or of a kernel thread, of x86 and arm64.
_ENTRY: Final = frozenset([
    "entry_SYSCALL_64_after_hwframe", "entry_SYSCALL_64", "do_syscall_64", "x64_sys_call",
    "entry_SYSENTER_compat_after_hwframe", "do_SYSENTER_32", "do_fast_syscall_32", "__do_fast_syscall_32",
    "ia32_sys_call", "do_int80_emulation", "asm_int80_emulation", "el0t_64_sync", "el0t_64_sync_handler",
    "el0_svc", "do_el0_svc", "el0_svc_common", "invoke_syscall", "ret_from_fork", "ret_from_fork_asm",
])  # fmt: skip
# Outermost frames of programs: where a thread begins, or main where the C library has no frame pointers.
_STARTS: Final = frozenset([
    "_start", "__libc_start_main", "__libc_start_main_impl", "__libc_start_call_main", "main", "start_thread",
    "thread_start", "clone", "clone3", "__clone", "__clone3", "_dl_start_user", "runtime.goexit",
    "runtime.goexit.abi0", "runtime.mstart", "runtime.mstart.abi0", "runtime.rt0_go", "runtime.rt0_go.abi0",
    "thread_native_entry",
])  # fmt: skip
UNKNOWN_FRAME: Final = "[unknown]"
"""The name of an address outside the code of its process: the chain of frame pointers was broken before it."""
ENDED_PROCESS: Final = "[process ended]"
"""The name of every frame of a process that ended before its memory map could be read."""
NAMELESS: Final = frozenset({UNKNOWN_FRAME, ENDED_PROCESS})
"""The names of frames that belong to no function and no file."""
_START_MODULES: Final = ("[libc.", "[libc-", "[libpthread", "[ld-", ENDED_PROCESS)


def without_module(name: str) -> str:
    """The name of a frame without its file: `read [libc.so.6]` is `read`. A frame that is only a file is unchanged."""
    return _MODULE.sub("", name)


def telling(kernel: Sequence[str]) -> Sequence[str]:
    """The frames of a kernel stack, innermost first, without the scheduler at its beginning and the entry at its
    end."""
    first, end = 0, len(kernel)
    while first < end and is_scheduler(kernel[first]):
        first += 1
    while end > first and _function(kernel[end - 1]) in _ENTRY:
        end -= 1
    return kernel[first:end]


def is_scheduler(name: str) -> bool:
    """Whether a kernel frame is part of the scheduler or of a hook."""
    return _function(name) in _SCHEDULER or name.startswith(_HOOKS)


def _function(name: str) -> str:
    """The function without what the compiler appends, such as `.isra.0`."""
    return without_module(name).partition(".")[0]


def with_repeats(frames: Sequence[str]) -> list[str]:
    """The frames with recursion in one word: `parse_json x12`, or `(parse_value < parse_object) x6`."""
    found: list[str] = []
    at = 0
    while at < len(frames):
        length, times = _cycle(frames, at)
        word = " < ".join(frames[at : at + length])
        found.append(word if times == 1 else f"{word} x{times}" if length == 1 else f"({word}) x{times}")
        at += length * times
    return found


def _cycle(frames: Sequence[str], at: int) -> tuple[int, int]:
    """The shortest cycle of frames that is repeated from here on, and how often it is there; (1, 1) if none is."""
    for length in range(1, _LONGEST_CYCLE + 1):
        cycle, times = frames[at : at + length], 1
        while len(cycle) == length and frames[at + length * times : at + length * (times + 1)] == cycle:
            times += 1
        if times > 1:
            return length, times
    return 1, 1


def ends_early(user: Sequence[str], depth: int = 0) -> bool:
    """Whether a user stack, innermost frame first, ends before the start of its thread: code without frame pointers
    breaks the chain. False if the script asked for no more frames (`depth`; 0: the most that bpftrace keeps), and if
    the outermost frame is an address, which does not tell."""
    if not user or len(user) >= (depth or MOST_FRAMES):
        return False
    outermost = user[-1]
    if outermost == UNKNOWN_FRAME:
        return True
    if outermost.startswith("["):
        return len(user) < 3 and not outermost.startswith(_START_MODULES)
    return not outermost.startswith("0x") and without_module(outermost) not in _STARTS
