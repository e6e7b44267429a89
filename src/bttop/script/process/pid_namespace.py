"""The PID namespace in which bttop runs, if it is not the host's, and how bpftrace's `pid` and `tid` count there.

Measured in a namespace of its own with 0.17, 0.23 and 0.27:

    up to 0.22     `pid` is the number on the host, for every process
    from 0.23      `pid` is the number in bpftrace's namespace; for processes of other namespaces it is 0, with a
                   warning for each such event
    0.23 to 0.24.1 `pid` is the thread's number and `tid` that of the process

Fields of events, such as `args->next_pid`, always count as the host does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from bttop.script.language.lexer import Token
from bttop.script.language.reader import Probe, Script
from bttop.script.process.pin import pid_parameters
from bttop.script.process.regions import code_of, regions

Counting: TypeAlias = Literal["inside", "host"]
IDS: Final = ("pid", "tid")
"""The builtins that are ids of the current process."""


class PidNamespace(Struct, frozen=True):
    """A PID namespace other than the host's."""

    inode: int
    """Its inode number, as in /proc/self/ns/pid."""
    counting: Counting
    """Whose numbers bpftrace's `pid` and `tid` are."""
    swaps_ids: bool = False
    """Whether bpftrace exchanges `pid` and `tid` here."""


KNOWN: Final = "pid != 0"
"""A bpftrace expression: whether the current process belongs to this namespace, where `pid` counts so."""


def id_tokens(tokens: list[Token]) -> Iterator[Token]:
    """The builtins `pid` and `tid` among significant tokens; fields with these names are not builtins."""
    for before, token in zip((None, *tokens), tokens, strict=False):
        is_field = before is not None and before.text in (".", "->")
        if token.kind == "word" and token.text in IDS and not is_field:
            yield token


def uses_ids(script: Script, probe: Probe) -> bool:
    """Whether a probe, or a macro or constant of the script that it may use, uses the id of the current process."""
    return any(id_tokens(code_of(script, probe))) or any(id_tokens(defined(script)))


def defined(script: Script) -> list[Token]:
    """The significant tokens of the script's macros and constants."""
    return [token for region in regions(script) if region.kind != "probe" for token in region.code.tokens]


def compares_fields(script: Script) -> str:
    """The parameter that a script compares with a process id in a field, which counts as the host does; empty if there
    is none."""
    fields = (
        parameter.name
        for parameter in pid_parameters(script)
        for one in parameter.comparisons
        if not one.is_own and any(token.text in (".", "->") for token in one.other)
    )
    return next(fields, "")
