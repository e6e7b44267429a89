"""Follows the children of pinned processes in the kernel: two probes maintain a map of their process ids.

`task:task_newtask` fires in the parent, before the child's first instruction; its flags distinguish threads from
processes. `sched:sched_process_free` fires when the last thread of a process has ended and the process was waited for.
`sched_process_exit` would be too early: the first thread may end before the others. Ids are those of the initial PID
namespace.
"""

from __future__ import annotations

from typing import Final

from bttop.script.language.edits import PREFIX

KIDS: Final = f"@{PREFIX}kids"
CLONE_THREAD: Final = 0x10000


def is_child(operand: str = "pid") -> str:
    """The bpftrace condition that `operand` is the id of a child. The cast makes the map's key type the same in every
    release."""
    return f"{KIDS}[(uint64){operand}] == 1"


def following(condition: str) -> str:
    """The probes that maintain the map, on one line. They add the children of processes for which `condition` holds."""
    child = "(uint64)args->pid"
    return (
        f"tracepoint:task:task_newtask /(args->clone_flags & {CLONE_THREAD}) == 0 && ({condition})/ "
        f"{{ {KIDS}[{child}] = 1; }} "
        f"tracepoint:sched:sched_process_free /{KIDS}[{child}] == 1/ {{ delete({KIDS}[{child}]); }}"
    )
