"""How stacks become a tree."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Split = Literal["all", "process", "thread", "text"]
"""What has a tree of its own: all stacks together, each process, each thread; `text`: each combination of the key's
text parts, one heading for each part."""
Names = Literal["function", "offset", "module"]
"""What is one frame: all addresses of a function, each address, or all functions of a file."""


class FlameForm(Struct, frozen=True):
    """How stacks become a tree."""

    split: Split = "all"
    names: Names = "function"
    inverted: bool = False
    """Whether the innermost frames are at the root, with their callers below them."""
    whole: bool = False
    """Whether every frame is there as it was printed, for other tools. Else adjacent frames without a symbol are one,
    and stacks whose outermost frames are missing are below a heading that says so, apart from complete ones."""
