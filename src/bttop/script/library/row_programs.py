"""The programs that bttop writes for one row: a system call, an address, a function, a file or a thread.

Each is a whole probe file in the language that bpftrace 0.14 to 0.27 share. Like the library's, it is restricted by
`$1`; 0 or no `$1` means all processes. Times are stored as int64 and cast, because `nsecs` is signed in newer releases.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from bttop.patterns import pattern
from bttop.script.language.program_text import MapText, program, quoted

_PINNED: Final = "/$1 == 0 || pid == $1/"
_BY_PROCESS: Final = ("pid", "comm")
_PROCESS_KINDS: Final = ("int", "text")
# System calls whose tracepoints have another name: that of the kernel's function.
_RENAMED: Final = {
    "stat": "newstat",
    "lstat": "newlstat",
    "fstat": "newfstat",
    "newfstatat": "newfstatat",
    "uname": "newuname",
    "sendfile": "sendfile64",
    "umount2": "umount",
    "_sysctl": "sysctl",
}
_FUNCTION: Final = pattern(r"[A-Za-z_][A-Za-z0-9_.$]*")
_OFFSET: Final = pattern(r"\+(?:0x[0-9a-fA-F]+|[0-9]+)\Z")
_PLAIN_PATH: Final = pattern(r"/[A-Za-z0-9_./+@-]+")
_LONGEST_COMPARED: Final = 60
"""Maximum length in bytes of a path that a predicate compares; bpftrace up to 0.22 keeps 64 bytes of a string."""

NO_RETURN: Final = frozenset({"exit", "exit_group", "rt_sigreturn"})
"""System calls that do not return to the caller."""


def syscall_event(name: str) -> str:
    """The part of a system call's tracepoint name after `sys_enter_`; '' if `name` cannot be a system call."""
    return _RENAMED.get(name, name) if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else ""


def syscall_latency(name: str) -> str:
    event = syscall_event(name)
    return _latency(
        f"tracepoint:syscalls:sys_enter_{event}",
        f"tracepoint:syscalls:sys_exit_{event}",
        f"{name}: latency",
        f"Time from entry to return of {name}. A call counts when it returns; intended waiting is included.",
    )


def syscall_callers(name: str) -> str:
    return program(
        f"{name}: who calls it",
        f"Calls of {name} by process, and the user stacks that make them. Stacks need frame pointers.",
        [
            MapText("@calls", _BY_PROCESS, _PROCESS_KINDS, pid="pid", view="table"),
            MapText("@stacks", (*_BY_PROCESS, "ustack"), (*_PROCESS_KINDS, "stack"), pid="pid", view="stacks"),
        ],
        f"tracepoint:syscalls:sys_enter_{syscall_event(name)}\n{_PINNED}\n{{\n"
        "  @calls[pid, comm] = count();\n  @stacks[pid, comm, ustack] = count();\n}",
    )


def syscall_stacks(name: str) -> str:
    return program(
        f"{name}: from which code",
        f"User stacks that call {name}, the most frequent first. Stacks need frame pointers.",
        [MapText("@stacks", (*_BY_PROCESS, "ustack"), (*_PROCESS_KINDS, "stack"), pid="pid", view="stacks")],
        f"tracepoint:syscalls:sys_enter_{syscall_event(name)}\n{_PINNED}\n{{\n"
        "  @stacks[pid, comm, ustack] = count();\n}",
    )


def syscall_results(name: str) -> str:
    return program(
        f"{name}: what it returns",
        f"Results of {name}, by process: errno 0 is success. The values that successful calls return are a histogram.",
        [
            MapText("@results", (*_BY_PROCESS, "errno"), (*_PROCESS_KINDS, "int"), pid="pid", view="table"),
            MapText("@returned", view="histogram"),
        ],
        f"tracepoint:syscalls:sys_exit_{syscall_event(name)}\n{_PINNED}\n{{\n"
        "  $ret = (int64)args->ret;\n  $errno = (int64)0;\n"
        "  if ($ret < 0) {\n    $errno = -$ret;\n  } else {\n    @returned = hist($ret);\n  }\n"
        "  @results[pid, comm, $errno] = count();\n}",
    )


def syscall_arguments(name: str, number: int) -> str:
    """A program that shows the six raw arguments, for a call whose argument names are unknown."""
    histograms = "\n".join(f"  @arg{index} = hist(args->args[{index}]);" for index in range(6))
    return program(
        f"{name}: arguments",
        f"The six raw arguments of {name} as distributions. Pointers are large numbers; arguments that the call does "
        "not have show random register contents.",
        [MapText(f"@arg{index}", view="histogram") for index in range(6)],
        f"tracepoint:raw_syscalls:sys_enter\n/args->id == {number} && ($1 == 0 || pid == $1)/\n{{\n{histograms}\n}}",
    )


