"""Parse stacks from the text of a key part or value."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from bttop.model.plan import Column
from bttop.model.record.demangle import demangled
from bttop.patterns import pattern

NO_FRAMES: Final = "[no frames]"
"""The text of an empty stack."""

# `sym+off`; bpftrace prints the offset in decimal. The symbol may contain a plus ("operator+").
_OFFSET = pattern(r"(.+)\+([0-9]+|0x[0-9a-fA-F]+)")
# The perf mode prints a tab, the address and then the symbol. After a user symbol it prints the file, or `[unknown]`.
_ADDRESSED = pattern(r"[0-9a-f]{1,16} +(\S.*)")
_IN_FILE = pattern(r"(.+?(?:\+[0-9]+)?) ?\((/.*|\[.*\])\)")
# Without the blank, the address is told from the symbol by its length: 16 digits in the kernel, 12 in most processes.
# No symbol begins with a digit. If there is none, the same address follows.
_GLUED = pattern(
    r"\t(?![0-9a-f]+\s)(?:(?P<address>[0-9a-f]{1,16})(?=0x(?P=address)\b|0\(\[)"
    r"|(?:ffff[0-9a-f]{12}|[0-9a-f]{12}|[0-9a-f]{6,11}?|[0-9a-f]{1,5})(?=[^0-9\s]))"
)
_HEXADECIMAL = pattern(r"0x[0-9a-fA-F]+")
# bpftrace 0.23 and newer print this below the last frame of a user stack.
_STACK_END = "0"


class StackFrame(Struct, frozen=True):
    """One frame of one stack."""

    name: str
    """The symbol, demangled, or the hexadecimal address if there is none."""
    offset: int | None
    """Bytes from the start of the symbol; None if there is no offset."""


def parse_stack(text: str) -> tuple[StackFrame, ...]:
    """The frames of a printed stack, innermost first, as bpftrace prints it. Never raises.

    Reads `sym+off`, plain addresses and the perf mode (`address sym+off (file)`).
    """
    frames = [_symbol(line)[0] for line in text.split("\n") if line.strip()]
    while frames and frames[-1] == _STACK_END:
        frames.pop()
    return tuple([_site(frame) for frame in frames])


@lru_cache(maxsize=8192)
def parse_frame(line: str) -> tuple[StackFrame, str] | None:
    """One line of a printed stack, with the file that the perf mode prints after the symbol, such as
    `/usr/lib/libc.so.6` or `[nf_conntrack]`; empty if there is none. None for a line without a frame. Never raises.
    Cached, because stacks have most of their lines in common, and a flush with earlier ones."""
    symbol, file = _symbol(line)
    return None if symbol in ("", _STACK_END) else (_site(symbol), file)


def with_blanks(key: str) -> str:
    """Restore the blanks between addresses and symbols of the perf mode: from 0.24 on, bpftrace deletes all blanks from
    keys."""
    if "\n\t" not in key:
        return key
    return "\n".join([_GLUED.sub(lambda found: f"{found[0]} ", line, count=1) for line in key.split("\n")])


def _symbol(line: str) -> tuple[str, str]:
    """A line of a stack without blanks, and without the address of the perf mode; the file of the perf mode."""
    symbol = line.strip()
    if not line.lstrip(" ").startswith("\t"):
        return symbol, ""
    addressed = _ADDRESSED.fullmatch(symbol)
    symbol = addressed[1] if addressed else symbol
    in_file = _IN_FILE.fullmatch(symbol)
    return (in_file[1], in_file[2]) if in_file else (symbol, "")


def _site(symbol: str) -> StackFrame:
    if _HEXADECIMAL.fullmatch(symbol):
        return StackFrame(symbol, None)
    found = _OFFSET.fullmatch(symbol)
    if found is None:
        return StackFrame(demangled(symbol), None)
    return StackFrame(demangled(found[1]), int(found[2], 0 if found[2].startswith("0x") else 10))


def names(text: str) -> tuple[str, ...]:
    """The names of the frames without offsets, innermost first."""
    return tuple([name for name in map(_name, text.split("\n")) if name])


@lru_cache(maxsize=16_384)
def _name(line: str) -> str:
    """The name of the frame of a line; empty without a frame."""
    found = parse_frame(line)
    return "" if found is None else found[0].name


def stacks_of(columns: Sequence[Column], parts: Sequence[int | str]) -> list[tuple[str, tuple[str, ...]]]:
    """The stacks among the parts of a key, with the titles of their columns: kernel stacks first, innermost frames
    first."""
    stacks = [
        (column.title, names(str(part))) for column, part in zip(columns, parts, strict=False) if column.kind == "stack"
    ]
    return sorted(stacks, key=lambda pair: not pair[0].startswith("k"))
