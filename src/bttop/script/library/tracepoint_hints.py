"""The tracepoint that reports the same as a kernel function: functions change between kernels, tracepoints rarely do.

Pure: no input or output.
"""

from __future__ import annotations

import re
from typing import Final

_SYSCALL: Final = re.compile(
    r"(?:__(?:x64|ia32|arm64|s390x?|riscv|powerpc)_sys_|__se_sys_|__do_sys_|__sys_|ksys_|do_sys_|sys_|SyS_)(\w+)"
)
_NUMBERED: Final = {"open": "openat", "openat2": "openat", "fork": "clone"}
"""For functions and system calls that do the same: the system call that programs use."""
_INSTEAD: Final = {
    "tcp_retransmit_skb": "tracepoint:tcp:tcp_retransmit_skb",
    "__tcp_retransmit_skb": "tracepoint:tcp:tcp_retransmit_skb",
    "tcp_v4_send_reset": "tracepoint:tcp:tcp_send_reset",
    "tcp_send_active_reset": "tracepoint:tcp:tcp_send_reset",
    "tcp_reset": "tracepoint:tcp:tcp_receive_reset",
    "tcp_set_state": "tracepoint:sock:inet_sock_set_state",
    "tcp_v4_connect": "tracepoint:sock:inet_sock_set_state",
    "tcp_v6_connect": "tracepoint:sock:inet_sock_set_state",
    "tcp_rcv_space_adjust": "tracepoint:tcp:tcp_rcv_space_adjust",
    "tcp_rcv_established": "tracepoint:tcp:tcp_probe",
    "tcp_sendmsg": "tracepoint:sock:sock_send_length",
    "udp_sendmsg": "tracepoint:sock:sock_send_length",
    "sock_sendmsg": "tracepoint:sock:sock_send_length",
    "tcp_recvmsg": "tracepoint:sock:sock_recv_length",
    "udp_recvmsg": "tracepoint:sock:sock_recv_length",
    "sock_recvmsg": "tracepoint:sock:sock_recv_length",
    "kfree_skb": "tracepoint:skb:kfree_skb",
    "kfree_skb_reason": "tracepoint:skb:kfree_skb",
    "consume_skb": "tracepoint:skb:consume_skb",
    "dev_queue_xmit": "tracepoint:net:net_dev_queue",
    "__dev_queue_xmit": "tracepoint:net:net_dev_queue",
    "dev_hard_start_xmit": "tracepoint:net:net_dev_start_xmit",
    "netif_receive_skb": "tracepoint:net:netif_receive_skb",
    "netif_rx": "tracepoint:net:netif_rx",
    "napi_gro_receive": "tracepoint:net:napi_gro_receive_entry",
    "__napi_poll": "tracepoint:napi:napi_poll",
    "vfs_read": "tracepoint:syscalls:sys_exit_read",
    "vfs_readv": "tracepoint:syscalls:sys_exit_readv",
    "vfs_write": "tracepoint:syscalls:sys_exit_write",
    "vfs_writev": "tracepoint:syscalls:sys_exit_writev",
    "vfs_fsync_range": "tracepoint:syscalls:sys_enter_fsync",
    "vfs_unlink": "tracepoint:syscalls:sys_enter_unlinkat",
    "vfs_open": "tracepoint:syscalls:sys_enter_openat",
    "do_sys_openat2": "tracepoint:syscalls:sys_enter_openat",
    "do_filp_open": "tracepoint:syscalls:sys_enter_openat",
    "do_futex": "tracepoint:syscalls:sys_enter_futex",
    "do_mmap": "tracepoint:syscalls:sys_enter_mmap",
    "vm_mmap_pgoff": "tracepoint:syscalls:sys_enter_mmap",
    "do_execveat_common": "tracepoint:sched:sched_process_exec",
    "begin_new_exec": "tracepoint:sched:sched_process_exec",
    "do_exit": "tracepoint:sched:sched_process_exit",
    "kernel_clone": "tracepoint:sched:sched_process_fork",
    "_do_fork": "tracepoint:sched:sched_process_fork",
    "wake_up_new_task": "tracepoint:sched:sched_wakeup_new",
    "try_to_wake_up": "tracepoint:sched:sched_waking",
    "ttwu_do_wakeup": "tracepoint:sched:sched_wakeup",
    "ttwu_do_activate": "tracepoint:sched:sched_wakeup",
    "finish_task_switch": "tracepoint:sched:sched_switch",
    "__schedule": "tracepoint:sched:sched_switch",
    "schedule": "tracepoint:sched:sched_switch",
    "migrate_task_rq_fair": "tracepoint:sched:sched_migrate_task",
    "set_task_cpu": "tracepoint:sched:sched_migrate_task",
    "submit_bio": "tracepoint:block:block_bio_queue",
    "submit_bio_noacct": "tracepoint:block:block_bio_queue",
    "blk_mq_start_request": "tracepoint:block:block_rq_issue",
    "blk_account_io_start": "tracepoint:block:block_io_start",
    "__blk_account_io_start": "tracepoint:block:block_io_start",
    "blk_account_io_done": "tracepoint:block:block_io_done",
    "__blk_account_io_done": "tracepoint:block:block_io_done",
    "blk_mq_end_request": "tracepoint:block:block_rq_complete",
    "blk_update_request": "tracepoint:block:block_rq_complete",
    "bio_endio": "tracepoint:block:block_bio_complete",
    "add_to_page_cache_lru": "tracepoint:filemap:mm_filemap_add_to_page_cache",
    "filemap_add_folio": "tracepoint:filemap:mm_filemap_add_to_page_cache",
    "__kmalloc": "tracepoint:kmem:kmalloc",
    "kmem_cache_alloc": "tracepoint:kmem:kmem_cache_alloc",
    "kfree": "tracepoint:kmem:kfree",
    "__alloc_pages": "tracepoint:kmem:mm_page_alloc",
    "__alloc_pages_nodemask": "tracepoint:kmem:mm_page_alloc",
    "handle_mm_fault": "tracepoint:exceptions:page_fault_user",
    "do_user_addr_fault": "tracepoint:exceptions:page_fault_user",
    "oom_kill_process": "tracepoint:oom:mark_victim",
    "shrink_node": "tracepoint:vmscan:mm_vmscan_lru_shrink_inactive",
    "try_to_free_pages": "tracepoint:vmscan:mm_vmscan_direct_reclaim_begin",
    "__send_signal": "tracepoint:signal:signal_generate",
    "send_signal_locked": "tracepoint:signal:signal_generate",
    "get_signal": "tracepoint:signal:signal_deliver",
    "mutex_lock": "tracepoint:lock:contention_begin",
    "__mutex_lock_slowpath": "tracepoint:lock:contention_begin",
    "handle_irq_event": "tracepoint:irq:irq_handler_entry",
    "__do_softirq": "tracepoint:irq:softirq_entry",
    "process_one_work": "tracepoint:workqueue:workqueue_execute_start",
    "queue_work_on": "tracepoint:workqueue:workqueue_queue_work",
}
_FUNCTION_PROVIDERS: Final = frozenset(
    {"kprobe", "kretprobe", "fentry", "fexit", "kfunc", "kretfunc", "k", "kr", "f", "fr"}
)


def stable_hint(probe: str) -> str:
    """The tracepoint that reports the same events as a probe on a kernel function, or '' if none is known.

    The caller must check that this kernel has it. Its arguments can differ from those of the function.
    """
    provider, _, rest = probe.partition(":")
    function = rest.rpartition(":")[2].partition("+")[0]
    if provider not in _FUNCTION_PROVIDERS or not function:
        return ""
    known = _INSTEAD.get(function, "")
    syscall = _SYSCALL.fullmatch(function)
    if known or syscall is None:
        return known
    name = _NUMBERED.get(syscall[1], syscall[1])
    side = "exit" if provider in ("kretprobe", "kr", "fexit", "kretfunc", "fr") else "enter"
    return f"tracepoint:syscalls:sys_{side}_{name}"