def disk_bytes() -> str:
    kinds = ("R", "read"), ("W", "write"), ("F", "flush"), ("D", "discard")
    tests = [f'strncmp(args->rwbs, "{letter}", 1) == 0) {{\n    $op = "{name}";' for letter, name in kinds]
    choice = "\n  } else if (".join(tests)
    return program(
        "Disk I/O by process",
        "What processes read from and write to block devices, when they ask for it. What the page cache answers is not "
        "included; what it writes later counts for the kernel worker that does.",
        [MapText("@bytes", (*_BY_PROCESS, "op"), (*_PROCESS_KINDS, "text"), unit="bytes", pid="pid", view="table")],
        f'tracepoint:block:block_bio_queue\n{_PINNED}\n{{\n  $op = "other";\n  if ({choice}\n  }}\n'
        "  @bytes[pid, comm, $op] = stats((uint64)args->nr_sector * (uint64)512);\n}",
        badge="without write-back",
    )


def socket_bytes() -> str:
    maps = [
        MapText(name, (*_BY_PROCESS, "protocol"), (*_PROCESS_KINDS, "int"), unit="bytes", pid="pid", view="table")
        for name in ("@sent", "@received")
    ]
    sides = "\n\n".join(
        f"tracepoint:sock:sock_{side}_length\n{_PINNED}\n{{\n  $bytes = (int64)args->ret;\n"
        f"  if ($bytes > 0) {{\n    @{name}[pid, comm, (uint64)args->protocol] = stats($bytes);\n  }}\n}}"
        for side, name in (("send", "sent"), ("recv", "received"))
    )
    return program(
        "Bytes by socket calls",
        "What processes send and receive over sockets, how often and how much: protocol 6 is TCP, 17 UDP, 0 a Unix "
        "socket. Files and pipes are not included.",
        maps,
        sides,
    )


def thread_stacks(tid: int) -> str:
    return program(
        f"CPU samples of thread {tid}",
        "Where one thread spends its CPU time: 99 samples per second are one full CPU. Stacks need frame pointers.",
        [MapText("@stacks", ("ustack", "kstack"), ("stack", "stack"), view="stacks")],
        f"profile:hz:99\n/tid == {tid}/\n{{\n  @stacks[ustack, kstack] = count();\n}}",
    )


def retransmits_to(address: str) -> str:
    """Raises ValueError if `address` is not an IP address."""
    return program(
        f"Retransmits to {address}, by port",
        "Segments sent again to one address. sport identifies the connection, dport the service. state 1 is "
        "established, 2 a SYN without an answer. Rows appear only while segments are lost.",
        [MapText("@retransmits", ("sport", "dport", "state"), ("int", "int", "int"), view="table")],
        f"tracepoint:tcp:tcp_retransmit_skb\n/{_is_address(address)}/\n{{\n"
        "  @retransmits[args->sport, args->dport, args->state] = count();\n}",
    )


def connections_to(address: str) -> str:
    """Raises ValueError if `address` is not an IP address."""
    where = _is_address(address)
    return program(
        f"Connections to {address}",
        "Time from the first SYN until the connection is established, by port; 1, 3 or 7 s mean lost SYNs. connects: "
        "the processes that connect. failed: refused, timed out or given up.",
        [
            MapText("@latency", ("dport",), ("int",), unit="us", view="percentiles"),
            MapText("@connects", (*_BY_PROCESS, "dport"), (*_PROCESS_KINDS, "int"), pid="pid", view="table"),
            MapText("@failed", ("dport",), ("int",), view="table"),
        ],
        f"tracepoint:sock:inet_sock_set_state\n"
        f"/args->protocol == 6 && args->newstate == 2 && ($1 == 0 || pid == $1) && {where}/\n{{\n"
        "  @since[(uint64)args->skaddr] = (int64)nsecs;\n  @connects[pid, comm, args->dport] = count();\n}\n\n"
        "tracepoint:sock:inet_sock_set_state\n/args->oldstate == 2 && @since[(uint64)args->skaddr] != 0/\n{\n"
        "  $us = (uint64)((int64)nsecs - @since[(uint64)args->skaddr]) / (uint64)1000;\n"
        "  if (args->newstate == 1) {\n    @latency[args->dport] = hist($us);\n"
        "  } else {\n    @failed[args->dport] = count();\n  }\n"
        "  delete(@since[(uint64)args->skaddr]);\n}",
    )


