"""The hook timer: measures what the hooks of probes cost on this host, without the run time of their BPF programs.

A single file for Python 3.6 that uses only the standard library; run as `python3 -I -S hooktimer.py user` (or
`kernel`, or both) with the rights of bpftrace. Prints one JSON object: the cost of one event in ns by kind of hook,
and the reason for each part that could not be measured.
    {"prices": {"emulated": NS, "nop": NS, "stepped": NS, "back": NS, "joined": NS, "kprobe": NS, "kretprobe": NS},
     "reasons": {"user": TEXT, "kernel": TEXT}}

Other processes are hardly affected. The user probes are on machine code in a memory file that only this process has
mapped. The kernel probe is on a rare system call (getpgid). The BPF program on each probe does nothing. The kernel
removes everything when the process ends, after one second of CPU time at the latest.
"""

import ctypes
import fcntl
import json
import mmap
import os
import signal
import struct
import sys
import time

SYSTEM_CALLS = {"x86_64": (321, 298)}  # bpf, perf_event_open; machine code for these is below
BPF_PROG_LOAD, BPF_OBJ_GET_INFO_BY_FD, BPF_ENABLE_STATS = 5, 15, 32
BPF_PROG_TYPE_KPROBE = 2
RETURN_0 = struct.pack("=BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0)  # r0 = 0; exit
PROG_LOAD = struct.Struct("=IIQQIIQII64x")  # type, instruction count, their address, licence, log (3), version, flags
INFO_BYTES = 208  # of bpf_prog_info, up to the end of run_cnt
RUN_TIME = 192
PERF_ATTRIBUTE = struct.Struct("=IIQ40xQQ40x")  # type, size, config, config1, config2
PERF_FLAG_FD_CLOEXEC = 8
PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_SET_BPF = 0x2400, 0x40042408
SOURCES = "/sys/bus/event_source/devices/"

CALLER = "53554889fb4889f5ffd348ffcd75f95d5bc3"  # calls its first argument; the second is the number of calls
FUNCTIONS = {
    "emulated": "555dc3",  # push rbp; pop rbp; ret
    "nop": "0f1f440000c3",  # a nop of five bytes; ret
    "stepped": "f30f1efac3",  # endbr64; ret
    "system call": "b87900000031ff0f05c3",  # getpgid(0); ret
}
PROBED_CALLS = (b"__x64_sys_getpgid", b"sys_getpgid")  # from Linux 4.17, and before
SLOT = 64
CALLS = 100
ROUNDS = 21  # each of CALLS calls; the result is the median
LONGEST = 1  # seconds of CPU after which the kernel ends this process


class Timer:
    """Machine code in a memory file, and probes on it and on the kernel."""

    def __init__(self, machine: str) -> None:
        self.sys_bpf, self.sys_perf = SYSTEM_CALLS[machine]
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.places = {name: SLOT * (at + 1) for at, name in enumerate(FUNCTIONS)}
        self.file = self.make_file()
        self.address = self.map_file()
        self.caller = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_long)(self.address)

    def make_file(self) -> int:
        code = bytearray(mmap.PAGESIZE)
        for at, text in [(0, CALLER)] + [(self.places[name], text) for name, text in FUNCTIONS.items()]:
            code[at : at + len(text) // 2] = bytes.fromhex(text)
        file = self.checked(self.libc.memfd_create(b"bttop-hooktimer", 1))
        os.write(file, code)
        return file

    def map_file(self) -> int:
        self.libc.mmap.restype = ctypes.c_void_p
        numbers = [ctypes.c_int(mmap.PROT_READ | mmap.PROT_EXEC), ctypes.c_int(mmap.MAP_PRIVATE)]
        size = ctypes.c_size_t(mmap.PAGESIZE)
        address = self.libc.mmap(None, size, *numbers, ctypes.c_int(self.file), ctypes.c_long(0))
        if address == ctypes.c_void_p(-1).value:
            self.checked(-1)
        return int(address)

    def checked(self, result: int) -> int:
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    def bpf(self, command: int, attributes: bytes) -> int:
        buffer = ctypes.create_string_buffer(attributes, len(attributes))
        number = ctypes.c_long(self.sys_bpf)
        return self.checked(self.libc.syscall(number, command, buffer, ctypes.c_uint(len(attributes))))

    def load(self) -> int:
        """Load a BPF program that does nothing; return its descriptor."""
        code, licence = ctypes.create_string_buffer(RETURN_0), ctypes.create_string_buffer(b"GPL")
        addresses = (ctypes.addressof(code), ctypes.addressof(licence))
        version = kernel_version(os.uname().release)
        return self.bpf(BPF_PROG_LOAD, PROG_LOAD.pack(BPF_PROG_TYPE_KPROBE, 2, *addresses, 0, 0, 0, version, 0))

    def run_ns(self, program: int) -> float:
        """The mean run time of a BPF program in ns."""
        info = ctypes.create_string_buffer(INFO_BYTES)
        self.bpf(BPF_OBJ_GET_INFO_BY_FD, struct.pack("=IIQ", program, INFO_BYTES, ctypes.addressof(info)))
        total, runs = struct.unpack_from("=QQ", info.raw, RUN_TIME)
        if not runs:
            raise OSError(0, "the probe was not hit")
        return float(total) / int(runs)

    def attach(self, source: str, name: bytes, offset: int, program: int, back: bool) -> int:
        """Attach a BPF program to a probe that fires only for this process; return the perf event."""
        kind, bit = kind_of(source), return_bit(source)
        text = ctypes.create_string_buffer(name)
        size = PERF_ATTRIBUTE.size
        config = PERF_ATTRIBUTE.pack(kind, size, bit if back else 0, ctypes.addressof(text), offset)
        buffer = ctypes.create_string_buffer(config, size)
        everywhere = [ctypes.c_int(0), ctypes.c_int(-1), ctypes.c_int(-1)]  # this process, on each CPU, in no group
        flags = ctypes.c_ulong(PERF_FLAG_FD_CLOEXEC)
        event = self.checked(self.libc.syscall(ctypes.c_long(self.sys_perf), buffer, *everywhere, flags))
        fcntl.ioctl(event, PERF_EVENT_IOC_SET_BPF, program)
        fcntl.ioctl(event, PERF_EVENT_IOC_ENABLE, 0)
        return event

    def call_ns(self, function: str) -> float:
        """CPU time of one call in ns, the median of the rounds. Uses the clock of the thread: with RLIMIT_CPU the clock
        of the process advances by ticks."""
        address, taken = self.address + self.places[function], []
        for _ in range(ROUNDS):
            begun = time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)
            self.caller(address, CALLS)
            taken.append(time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID) - begun)
        return float(sorted(taken)[ROUNDS // 2] / CALLS * 1e9)

    def price(self, source: str, name: bytes, offset: int, function: str, back: bool = False) -> float:
        """The ns that a probe adds to a call of the function, without the run time of its BPF program."""
        bare = self.call_ns(function)
        program = self.load()
        event = self.attach(source, name, offset, program, back)
        try:
            taken = self.call_ns(function)
            return max(0.0, taken - bare - self.run_ns(program))
        finally:
            os.close(event)
            os.close(program)

    def user(self) -> "dict[str, float]":
        name, place = b"/proc/self/fd/%d" % self.file, self.places["emulated"]
        prices = {kind: self.price("uprobe", name, self.places[kind], kind) for kind in ("emulated", "nop", "stepped")}
        both = self.price("uprobe", name, place, "emulated", back=True)
        prices["back"] = max(0.0, both - prices["emulated"])
        program = self.load()
        event = self.attach("uprobe", name, place, program, False)
        prices["joined"] = self.price("uprobe", name, place, "emulated")  # the cost of a second program
        os.close(event)
        os.close(program)
        return prices

    def kernel(self) -> "dict[str, float]":
        kind_of("kprobe")
        for name in PROBED_CALLS:
            try:
                entry = self.price("kprobe", name, 0, "system call")
            except FileNotFoundError:  # the kernel uses the other name
                continue
            return {"kprobe": entry, "kretprobe": self.price("kprobe", name, 0, "system call", back=True)}
        raise OSError(0, "this kernel has no function for getpgid that can be probed")


def read(path: str) -> str:
    with open(SOURCES + path) as file:
        return file.read().strip()


def kind_of(source: str) -> int:
    """The number of a perf event source."""
    try:
        return int(read(source + "/type"))
    except FileNotFoundError:
        raise OSError(0, "this kernel has no perf event source for a " + source) from None


def return_bit(source: str) -> int:
    """The bit of `config` that selects a return probe; the file holds "config:0"."""
    return 1 << int(read(source + "/format/retprobe").partition(":")[2] or 0)


def kernel_version(release: str) -> int:
    """LINUX_VERSION_CODE, which programs of kprobes must pass before Linux 5.0."""
    numbers = [int(word) for word in release.partition("-")[0].split(".")[:3] if word.isdigit()] + [0, 0, 0]
    return numbers[0] << 16 | numbers[1] << 8 | min(numbers[2], 255)


def measure(kinds: "list[str]") -> "dict[str, dict[str, object]]":
    """The result, as described at the top."""
    prices, reasons = {}, {}  # type: dict[str, object], dict[str, object]
    machine = os.uname().machine
    if machine not in SYSTEM_CALLS or struct.calcsize("P") != 8:
        return {"prices": {}, "reasons": dict.fromkeys(kinds, "it has no machine code for " + machine)}
    for kind in kinds:
        try:
            timer = Timer(machine)
            timer.bpf(BPF_ENABLE_STATS, bytes(4))  # never closed: keeps the run statistics on until the end
            prices.update(timer.user() if kind == "user" else timer.kernel())
        except (OSError, ValueError, AttributeError) as problem:
            reasons[kind] = getattr(problem, "strerror", "") or str(problem)
    return {"prices": prices, "reasons": reasons}


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
    answer = json.dumps(measure([kind for kind in ("user", "kernel") if kind in sys.argv[1:]]))
    os.write(1, answer.encode() + b"\n")


if __name__ == "__main__":
    main()
