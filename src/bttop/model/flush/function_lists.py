"""Printed stacks as lists of functions: without offsets and without what the perf mode prints beside the names."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bttop.model.record.demangle import demangled
from bttop.model.record.stacks import parse_frame
from bttop.patterns import pattern

_OFFSET: Final = pattern(r"(?<=.)\+(?:[0-9]+|0x[0-9a-fA-F]+)(?=\s*$)")
_PERF_MODE: Final = "\n\t"
"""How each frame begins in the perf mode, which prints addresses beside symbols."""
_PIECE: Final = 400
"""Characters of a stack that are looked up at once: most stacks have their outer frames in common with others."""
_MOST_PIECES: Final = 32_768
"""Pieces that are kept. With fewer than two full maps of bpftrace's usual size have, no piece would be found again in
the next flush."""
_MOST_LINES: Final = 16_384


def function_list(stack: str) -> str:
    """The stack with one line for each function. A stack without a frame is unchanged."""
    if _PERF_MODE in stack and (found := _in_pieces(stack, perf_mode=True)):
        return f"{found}\n"
    return _in_pieces(stack, perf_mode=False)


def _in_pieces(stack: str, *, perf_mode: bool) -> str:
    """The stack, cut from its outer end so that equal outer frames are in equal pieces."""
    read = _names if perf_mode else _bare
    found, end = "", len(stack)
    while end > _PIECE:
        start = stack.find("\n", end - _PIECE, end - 1)
        start = start if start >= 0 else stack.rfind("\n", 0, end - _PIECE)
        if start <= 0:
            break
        found = read(stack[start:end]) + found
        end = start
    return read(stack[:end]) + found


@lru_cache(maxsize=_MOST_PIECES)
def _names(piece: str) -> str:
    """The names of the frames of some lines in the perf mode, each after a line end."""
    return "".join(map(_name, piece.split("\n")))


@lru_cache(maxsize=_MOST_PIECES)
def _bare(piece: str) -> str:
    """Some lines without offsets."""
    return "\n".join(map(_without_offset, piece.split("\n")))


@lru_cache(maxsize=_MOST_LINES)
def _name(line: str) -> str:
    """The name of the frame of a line, after a line end; empty without a frame."""
    symbol = _before_offset(line)
    # Lines that differ only in their offsets are read once.
    return _read_name(line) if symbol is None else _name_of_symbol(symbol)


@lru_cache(maxsize=_MOST_LINES)
def _name_of_symbol(symbol: str) -> str:
    return _read_name(f"{symbol}+0")


def _read_name(line: str) -> str:
    found = parse_frame(line)
    return "" if found is None else f"\n{found[0].name}"


@lru_cache(maxsize=_MOST_LINES)
def _without_offset(line: str) -> str:
    symbol = _before_offset(line)
    bare = _OFFSET.sub("", line) if symbol is None else symbol
    name = bare.lstrip()
    return bare[: len(bare) - len(name)] + demangled(name)


def _before_offset(line: str) -> str | None:
    """What is before a decimal offset at the end of a line; None if there is none, or nothing before it."""
    symbol, _, offset = line.rpartition("+")
    return symbol if offset.isdecimal() and offset.isascii() and symbol and not symbol.isspace() else None
