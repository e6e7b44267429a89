"""Names of the kernel's numbers: errors, signals, address families, protocols, TCP states and similar constants.

Sources: the kernel's include/uapi (asm-generic/errno.h and signal.h, linux/in.h, linux/socket.h, linux/net.h,
linux/if_ether.h, linux/futex.h, asm-generic/mman-common.h) and include/net/tcp_states.h.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_OTHER_NUMBERS: Final = ("mips", "sparc", "alpha", "parisc")
"""Beginnings of the names of architectures with their own errors, signals and flags."""


def is_generic(machine: str) -> bool:
    """Whether the architecture (`uname -m`) numbers errors, signals and socket types as asm-generic does."""
    return not machine.startswith(_OTHER_NUMBERS)


def _numbered(words: str, first: int = 0) -> dict[int, str]:
    """The words with consecutive numbers; `-` is a number without a name."""
    return {number: word for number, word in enumerate(words.split(), first) if word != "-"}


_COMMON_ERRORS: Final = _numbered(
    """EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST
    EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM
    ERANGE""",
    1,
)
_GENERIC_ERRORS: Final = _numbered(
    """EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH
    ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE
    ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD
    ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT
    EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH
    ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN
    EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE
    ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON""",
    35,
)
# Only within the kernel: tracepoints see them before the kernel restarts the call.
_KERNEL_ERRORS: Final = _numbered(
    "ERESTARTSYS ERESTARTNOINTR ERESTARTNOHAND ENOIOCTLCMD ERESTART_RESTARTBLOCK EPROBE_DEFER EOPENSTALE ENOPARAM", 512
) | {524: "ENOTSUPP", 529: "EIOCBQUEUED"}

LARGEST_ERROR: Final = 4095
"""The kernel returns an error as a number from -4095 to -1 (MAX_ERRNO); no other result is in this range."""


def errors(machine: str) -> Mapping[int, str]:
    """Names of the errors of an architecture; of an unusual one, only those that all share."""
    return _COMMON_ERRORS | _KERNEL_ERRORS | (_GENERIC_ERRORS if is_generic(machine) else {})


_SIGNALS: Final = _numbered(
    """SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM
    SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH
    SIGIO SIGPWR SIGSYS""",
    1,
)
_SHARED_SIGNALS: Final = frozenset({1, 2, 3, 4, 5, 6, 8, 9, 11, 13, 14, 15})
# The C library keeps 32 and 33 for itself, so programs and `kill -l` begin to count at 34.
_REAL_TIME: Final = {34: "SIGRTMIN"} | {number: f"SIGRTMIN+{number - 34}" for number in range(35, 65)}


def signals(machine: str) -> Mapping[int, str]:
    """Names of the signals of an architecture; of an unusual one, only those that all share."""
    if is_generic(machine):
        return _SIGNALS | _REAL_TIME
    return {number: name for number, name in _SIGNALS.items() if number in _SHARED_SIGNALS}


FAMILIES: Final = _numbered(
    """AF_UNSPEC AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_NETROM AF_BRIDGE AF_ATMPVC AF_X25 AF_INET6 AF_ROSE
    AF_DECnet AF_NETBEUI AF_SECURITY AF_KEY AF_NETLINK AF_PACKET AF_ASH AF_ECONET AF_ATMSVC AF_RDS AF_SNA AF_IRDA
    AF_PPPOX AF_WANPIPE AF_LLC AF_IB AF_MPLS AF_CAN AF_TIPC AF_BLUETOOTH AF_IUCV AF_RXRPC AF_ISDN AF_PHONET
    AF_IEEE802154 AF_CAIF AF_ALG AF_NFC AF_VSOCK AF_KCM AF_QIPCRTR AF_SMC AF_XDP AF_MCTP"""
)
PROTOCOLS: Final = {
    1: "ICMP", 2: "IGMP", 4: "IPIP", 6: "TCP", 8: "EGP", 12: "PUP", 17: "UDP", 22: "IDP", 29: "TP", 33: "DCCP",
    41: "IPv6", 46: "RSVP", 47: "GRE", 50: "ESP", 51: "AH", 58: "ICMPv6", 89: "OSPF", 92: "MTP", 94: "BEETPH",
    98: "ENCAP", 103: "PIM", 108: "COMP", 115: "L2TP", 132: "SCTP", 136: "UDPLITE", 137: "MPLS", 143: "ETHERNET",
    255: "RAW", 262: "MPTCP",
}  # fmt: skip
"""IP protocols (IPPROTO_*)."""
ETHERTYPES: Final = {
    0x0800: "IPv4", 0x0806: "ARP", 0x8035: "RARP", 0x8100: "VLAN", 0x86DD: "IPv6", 0x8847: "MPLS", 0x8863: "PPPoE",
    0x8864: "PPPoE", 0x888E: "EAPOL", 0x88A8: "QinQ", 0x88CC: "LLDP", 0x88E5: "MACsec",
}  # fmt: skip
"""Protocols of a frame (ETH_P_*)."""
TCP_STATES: Final = _numbered(
    """ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN CLOSING NEW_SYN_RECV
    BOUND_INACTIVE""",
    1,
)
SOCKET_TYPES: Final = _numbered(
    "SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_RDM SOCK_SEQPACKET SOCK_DCCP - - - SOCK_PACKET", 1
)
FUTEX_OPERATIONS: Final = _numbered(
    """WAIT WAKE FD REQUEUE CMP_REQUEUE WAKE_OP LOCK_PI UNLOCK_PI TRYLOCK_PI WAIT_BITSET WAKE_BITSET WAIT_REQUEUE_PI
    CMP_REQUEUE_PI LOCK_PI2"""
)
ON_CPU: Final = 4096
"""The state of a running thread in the stock probes; the kernel has no such state."""
TASK_STATES: Final = {
    0: "R", 1: "S", 2: "D", 4: "T", 8: "t", 16: "X", 32: "Z", 64: "P", 128: "I", ON_CPU: "on CPU",
}  # fmt: skip
"""Letters of ps(1) for the states that `sched_switch` reports."""
ADVICES: Final = (
    _numbered("NORMAL RANDOM SEQUENTIAL WILLNEED DONTNEED - - - FREE REMOVE DONTFORK DOFORK MERGEABLE UNMERGEABLE")
    | _numbered(
        "HUGEPAGE NOHUGEPAGE DONTDUMP DODUMP WIPEONFORK KEEPONFORK COLD PAGEOUT POPULATE_READ POPULATE_WRITE", 14
    )
    | _numbered("DONTNEED_LOCKED COLLAPSE", 24)
)
"""MADV_*."""