def round_trips_to(address: str) -> str:
    """Raises ValueError if `address` is not an IP address."""
    return program(
        f"Round-trip time to {address}",
        "TCP's smoothed round-trip time, at each segment received from one address, by local port.",
        [MapText("@rtt", ("sport",), ("int",), unit="us", view="percentiles")],
        f"tracepoint:tcp:tcp_probe\n/{_is_socket_address(address)}/\n{{\n  @rtt[args->sport] = hist(args->srtt);\n}}",
    )


def function_points(function: str, binary: str) -> tuple[str, str] | None:
    """The attach points at a function's entry and return: in the kernel, or in the program file `binary` if that is
    given. None if the function or file cannot be written as an attach point."""
    bare = _OFFSET.sub("", function.partition(" [")[0])
    if not _FUNCTION.fullmatch(bare):
        return None
    if not binary:
        return f"kprobe:{bare}", f"kretprobe:{bare}"
    if not binary.startswith("/") or '"' in binary or not binary.isprintable():
        return None
    path = binary if _PLAIN_PATH.fullmatch(binary) else f'"{binary}"'
    return f"uprobe:{path}:{bare}", f"uretprobe:{path}:{bare}"


def function_callers(function: str, entry: str) -> str:
    stack = "ustack" if entry.startswith("uprobe") else "kstack"
    return program(
        f"{function}: calls",
        f"How often {function} is called, by the process that is on the CPU, and from where.",
        [
            MapText("@calls", _BY_PROCESS, _PROCESS_KINDS, pid="pid", view="table"),
            MapText("@stacks", (stack,), ("stack",), view="stacks"),
        ],
        f"{entry}\n{_PINNED}\n{{\n  @calls[pid, comm] = count();\n  @stacks[{stack}] = count();\n}}",
    )


def function_latency(function: str, entry: str, leave: str) -> str:
    return _latency(
        entry,
        leave,
        f"{function}: latency",
        f"Time from entry to return of {function}. The kernel follows a limited number of calls at once: if many "
        "threads are inside, some are missed. Of a recursive function the innermost call counts.",
    )


def file_openers(path: str) -> str | None:
    """None if the path cannot be compared in the kernel."""
    if not 0 < len(path.encode(errors="replace")) <= _LONGEST_COMPARED or not path.isprintable():
        return None
    return program(
        f"Who opens {path}",
        "Opens of one path, as the caller writes it, by process. A call is missed if its path is not in memory yet.",
        [MapText("@opens", _BY_PROCESS, _PROCESS_KINDS, pid="pid", view="table")],
        f"tracepoint:syscalls:sys_enter_openat\n/($1 == 0 || pid == $1) && str(args->filename) == {quoted(path)}/\n"
        "{\n  @opens[pid, comm] = count();\n}",
    )


def _latency(entry: str, leave: str, title: str, explanation: str) -> str:
    return program(
        title,
        explanation,
        [
            MapText("@latency", unit="us", view="histogram"),
            MapText("@by_process", _BY_PROCESS, _PROCESS_KINDS, unit="us", pid="pid", view="percentiles"),
        ],
        f"{entry}\n{_PINNED}\n{{\n  @since[tid] = (int64)nsecs;\n}}\n\n"
        f"{leave}\n/@since[tid] != 0/\n{{\n"
        "  $us = (uint64)((int64)nsecs - @since[tid]) / (uint64)1000;\n"
        "  @latency = hist($us);\n  @by_process[pid, comm] = hist($us);\n  delete(@since[tid]);\n}",
    )


def _is_address(address: str) -> str:
    """The comparison of a tracepoint's destination with an address, byte by byte: the only one that all releases
    accept."""
    wanted = _parsed(address)
    field = "daddr" if wanted.version == 4 else "daddr_v6"
    return _bytes_equal(field, wanted.packed, 0)


def _is_socket_address(address: str) -> str:
    """The same for a field that is a whole sockaddr: IPv4 starts at the fifth byte, IPv6 at the ninth."""
    wanted = _parsed(address)
    family = 2 if wanted.version == 4 else 10
    first = 4 if wanted.version == 4 else 8
    return f"args->daddr[0] == {family} && {_bytes_equal('daddr', wanted.packed, first)}"


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    wanted = ipaddress.ip_address(address.partition("%")[0])
    mapped = wanted.ipv4_mapped if isinstance(wanted, ipaddress.IPv6Address) else None
    return mapped or wanted


def _bytes_equal(field: str, wanted: bytes, first: int) -> str:
    return " && ".join(f"args->{field}[{first + index}] == {byte}" for index, byte in enumerate(wanted))
