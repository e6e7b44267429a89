"""Takes off what stands in front of bpftrace in one command: variables, and commands that run their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bttop.script.pasted.command_names import ASSIGNMENT, BPFTRACE, IN_FRONT, SCRIPT, SHELLS, WRAPPERS, Wrapper
from bttop.script.pasted.one_liner import OneLinerRefused, shown
from bttop.script.pasted.shell import ShellWord

_ROOT: Final = frozenset({"root", "0", "#0"})


class Unwrapped(Struct, frozen=True):
    """A command without what stands in front of it."""

    words: tuple[ShellWord, ...]
    environment: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    shell: ShellWord | None = None
    """The line of `sh -c '…'`; None if the command is not a shell."""


def unwrap(words: Sequence[ShellWord]) -> Unwrapped | OneLinerRefused:
    """Take assignments and known wrappers off the front of a command."""
    left = list(words)
    environment: list[tuple[str, str]] = []
    notes: list[str] = []
    while left:
        first = left[0]
        name = first.text.rpartition("/")[2]
        if BPFTRACE.fullmatch(first.text) or SCRIPT.fullmatch(first.text):
            break
        if assignment := ASSIGNMENT.fullmatch(first.text):
            if refused := _refused_variable(assignment[1], first):
                return refused
            environment.append((assignment[1], assignment[2]))
            left.pop(0)
        elif name in SHELLS and (line := _line_of_shell(left)) is not None:
            return Unwrapped((), tuple(environment), tuple(notes), line)
        elif name in WRAPPERS:
            notes += _take_off(left, name)
        else:
            return _refused_command(first, left)
    return Unwrapped(tuple(left), tuple(environment), tuple(notes))


def _refused_variable(name: str, word: ShellWord) -> OneLinerRefused | None:
    if word.fault:
        return OneLinerRefused(word.fault)
    if name.startswith("BPFTRACE_"):
        return None
    return OneLinerRefused(f"bpftrace gets only variables named BPFTRACE_… from bttop: leave out {shown(name)}=…")


def _refused_command(first: ShellWord, words: Sequence[ShellWord]) -> OneLinerRefused:
    name = first.text.rpartition("/")[2]
    if name in IN_FRONT:
        return OneLinerRefused(f"`{name}` stands in front of bpftrace and {IN_FRONT[name]}")
    if any(BPFTRACE.fullmatch(word.text) for word in words):
        return OneLinerRefused(
            f"`{shown(first.text)}` stands in front of bpftrace, and bttop runs no other command: type the line from "
            "`bpftrace` on"
        )
    return OneLinerRefused(f"`{shown(first.text)}` is not bpftrace")


def _line_of_shell(words: Sequence[ShellWord]) -> ShellWord | None:
    """The word behind `-c` of a shell."""
    for at, word in enumerate(words[1:-1], start=1):
        if word.text.startswith("-") and not word.text.startswith("--") and word.text.endswith("c"):
            return words[at + 1]
    return None


def _take_off(words: list[ShellWord], name: str) -> list[str]:
    """Remove a wrapper with its options and operands from the front; return what to tell about it."""
    wrapper = WRAPPERS[name]
    taken = [words.pop(0).text]
    user = ""
    while words and words[0].text.startswith("-") and words[0].text != "-":
        option = words.pop(0).text
        taken.append(option)
        if option == "--":
            break
        if _takes_value(option, wrapper) and words:
            taken.append(words.pop(0).text)
            user = taken[-1] if option == "-u" and name in ("sudo", "doas", "run0") else user
    for _ in range(wrapper.operands):
        if words:
            taken.append(words.pop(0).text)
    if wrapper.is_told:
        return [f"left out: {shown(' '.join(taken))}"]
    return [f"left out: {name} -u {shown(user)}"] if user and user not in _ROOT else []


def _takes_value(option: str, wrapper: Wrapper) -> bool:
    """Whether the next word is the value of an option such as `-u`."""
    return not option.startswith("--") and option[-1] in wrapper.valued
