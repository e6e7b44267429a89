"""bpftrace's own command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bttop.script.pasted.one_liner import OneLiner, OneLinerRefused, shown
from bttop.script.pasted.shell import ShellWord

_DROPPED: Final = {
    "-v": 0, "-vv": 0, "--verbose": 0, "-q": 0, "--quiet": 0, "-f": 1, "-o": 1, "--output": 1, "-B": 1,
    "--no-warnings": 0,
}  # fmt: skip
"""Options that bttop leaves out, because it reads bpftrace's output itself, each with its number of values."""
_KEPT: Final = {
    "-k": 0, "-kk": 0, "--warnings": 0, "--include": 1, "-I": 1, "--unsafe": 0, "--usdt-file-activation": 0,
    "--debuginfo": 1, "--dwarf-pid": 1, "--no-feature": 1, "--traceable-functions": 1,
}  # fmt: skip
_ATTACHED: Final = ("-e", "-p", "-c", "-f", "-o", "-B", "-I")
"""Options whose value may be in the same word."""
_LISTS: Final = "lists probes and traces nothing: type a program, and search probes with the key a"
_SHOWS: Final = "shows facts and traces nothing: run `bttop doctor`"
_COMPILES: Final = "only compiles and traces nothing: leave it out"
_TESTS: Final = "runs tests and traces nothing: leave it out"
_REFUSED: Final = {
    "-c": "starts a command: start it elsewhere, and type its PID behind -p",
    "--cmd": "starts a command: start it elsewhere, and type its PID behind -p",
    **dict.fromkeys(("-l", "-lv", "-vl", "--list"), _LISTS),
    **dict.fromkeys(("--info", "-V", "--version", "-h", "--help"), _SHOWS),
    **dict.fromkeys(("-d", "-dd", "--debug", "--dry-run", "--emit-elf", "--emit-llvm", "--fmt", "--aot"), _COMPILES),
    **dict.fromkeys(("--test", "--test-mode", "--mode", "--bench", "--probe-filter", "--verify-llvm-ir"), _TESTS),
}
PIN_NOTE: Final = "-p became the pin: up to bpftrace 0.23 it does not restrict tracepoints and kprobes"


class Invocation(Struct, frozen=True):
    """The words behind `bpftrace`."""

    one_liner: OneLiner
    """`args` begins with the script if there is no `-e`."""
    has_program: bool
    first: ShellWord
    """The first positional word; empty without one."""


def read_options(words: Sequence[ShellWord]) -> Invocation | OneLinerRefused:
    """Read the words behind `bpftrace`."""
    fault = next((word.fault for word in words if word.fault), "")
    return OneLinerRefused(fault) if fault else _Options(words).read()


class _Options:
    def __init__(self, words: Sequence[ShellWord]) -> None:
        self._words = list(words)
        self._notes: list[str] = []
        self._program: str | None = None
        self._pid = 0
        self._kept: list[str] = []
        self._positional: list[ShellWord] = []

    def read(self) -> Invocation | OneLinerRefused:
        while self._words:
            word = self._words.pop(0)
            if word.text == "--":
                self._positional += self._words
                break
            if word.inner or not word.text.startswith("-") or len(word.text) == 1:
                self._positional.append(word)
            elif refused := self._option(word.text):
                return refused
        return self._result()

    def _result(self) -> Invocation | OneLinerRefused:
        if self._program is not None and not self._program.strip():
            return OneLinerRefused("the program behind -e is empty: type it between '…'")
        args = tuple(word.text for word in self._positional)
        found = OneLiner(self._program or "", "", False, self._pid, args, tuple(self._kept), (), tuple(self._notes))
        return Invocation(found, self._program is not None, self._positional[0] if self._positional else ShellWord(""))

    def _option(self, word: str) -> OneLinerRefused | None:
        name, value = _split(word)
        if name in _REFUSED:
            return OneLinerRefused(f"{name} {_REFUSED[name]}")
        if name in ("-e", "-p", "--pid"):
            return self._main(name, value)
        known = {**_DROPPED, **_KEPT}
        if name not in known:
            return OneLinerRefused(
                f"bttop does not know the option {shown(name)}: leave it out, or type -- in front of a script's options"
            )
        values = [self._take(value)] if known[name] else []
        if None in values:
            return _without_value(name)
        given = [name, *(one for one in values if one is not None)]
        if name in _KEPT:
            self._kept += given
        else:
            self._notes.append(f"left out: {shown(' '.join(given))}")
        return None

    def _main(self, name: str, inline: str | None) -> OneLinerRefused | None:
        value = self._take(inline)
        if value is None:
            return _without_value(name)
        if name == "-e":
            self._program = value
        elif re.fullmatch("[1-9][0-9]{0,9}", value):
            self._pid = int(value)
            self._notes.append(PIN_NOTE)
        else:
            return OneLinerRefused(f"{shown(value)} is not a process id: type a number behind {name}")
        return None

    def _take(self, inline: str | None) -> str | None:
        if inline is not None:
            return inline
        return self._words.pop(0).text if self._words else None


def _split(word: str) -> tuple[str, str | None]:
    """An option and the value attached to it: `-p123`, `--include=x`."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    if word[:2] in _ATTACHED and len(word) > 2:
        return word[:2], word[2:]
    return word, None


def _without_value(name: str) -> OneLinerRefused:
    return OneLinerRefused(f"{name} needs a value: type it behind {name}")
