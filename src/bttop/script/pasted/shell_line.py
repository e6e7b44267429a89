"""Finds the command of a shell line that runs bpftrace, and what it runs: a program, a file or its standard input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bttop.script.pasted.command_names import (
    ASSIGNMENT,
    BECOME_ROOT,
    BPFTRACE,
    IN_FRONT,
    PRODUCERS,
    RESERVED,
    SCRIPT,
)
from bttop.script.pasted.in_front import Unwrapped, unwrap
from bttop.script.pasted.one_liner import OneLiner, OneLinerRefused, shown
from bttop.script.pasted.options import Invocation, read_options
from bttop.script.pasted.program_source import ProgramText, ScriptFile, input_of, output_of
from bttop.script.pasted.shell import ShellCommand, ShellWord, commands_of

_STANDARD_INPUT: Final = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_DEEPEST: Final = 4
"""Shells inside one another (`sudo sh -c "…"`) that are followed."""


class _Line(Struct, frozen=True):
    """The pipeline that runs bpftrace."""

    producers: tuple[ShellCommand, ...]
    """The commands whose output it reads."""
    command: ShellCommand
    unwrapped: Unwrapped
    rest: tuple[ShellCommand, ...]


def read_commands(commands: Sequence[ShellCommand], depth: int = 0) -> OneLiner | OneLinerRefused:
    """What the commands of a line ask for."""
    line = _find(commands)
    if isinstance(line, OneLinerRefused):
        return line
    if line.unwrapped.shell is not None:
        return _inner_shell(line, depth)
    if any(_runs_bpftrace(one) for one in line.rest):
        return OneLinerRefused("these are several bpftrace commands: paste them one after the other")
    found = _read(line)
    return found if isinstance(found, OneLinerRefused) else _with_notes(found, line)


def _find(commands: Sequence[ShellCommand]) -> _Line | OneLinerRefused:
    """The first pipeline with bpftrace, behind commands that only set variables or become root."""
    environment: list[tuple[str, str]] = []
    start = 0
    for at, command in enumerate(commands):
        if command.name in RESERVED and command.name not in IN_FRONT:
            return OneLinerRefused(f"`{command.name}` is a part of a shell script: type the line from `bpftrace` on")
        if _runs_bpftrace(command):
            return _line(commands, start, at, environment)
        if command.name in IN_FRONT:
            return _other(command)
        if command.after in ("|", "|&"):
            continue
        if at > start or not _is_preparation(command, environment):
            return _other(commands[start])
        start = at + 1
    return _other(commands[start] if start < len(commands) else commands[-1]) if commands else _nothing()


def _line(
    commands: Sequence[ShellCommand], start: int, at: int, environment: Sequence[tuple[str, str]]
) -> _Line | OneLinerRefused:
    unwrapped = unwrap(commands[at].words)
    if isinstance(unwrapped, OneLinerRefused):
        return unwrapped
    unwrapped = replace(unwrapped, environment=(*environment, *unwrapped.environment))
    rest = commands[at + 1 :]
    return _Line(tuple(commands[start:at]), commands[at], unwrapped, tuple(rest))


def _runs_bpftrace(command: ShellCommand) -> bool:
    """Whether a command runs bpftrace, a script, or a shell that may do so."""
    found = unwrap(command.words)
    if isinstance(found, OneLinerRefused):
        return command.name not in PRODUCERS and any(BPFTRACE.fullmatch(word.text) for word in command.words)
    return found.shell is not None or _starts(found.words)


def _starts(words: Sequence[ShellWord]) -> bool:
    return bool(words) and bool(BPFTRACE.fullmatch(words[0].text) or SCRIPT.fullmatch(words[0].text))


def _is_preparation(command: ShellCommand, environment: list[tuple[str, str]]) -> bool:
    """Whether a command in front of bpftrace only sets bpftrace's variables, or makes a root shell."""
    words = [word.text for word in command.words if word.text != "export"]
    settings = [found for word in words if (found := ASSIGNMENT.fullmatch(word))]
    if words and len(settings) == len(words) and all(one[1].startswith("BPFTRACE_") for one in settings):
        environment += [(one[1], one[2]) for one in settings]
        return True
    return bool(words) and words[0] in BECOME_ROOT and all(one in BECOME_ROOT or one.startswith("-") for one in words)


def _other(command: ShellCommand) -> OneLinerRefused:
    """Why a command is not run."""
    known = next((word.text for word in command.words if word.text in IN_FRONT), "")
    if known:
        return OneLinerRefused(f"`{known}` stands in front of bpftrace and {IN_FRONT[known]}")
    if command.name == "cd":
        return OneLinerRefused("bttop stays in its own folder: type the line from `bpftrace` on, with the whole path")
    if command.name == "bttop":
        return OneLinerRefused("`bttop` is already running: type only the program, or the path of its file")
    name = shown(" ".join(word.text for word in command.words))
    return OneLinerRefused(
        f"`{name}` is not bpftrace, and bttop runs no other command: type a program, a line from `bpftrace` on, or the "
        "path of a .bt file"
    )


def _nothing() -> OneLinerRefused:
    return OneLinerRefused("there is no bpftrace in this line: type a program, or a line from `bpftrace` on")


def _inner_shell(line: _Line, depth: int) -> OneLiner | OneLinerRefused:
    """What the line inside `sh -c '…'` asks for."""
    inner = line.unwrapped.shell
    if inner is None or depth >= _DEEPEST:
        return _nothing()
    if inner.fault:
        return OneLinerRefused(inner.fault)
    found = read_commands(commands_of(inner.text), depth + 1)
    if isinstance(found, OneLinerRefused):
        return found
    return _with_notes(replace(found, environment=(*line.unwrapped.environment, *found.environment)), line)


def _read(line: _Line) -> OneLiner | OneLinerRefused:
    words = line.unwrapped.words
    is_command = not BPFTRACE.fullmatch(words[0].text)
    invocation = read_options(words if is_command else words[1:])
    if isinstance(invocation, OneLinerRefused):
        return invocation
    found = _with_program(invocation, line, is_command=is_command)
    if isinstance(found, OneLinerRefused):
        return found
    return replace(found, environment=line.unwrapped.environment)


def _with_program(invocation: Invocation, line: _Line, *, is_command: bool) -> OneLiner | OneLinerRefused:
    """The command with the program that `-e`, a file or the standard input holds."""
    one = invocation.one_liner
    if invocation.has_program:
        return one
    if not one.args:
        return OneLinerRefused("there is no program: type one behind -e, or the path of a .bt file")
    first, one = invocation.first, replace(one, args=one.args[1:])
    if first.inner:
        source = output_of(first.inner)
    elif first.text in _STANDARD_INPUT:
        source = input_of(line.command, line.producers)
    else:
        return replace(one, file=first.text, is_command=is_command and "/" not in first.text)
    match source:
        case ProgramText(text):
            return replace(one, program=text)
        case ScriptFile(path):
            return replace(one, file=path)
        case refused:
            return refused


def _with_notes(found: OneLiner, line: _Line) -> OneLiner:
    """Add what was left out around the command."""
    outputs = [f"{one.operator}{shown(one.word.text)}" for one in line.command.redirections if not one.feeds]
    notes = [*line.unwrapped.notes, *([f"left out: {' '.join(outputs)}"] if outputs else [])]
    operator = line.command.after
    if operator == "\n" and line.rest:
        notes.append("left out: the lines behind the command")
    elif operator not in ("", "\n") and (operator != ")" or line.rest):
        notes.append(f"left out: everything from `{operator}` on")
    return replace(found, notes=(*found.notes, *notes))
