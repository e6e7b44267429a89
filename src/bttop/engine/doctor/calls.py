"""System calls that test the kernel: BPF maps, BPF run statistics, samples and kprobes.

Each opens one descriptor and closes it at once; nothing is attached or sampled. Layouts and numbers are from
linux/bpf.h, linux/perf_event.h and each architecture's unistd.h.
"""

from __future__ import annotations

import ctypes
import os
import struct

_NUMBERS = {
    "x86_64": (321, 298),
    "aarch64": (280, 241),
    "riscv64": (280, 241),
    "s390x": (351, 331),
    "ppc64le": (361, 319),
}
"""System call numbers of bpf and perf_event_open."""
_MAP_CREATE, _ENABLE_STATS = 0, 32
_ARRAY = 2
_SOFTWARE, _CPU_CLOCK = 1, 0
_DISABLED, _FREQUENCY = 1, 1 << 10
_CLOEXEC = 8
_ATTRIBUTE_BYTES = 72
"""PERF_ATTR_SIZE_VER1: the first one with config2."""
COLD_FUNCTION = b"kernel_halt"
"""A function of every kernel that runs at most once: a probe on it costs nothing."""


def known(machine: str) -> bool:
    """Whether the system call numbers of this architecture are known."""
    return machine in _NUMBERS


def create_map(machine: str) -> int:
    """Create a BPF array of one entry; return 0 or the errno."""
    return _bpf(machine, _MAP_CREATE, struct.pack("IIII", _ARRAY, 4, 4, 1))


def enable_statistics(machine: str) -> int:
    """Switch run statistics on, and off again by closing the descriptor; return 0 or the errno. Linux 5.8 or newer."""
    return _bpf(machine, _ENABLE_STATS, struct.pack("I", 0))


def sample(machine: str) -> int:
    """Open the event of `profile:hz:99`, a clock on one CPU, without sampling; return 0 or the errno."""
    return _perf(machine, _SOFTWARE, _CPU_CLOCK, 99, _DISABLED | _FREQUENCY, 0)


def make_kprobe(machine: str, source: int) -> int:
    """Create a kprobe; return 0 or the errno. `source` is the type of the perf event source, from
    /sys/bus/event_source/devices/kprobe/type."""
    name = ctypes.create_string_buffer(COLD_FUNCTION)
    return _perf(machine, source, 0, 0, _DISABLED, ctypes.addressof(name))


def _bpf(machine: str, command: int, attributes: bytes) -> int:
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    return _opens(_NUMBERS[machine][0], ctypes.c_long(command), buffer, ctypes.c_long(128))


def _perf(machine: str, kind: int, config: int, frequency: int, flags: int, name: int) -> int:
    attributes = struct.pack("IIQQQQQIIQQ", kind, _ATTRIBUTE_BYTES, config, frequency, 0, 0, flags, 0, 0, name, 0)
    buffer = ctypes.create_string_buffer(attributes, _ATTRIBUTE_BYTES)
    everyone, first_cpu, no_group = ctypes.c_long(-1), ctypes.c_long(0), ctypes.c_long(-1)
    return _opens(_NUMBERS[machine][1], buffer, everyone, first_cpu, no_group, ctypes.c_long(_CLOEXEC))


def _opens(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    descriptor: int = libc.syscall(ctypes.c_long(number), *arguments)
    if descriptor < 0:
        return ctypes.get_errno()
    os.close(descriptor)
    return 0
