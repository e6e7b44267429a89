"""The one-liner prompt: type or paste a program or a whole shell line, get a pane. Nothing typed is run by a shell."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.attempts import Settings
from bttop.engine.check import complaints
from bttop.engine.inclusions import doubt_of_included
from bttop.engine.questions import Question as Program
from bttop.engine.questions import from_text
from bttop.files import append, make_folder, write_whole
from bttop.model.dialect import dialect
from bttop.model.text import visible
from bttop.paths import state_home
from bttop.script.naming import name_of
from bttop.script.oneliner import OneLiner, Refused, read_one_liner
from bttop.script.pin import Pin
from bttop.script.prepare import prepare
from bttop.script.reader import Unreadable, read
from bttop.trust import Trust
from bttop.ui.ask import Question
from bttop.ui.completion import completer
from bttop.ui.spans import Line, Span

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp

KEPT = 500
"""Lines of history kept across runs."""
LONGEST_FILE = 1 << 18
"""Bytes of the file above which it is trimmed, to half of that at most."""


class History:
    """What was asked before, kept in the user's state folder; a folder that cannot be written only loses memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or state_home() / "history"
        self._lines = self._read()

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self._lines)

    def add(self, text: str) -> None:
        """Remember a line; several lines of a program are one."""
        self._lines = [*[one for one in self._lines if one != text][-KEPT + 1 :], text]
        try:
            make_folder(self._path.parent)
            append(self._path, _folded(text))
            size = self._path.stat().st_size
        except OSError:
            return
        if size > LONGEST_FILE:
            self._trim()

    def _trim(self) -> None:
        """Leave in the file what will be read of it: the newest lines of all runs, each once."""
        kept = [_folded(line) for line in self._read()]
        while kept and sum(map(len, kept)) > LONGEST_FILE // 2:
            kept.pop(0)
        with contextlib.suppress(OSError):
            write_whole(self._path, b"".join(kept))

    def _read(self) -> list[str]:
        try:
            data = Trust.of_root().read(self._path)
        except OSError:
            return []
        # Only \n ends a line: what else Python takes for a line's end may stand in a program.
        lines = [_unfolded(line.decode(errors="surrogateescape")) for line in data.split(b"\n") if line]
        return list(reversed(dict.fromkeys(reversed(lines))))[-KEPT:]


def _folded(text: str) -> bytes:
    line = text.replace("\\", "\\\\").replace("\n", "\\n")
    return f"{line}\n".encode(errors="surrogateescape")


def _unfolded(line: str) -> str:
    return re.sub(r"\\([\\n])", lambda found: "\n" if found[1] == "n" else "\\", line)


class Prompt:
    """The `:` command."""

    def __init__(self, app: BttopApp) -> None:
        self._app = app
        self._history = History()

    def open(self, text: str = "", notes: Sequence[Line] = ()) -> None:
        """Ask for a program."""
        complete = completer(self._app.finder.kernel, self._app.engine.bpftrace.release)
        question = Question(":", self._answered, history=self._history.lines, complete=complete)
        self._app.ask(question, text, notes)

    def _answered(self, text: str | None) -> None:
        if text is None or not text.strip():
            return
        self._history.add(text)
        found = read_one_liner(text)
        if isinstance(found, Refused) or (why := _why_not(found, unsafe=self._unsafe)):
            self.open(text, [_note(found.reason if isinstance(found, Refused) else why, "error")])
            return
        program = self._program(found)
        settings = self._app.tracing.settings
        if found.pid:
            settings = replace(settings, pin=Pin(pids=(found.pid,)))
        self._app.run_worker(self._check_and_run(text, found, program, settings), exclusive=False)

    @property
    def _unsafe(self) -> bool:
        """Whether bttop was started with `--unsafe`; the gate asks then, before anything of that kind runs."""
        return self._app.engine.gate.allows_unsafe

    def _program(self, found: OneLiner) -> Program:
        """The program to run, from its text or from the file that the line names."""
        if found.program:
            return from_text(self._app.tracing.unique_name(name_of(read(found.program))), found.program)
        return self._app.shelf.question_from_file(found.file)

    async def _check_and_run(self, text: str, found: OneLiner, program: Program, settings: Settings) -> None:
        """Compile first: what bpftrace has against it is shown in place, before anything is attached."""
        self._app.tell("compiling …")
        if program.failure or not program.sources:
            self.open(text, [_note(program.failure, "error")])
            return
        source = program.sources[0]
        script = source.script
        if isinstance(script, Unreadable) and not script.text:
            self.open(text, [_note(script.reason, "error")])
            return
        doubt = doubt_of_included(source.text, settings.trust)
        if doubt:
            self.open(text, [_note(doubt, "error")])
            return
        engine = self._app.engine
        traits = dialect(engine.bpftrace.release)
        prepared = prepare(
            script,
            interval_ms=settings.interval_ms,
            pin=settings.pin,
            front=source.front,
            new_keys_collide=traits.new_keys_collide,
            empty_is_zero=traits.empty_is_zero,
        )
        wrong = await complaints(engine.errands, engine.bpftrace, prepared, source.name, unsafe=self._unsafe)
        if wrong:
            self.open(text, [_note(line, "error" if index == 0 else "warn") for index, line in enumerate(wrong)])
            return
        self._app.tracing.open(program, settings)
        notes = (*found.notes, *_left_out(found, unsafe=self._unsafe))
        self._app.tell("; ".join(notes) or f"{program.name} runs; w saves it, X closes it")


def _why_not(found: OneLiner, *, unsafe: bool) -> str:
    """Why a line that was understood is not run; empty when it is."""
    if "--unsafe" in found.options and not unsafe:
        return "--unsafe would let the program change the system; only `bttop --unsafe` passes it on, after a question"
    if found.args:
        # bttop gives `$1` a value of its own: the pin.
        return f"parameters are not passed on: write {' '.join(found.args)} in the place of $1, $2 and so on"
    return ""


def _left_out(found: OneLiner, *, unsafe: bool) -> Iterator[str]:
    """What the line asks for beside the program that bttop sets by itself."""
    left_out = [*(f"{name}={value}" for name, value in found.environment), *found.options]
    if unsafe and "--unsafe" in left_out:
        left_out.remove("--unsafe")
    if left_out:
        yield f"left out: {' '.join(left_out)}"


def _note(text: str, role: str) -> Line:
    return (Span(f" {visible(text)}", role),)
