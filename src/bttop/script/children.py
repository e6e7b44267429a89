"""The children of pinned processes, followed in the kernel: a map of their process ids that two probes keep.

`task:task_newtask` runs in the parent, before the child's first instruction, and tells threads from processes.
`sched:sched_process_free` comes when the last thread of a process has ended and the process was waited for; unlike
at `sched_process_exit`, a first thread that ends before the others takes nothing with it. Ids are those of the
initial PID namespace.
"""

from __future__ import annotations

from typing import Final

from bttop.script.edits import PREFIX

KIDS: Final = f"@{PREFIX}kids"
CLONE_THREAD: Final = 0x10000


def is_child(operand: str = "pid") -> str:
    """The condition that a process id is a child's. The cast gives the map one type of key in every release."""
    return f"{KIDS}[(uint64){operand}] == 1"


def following(condition: str) -> str:
    """The probes that keep the map, on one line: children of processes of which a condition holds."""
    child = "(uint64)args->pid"
    return (
        f"tracepoint:task:task_newtask /(args->clone_flags & {CLONE_THREAD}) == 0 && ({condition})/ "
        f"{{ {KIDS}[{child}] = 1; }} "
        f"tracepoint:sched:sched_process_free /{KIDS}[{child}] == 1/ {{ delete({KIDS}[{child}]); }}"
    )
