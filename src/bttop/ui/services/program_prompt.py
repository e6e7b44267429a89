"""The one-liner prompt: a typed or pasted program or bpftrace command line becomes a pane. No shell runs the text."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bttop.engine.engine import Engine
from bttop.engine.generation.candidates import Settings, Source
from bttop.engine.host.included_files import doubt_of_included
from bttop.engine.request.questions import ProgramRequest as Program
from bttop.engine.request.questions import from_text
from bttop.engine.tracer.program_check import complaints
from bttop.files import append, make_folder, write_whole
from bttop.model.format.text import visible
from bttop.paths import state_home
from bttop.script.language.reader import Unreadable, read
from bttop.script.library.program_name import name_of
from bttop.script.one_liner import OneLiner, OneLinerRefused, read_one_liner
from bttop.script.process.pin import Pin
from bttop.trust import Trust
from bttop.ui.dialogs.completion import completer
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.render.spans import Line, Span
from bttop.ui.services.running_programs import RunningPrograms
from bttop.ui.services.screen_access import ScreenAccess

KEPT = 500
"""Entries of the history that are kept across runs."""
LONGEST_FILE = 1 << 18
"""Size of the history file in bytes above which it is trimmed, to at most half of that."""


class PromptHistory:
    """Earlier entries of the prompt, kept in the user's state folder. If that cannot be written, the history lasts
    until bttop ends."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or state_home() / "history"
        self._lines = self._read()

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self._lines)

    def add(self, text: str) -> None:
        """Add an entry; a program of several lines is one entry."""
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
        """Keep in the file only what will be read: the newest entries of all runs, each once."""
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
        # Only \n ends an entry: a program may contain the other line ends that Python knows.
        lines = [_unfolded(line.decode(errors="surrogateescape")) for line in data.split(b"\n") if line]
        return list(reversed(dict.fromkeys(reversed(lines))))[-KEPT:]


def _folded(text: str) -> bytes:
    line = text.replace("\\", "\\\\").replace("\n", "\\n")
    return f"{line}\n".encode(errors="surrogateescape")


def _unfolded(line: str) -> str:
    return re.sub(r"\\([\\n])", lambda found: "\n" if found[1] == "n" else "\\", line)


class ProgramPrompt:
    """The `:` command."""

    def __init__(self, engine: Engine, programs: RunningPrograms, screen: ScreenAccess) -> None:
        self._engine = engine
        self._programs = programs
        self._screen = screen
        self._history = PromptHistory()

    def open(self, text: str = "", notes: Sequence[Line] = ()) -> None:
        """Ask for a program."""
        complete = completer(self._programs.kernel, self._engine.bpftrace.release)
        question = InputQuestion(":", self._answered, history=self._history.lines, complete=complete)
        self._screen.ask(question, text, notes)

    def _answered(self, text: str | None) -> None:
        if text is None or not text.strip():
            return
        self._history.add(text)
        found = read_one_liner(text)
        if isinstance(found, OneLinerRefused) or (why := _why_not(found, unsafe=self._unsafe)):
            self.open(text, [_note(found.reason if isinstance(found, OneLinerRefused) else why, "error")])
            return
        program = self._program(found)
        settings = self._programs.settings
        if found.pid:
            settings = replace(settings, pin=Pin(pids=(found.pid,)))
        self._screen.in_background(self._check_and_run(text, found, program, settings))

    @property
    def _unsafe(self) -> bool:
        """Whether bttop was started with `--unsafe`; the admission then asks before an unsafe program runs."""
        return self._engine.runner.admission.allows_unsafe

    def _program(self, found: OneLiner) -> Program:
        """The program to run, from its text or from the file that the line names."""
        if found.program:
            return from_text(self._programs.unique_name(name_of(read(found.program))), found.program)
        return self._programs.question_from_file(found.file)

    async def _check_and_run(self, text: str, found: OneLiner, program: Program, settings: Settings) -> None:
        """Compile the program first: bpftrace's errors are shown above the prompt, before anything is attached."""
        self._screen.tell("compiling …")
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
        wrong = await self._complaints(source, settings)
        if wrong:
            self.open(text, [_note(line, "error" if index == 0 else "warn") for index, line in enumerate(wrong)])
            return
        self._programs.open(program, settings)
        notes = (*found.notes, *_left_out(found, unsafe=self._unsafe))
        self._screen.tell("; ".join(notes) or f"{program.name} runs; w saves it, X closes it")

    async def _complaints(self, source: Source, settings: Settings) -> Sequence[str]:
        """What bpftrace has against the text that would run; nothing where this kernel lacks what it attaches to, which
        the pane then explains."""
        engine = self._engine
        candidate = engine.runner.candidates((source,), settings).current(lambda *_: None)
        if candidate is None:
            return ()
        return await complaints(engine.queries, engine.bpftrace, candidate.prepared, source.name, unsafe=self._unsafe)


def _why_not(found: OneLiner, *, unsafe: bool) -> str:
    """Why a line that was understood cannot run; empty if it can."""
    if "--unsafe" in found.options and not unsafe:
        return "--unsafe would let the program change the system; only `bttop --unsafe` passes it on, and asks first"
    if found.args:
        # bttop uses `$1` for the pin.
        return f"parameters are not passed on: write {' '.join(found.args)} instead of $1, $2 and so on"
    return ""


def _left_out(found: OneLiner, *, unsafe: bool) -> Iterator[str]:
    """The options and variables of the line that are ignored, because bttop sets them itself."""
    left_out = [*(f"{name}={value}" for name, value in found.environment), *found.options]
    if unsafe and "--unsafe" in left_out:
        left_out.remove("--unsafe")
    if left_out:
        yield f"left out: {' '.join(left_out)}"


def _note(text: str, role: str) -> Line:
    return (Span(f" {visible(text)}", role),)
