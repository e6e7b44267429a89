"""The innermost frame of a printed stack that says what happens.

A stack is given as text that begins with it; it ends with the text or before a line that begins with a comma.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bttop.model.format.text import visible_name
from bttop.model.record.stacks import NO_FRAMES, names
from bttop.model.record.telling_frames import UNKNOWN_FRAME, is_scheduler, telling, without_module

_HEAD: Final = 160
"""Characters that contain the frame of most stacks, which have up to 127 frames."""


def innermost(stack: str, *, is_kernel: bool) -> str:
    """The innermost frame of one stack; in the kernel, the innermost one that is not part of the scheduler or of a
    hook. `[unknown]` if the frame has no name, `[no frames]` if there is none."""
    return (telling_kernel_frame(stack) if is_kernel else "") or first_frame(stack) or NO_FRAMES


def innermost_of(kernel: str, user: str) -> str:
    """The innermost telling frame of a row with both stacks: that of the kernel, else that of the program."""
    return telling_kernel_frame(kernel) or first_frame(user) or first_frame(kernel) or NO_FRAMES


def telling_kernel_frame(stack: str) -> str:
    """The innermost frame of a kernel stack outside the scheduler; empty if only the kernel's entry is left."""
    found = _telling_in(stack[:_HEAD])
    return _telling_in_whole(stack) if found is None else found


def first_frame(stack: str) -> str:
    """The innermost frame; empty without frames."""
    found = _first_in(stack[:_HEAD])
    return (_first_in(_whole(stack)) or "") if found is None else found


# The beginning of a stack is cached, because thousands of stacks begin with the same few functions.


@lru_cache(maxsize=8192)
def _telling_in(head: str) -> str | None:
    """The telling frame in the beginning of a kernel stack; None if only the whole stack says which it is."""
    for name in names(_complete(head)):
        if not is_scheduler(name):
            return _shown(name) if telling([name]) else None
    return "" if _is_whole(head) else None


@lru_cache(maxsize=8192)
def _first_in(head: str) -> str | None:
    found = names(_complete(head))
    return _shown(found[0]) if found else "" if _is_whole(head) else None


def _telling_in_whole(stack: str) -> str:
    found = telling(names(_whole(stack)))
    return _shown(found[0]) if found else ""


def _whole(stack: str) -> str:
    return stack.partition("\n,")[0] + "\n"


def _complete(head: str) -> str:
    """The lines of the stack that are whole within its beginning."""
    if _is_whole(head):
        return head.partition("\n,")[0]
    return head.rpartition("\n")[0]


def _is_whole(head: str) -> bool:
    return len(head) < _HEAD or "\n," in head


def _shown(name: str) -> str:
    return UNKNOWN_FRAME if name.startswith("0x") else visible_name(without_module(name))
