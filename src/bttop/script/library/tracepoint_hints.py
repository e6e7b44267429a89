"""The tracepoint that reports about the same as a kernel function: functions change between kernels, tracepoints rarely
do.

Pure: no input or output.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bttop.patterns import pattern
from bttop.script.language.reader import provider_of

_SYSCALL: Final = pattern(
    r"(?:__(?:x64|ia32|arm64|s390x?|riscv|powerpc)_sys_|__se_sys_|__do_sys_|__sys_|ksys_|do_sys_|sys_|SyS_)(\w+)"
)
_FUNCTIONS: Final[Mapping[str, str]] = {
    "tcp:tcp_retransmit_skb": "tcp_retransmit_skb __tcp_retransmit_skb tcp_retransmit_timer tcp_xmit_retransmit_queue",
    "tcp:tcp_retransmit_synack": "tcp_rtx_synack inet_rtx_syn_ack",
    "tcp:tcp_send_reset": "tcp_v4_send_reset tcp_v6_send_reset tcp_send_active_reset",
    "tcp:tcp_receive_reset": "tcp_reset",
    "tcp:tcp_destroy_sock": "tcp_v4_destroy_sock",
    "tcp:tcp_rcv_space_adjust": "tcp_rcv_space_adjust",
    "tcp:tcp_probe": "tcp_rcv_established",
    "tcp:tcp_cong_state_set": "tcp_set_ca_state tcp_enter_loss tcp_enter_recovery tcp_enter_cwr",
    "sock:inet_sock_set_state": "tcp_set_state tcp_v4_connect tcp_v6_connect tcp_connect "
    "tcp_finish_connect inet_csk_accept tcp_close tcp_done tcp_fin "
    "tcp_rcv_state_process inet_csk_listen_start inet_csk_listen_stop "
    "tcp_v4_syn_recv_sock",
    "sock:sock_send_length": "tcp_sendmsg tcp_sendmsg_locked udp_sendmsg udpv6_sendmsg sock_sendmsg "
    "unix_stream_sendmsg",
    "sock:sock_recv_length": "tcp_recvmsg tcp_cleanup_rbuf udp_recvmsg udpv6_recvmsg sock_recvmsg unix_stream_recvmsg",
    "skb:kfree_skb": "kfree_skb kfree_skb_reason sk_skb_reason_drop tcp_drop tcp_drop_reason",
    "skb:consume_skb": "consume_skb",
    "skb:skb_copy_datagram_iovec": "skb_copy_datagram_iter",
    "net:net_dev_queue": "dev_queue_xmit __dev_queue_xmit",
    "net:net_dev_start_xmit": "dev_hard_start_xmit",
    "net:netif_receive_skb": "netif_receive_skb __netif_receive_skb __netif_receive_skb_core ip_rcv ipv6_rcv",
    "net:netif_rx": "netif_rx netif_rx_internal",
    "net:napi_gro_receive_entry": "napi_gro_receive",
    "napi:napi_poll": "__napi_poll napi_poll net_rx_action",
    "fib:fib_table_lookup": "fib_table_lookup",
    "xdp:xdp_redirect": "xdp_do_redirect",
    "syscalls:sys_enter_read": "vfs_read ksys_read __vfs_read new_sync_read",
    "syscalls:sys_enter_readv": "vfs_readv do_readv",
    "syscalls:sys_enter_write": "vfs_write ksys_write __vfs_write new_sync_write",
    "syscalls:sys_enter_writev": "vfs_writev do_writev",
    "syscalls:sys_enter_fsync": "vfs_fsync vfs_fsync_range do_fsync",
    "syscalls:sys_enter_openat": "do_sys_open do_sys_openat2 do_filp_open vfs_open path_openat",
    "syscalls:sys_enter_close": "filp_close",
    "syscalls:sys_enter_newfstatat": "vfs_statx vfs_fstatat vfs_stat",
    "syscalls:sys_enter_newfstat": "vfs_fstat",
    "syscalls:sys_enter_statx": "do_statx",
    "syscalls:sys_enter_unlinkat": "vfs_unlink do_unlinkat",
    "syscalls:sys_enter_mkdirat": "vfs_mkdir do_mkdirat",
    "syscalls:sys_enter_renameat2": "vfs_rename do_renameat2",
    "syscalls:sys_enter_getdents64": "iterate_dir",
    "syscalls:sys_enter_ioctl": "vfs_ioctl do_vfs_ioctl",
    "syscalls:sys_enter_sendfile64": "do_sendfile",
    "syscalls:sys_enter_futex": "do_futex futex_wait futex_wake",
    "syscalls:sys_enter_mmap": "do_mmap vm_mmap_pgoff",
    "syscalls:sys_enter_munmap": "do_munmap __do_munmap do_vmi_munmap",
    "syscalls:sys_enter_brk": "do_brk_flags",
    "syscalls:sys_enter_mprotect": "do_mprotect_pkey mprotect_fixup",
    "syscalls:sys_enter_madvise": "do_madvise",
    "syscalls:sys_enter_execve": "do_execve",
    "syscalls:sys_enter_epoll_wait": "do_epoll_wait ep_poll",
    "syscalls:sys_enter_bind": "inet_bind",
    "syscalls:sys_enter_listen": "inet_listen",
    "raw_syscalls:sys_enter": "do_syscall_64 syscall_trace_enter",
    "sched:sched_process_exec": "do_execveat_common begin_new_exec bprm_execve exec_binprm load_elf_binary",
    "sched:sched_process_exit": "do_exit do_group_exit",
    "sched:sched_process_fork": "kernel_clone _do_fork do_fork copy_process",
    "sched:sched_process_free": "release_task",
    "sched:sched_process_wait": "do_wait kernel_wait4",
    "sched:sched_wakeup_new": "wake_up_new_task",
    "sched:sched_waking": "try_to_wake_up wake_up_process default_wake_function",
    "sched:sched_wakeup": "ttwu_do_wakeup ttwu_do_activate",
    "sched:sched_switch": "finish_task_switch __schedule schedule context_switch prepare_task_switch",
    "sched:sched_migrate_task": "migrate_task_rq_fair set_task_cpu move_queued_task",
    "sched:sched_stat_runtime": "update_curr",
    "block:block_bio_queue": "submit_bio submit_bio_noacct generic_make_request blk_mq_submit_bio",
    "block:block_rq_issue": "blk_mq_start_request blk_start_request",
    "block:block_io_start": "blk_account_io_start __blk_account_io_start",
    "block:block_io_done": "blk_account_io_done __blk_account_io_done blk_account_io_completion",
    "block:block_rq_complete": "blk_mq_end_request blk_update_request blk_finish_request blk_mq_complete_request",
    "block:block_rq_insert": "blk_mq_insert_request __elv_add_request",
    "block:block_rq_requeue": "blk_mq_requeue_request blk_requeue_request",
    "block:block_bio_complete": "bio_endio",
    "block:block_dirty_buffer": "mark_buffer_dirty",
    "filemap:mm_filemap_add_to_page_cache": "add_to_page_cache_lru filemap_add_folio __filemap_add_folio",
    "filemap:mm_filemap_delete_from_page_cache": "delete_from_page_cache filemap_remove_folio __filemap_remove_folio",
    "writeback:writeback_dirty_folio": "folio_account_dirtied account_page_dirtied",
    "writeback:writeback_mark_inode_dirty": "__mark_inode_dirty",
    "writeback:writeback_start": "wb_writeback",
    "writeback:balance_dirty_pages": "balance_dirty_pages balance_dirty_pages_ratelimited",
    "ext4:ext4_sync_file_enter": "ext4_sync_file",
    "jbd2:jbd2_start_commit": "jbd2_journal_commit_transaction",
    "kmem:kmalloc": "__kmalloc kmalloc __kmalloc_node __kmalloc_cache kmalloc_trace kmem_cache_alloc_trace",
    "kmem:kmem_cache_alloc": "kmem_cache_alloc kmem_cache_alloc_node kmem_cache_alloc_lru",
    "kmem:kmem_cache_free": "kmem_cache_free",
    "kmem:kfree": "kfree",
    "kmem:mm_page_alloc": "__alloc_pages __alloc_pages_nodemask __alloc_frozen_pages alloc_pages "
    "get_page_from_freelist",
    "kmem:mm_page_free": "__free_pages __free_pages_ok free_unref_page free_frozen_pages",
    "exceptions:page_fault_user": "handle_mm_fault do_user_addr_fault exc_page_fault do_page_fault __do_page_fault",
    "oom:mark_victim": "oom_kill_process out_of_memory",
    "vmscan:mm_vmscan_lru_shrink_inactive": "shrink_node shrink_inactive_list",
    "vmscan:mm_vmscan_direct_reclaim_begin": "try_to_free_pages",
    "vmscan:mm_vmscan_kswapd_wake": "balance_pgdat",
    "vmscan:mm_vmscan_wakeup_kswapd": "wakeup_kswapd",
    "vmscan:mm_shrink_slab_start": "shrink_slab do_shrink_slab",
    "compaction:mm_compaction_begin": "compact_zone",
    "signal:signal_generate": "__send_signal __send_signal_locked send_signal_locked do_send_sig_info send_sig_info",
    "signal:signal_deliver": "get_signal",
    "lock:contention_begin": "mutex_lock __mutex_lock_slowpath __mutex_lock down_read down_write "
    "rwsem_down_read_slowpath rwsem_down_write_slowpath "
    "queued_spin_lock_slowpath native_queued_spin_lock_slowpath",
    "irq:irq_handler_entry": "handle_irq_event handle_irq_event_percpu __handle_irq_event_percpu",
    "irq:softirq_entry": "__do_softirq do_softirq handle_softirqs",
    "irq:softirq_raise": "__raise_softirq_irqoff raise_softirq raise_softirq_irqoff",
    "timer:timer_start": "mod_timer add_timer __mod_timer",
    "timer:timer_expire_entry": "call_timer_fn",
    "timer:hrtimer_start": "hrtimer_start_range_ns",
    "timer:hrtimer_expire_entry": "__hrtimer_run_queues",
    "power:cpu_idle": "cpuidle_enter_state cpuidle_enter",
    "workqueue:workqueue_execute_start": "process_one_work",
    "workqueue:workqueue_queue_work": "queue_work_on __queue_work",
    "printk:console": "printk _printk vprintk_emit",
    "cgroup:cgroup_attach_task": "cgroup_attach_task",
}
"""Tracepoint to the functions about which it reports; the function may have another name in another kernel."""
_INSTEAD: Final = {function: name for name, functions in _FUNCTIONS.items() for function in functions.split()}
SINCE: Final[Mapping[str, tuple[int, int]]] = {
    "tcp:tcp_retransmit_skb": (4, 15),
    "tcp:tcp_retransmit_synack": (4, 15),
    "tcp:tcp_send_reset": (4, 15),
    "tcp:tcp_receive_reset": (4, 15),
    "tcp:tcp_destroy_sock": (4, 15),
    "tcp:tcp_probe": (4, 16),
    "tcp:tcp_rcv_space_adjust": (4, 18),
    "tcp:tcp_cong_state_set": (5, 19),
    "sock:inet_sock_set_state": (4, 16),
    "sock:sock_send_length": (6, 3),
    "sock:sock_recv_length": (6, 3),
    "fib:fib_table_lookup": (4, 3),
    "xdp:xdp_redirect": (4, 14),
    "syscalls:sys_enter_statx": (4, 11),
    "sched:sched_waking": (4, 3),
    "block:block_io_start": (6, 5),
    "block:block_io_done": (6, 5),
    "writeback:writeback_dirty_folio": (5, 18),
    "oom:mark_victim": (4, 13),
    "lock:contention_begin": (5, 19),
    "cgroup:cgroup_attach_task": (4, 13),
}
"""The first Linux version of a tracepoint; the others are older than what bpftrace runs on."""
_ARCHITECTURES: Final = {"exceptions": "x86_64"}
"""Groups of tracepoints that only one architecture surely has."""
_VARIANT: Final = pattern(r"(?:_noprof)?(?:\.[\w.]+)?\Z")
"""What the compiler and memory profiling append to the name of a function."""
_SHOWN: Final = 3
"""Most tracepoints that a sentence names."""
_FUNCTION_PROVIDERS: Final = frozenset({"kprobe", "kretprobe", "fentry", "fexit"})
_RETURNS: Final = frozenset({"kretprobe", "fexit"})


class StableHint(Struct, frozen=True):
    """A tracepoint to use in place of a probe on a kernel function."""

    name: str
    """Group and event: `tcp:tcp_retransmit_skb`."""
    is_known: bool = True
    """Whether every kernel from `since` on has it; otherwise it is derived from the name of the function."""

    @property
    def tracepoint(self) -> str:
        """The attach point."""
        return f"tracepoint:{self.name}"

    @property
    def since(self) -> str:
        """The first Linux version that has it, as text; empty if every kernel has it on which bpftrace runs."""
        found = SINCE.get(self.name)
        return "" if found is None else f"Linux {found[0]}.{found[1]}"

    def is_expected(self, version: tuple[int, int], machine: str) -> bool:
        """Whether a kernel of this version and architecture has it, where tracefs cannot be read."""
        group = self.name.partition(":")[0]
        return (
            self.is_known and version >= SINCE.get(self.name, (0, 0)) and _ARCHITECTURES.get(group, machine) == machine
        )


def stable_hints(probe: str) -> tuple[StableHint, ...]:
    """The tracepoints that report about the same events as a probe on kernel functions, each once; empty if none is
    known. More than one only for a wildcard.

    The caller must check that this kernel has them. Their arguments can differ from those of the function.
    """
    provider, _, rest = probe.partition(":")
    provider = provider_of(provider)
    function = rest.rpartition(":")[2].partition("+")[0]
    if provider not in _FUNCTION_PROVIDERS or not function.strip("*"):
        return ()
    found = _of_many(function) if "*" in function else _of_one(_VARIANT.sub("", function))
    return tuple(dict.fromkeys(_at_return(one) if provider in _RETURNS else one for one in found))


def _of_many(pattern: str) -> list[StableHint]:
    return [StableHint(name) for function, name in _INSTEAD.items() if fnmatchcase(function, pattern)]


def _of_one(function: str) -> list[StableHint]:
    if function in _INSTEAD:
        return [StableHint(_INSTEAD[function])]
    syscall = _SYSCALL.fullmatch(function)
    return [] if syscall is None else [StableHint(f"syscalls:sys_enter_{syscall[1]}", is_known=False)]


def _at_return(hint: StableHint) -> StableHint:
    """The tracepoint at the end of a system call; other tracepoints report an event once."""
    return replace(hint, name=hint.name.replace(":sys_enter", ":sys_exit", 1))


def in_words(hints: tuple[StableHint, ...]) -> str:
    """A sentence that names the tracepoints in place of a probe; empty if there are none."""
    if not hints:
        return ""
    names = [f"{one.tracepoint} ({one.since})" if one.since else one.tracepoint for one in hints[:_SHOWN]]
    more = f" and {len(hints) - _SHOWN} more" if len(hints) > _SHOWN else ""
    verb = "reports" if len(hints) == 1 else "report"
    stays = "is" if len(hints) == 1 else "are"
    return f"{', '.join(names)}{more} {verb} about the same and {stays} stable across kernels"
