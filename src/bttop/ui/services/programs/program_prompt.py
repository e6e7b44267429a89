"""The one-liner prompt: a typed or pasted program or bpftrace command line becomes a pane. No shell runs the text."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from bttop.engine.generation.source import Settings, Source
from bttop.engine.generation.stable_hints import hints_of
from bttop.engine.request.pinning import numbered
from bttop.engine.request.questions import ProgramRequest as Program
from bttop.engine.session import AnyEngine
from bttop.files import append, make_folder, write_whole
from bttop.model.format.text import visible
from bttop.paths import state_home
from bttop.script.language.reader import Unreadable
from bttop.trust import Trust
from bttop.ui.board.screen_bars.bars import KeyHint
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.render.spans import Line, Span
from bttop.ui.services.programs.running_programs import RunningPrograms
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

    def __init__(self, engine: AnyEngine, programs: RunningPrograms, screen: ScreenAccess) -> None:
        self._engine = engine
        self._programs = programs
        self._screen = screen
        self._history = PromptHistory()

    def open(self, text: str = "", notes: Sequence[Line] = (), settings: Settings | None = None) -> None:
        """Ask for a program and run it, by default with the dashboard's settings."""
        from bttop.ui.dialogs.completion import completer

        complete = completer(self._programs.kernel, self._engine.engine_of().bpftrace.release)
        asked_with = self._programs.settings if settings is None else settings
        question = InputQuestion(
            ":",
            lambda text: self._answered(text, asked_with),
            history=self._history.lines,
            complete=complete,
            keys=(KeyHint("Tab", "complete", ""), KeyHint("↑", "earlier", "")),
            accepts="run",
        )
        self._screen.ask(question, text, notes)

    def _answered(self, text: str | None, asked_with: Settings) -> None:
        from bttop.script.pasted.one_liner import OneLinerRefused

        if text is None or not text.strip():
            return
        self._history.add(text)
        program = self._programs.question_from_line(text, unsafe=self._unsafe)
        if isinstance(program, OneLinerRefused):
            self.open(text, [_note(program.reason, "error")], asked_with)
            return
        pin = None if program.pin is None else numbered(program.pin, self._engine.engine_of().numbers)
        if isinstance(pin, str):
            self.open(text, [_note(pin, "error")], asked_with)
            return
        settings = asked_with if pin is None else replace(asked_with, pin=pin)
        self._screen.in_background(self._check_and_run(text, program, settings))

    @property
    def _unsafe(self) -> bool:
        """Whether bttop was started with `--unsafe`; the admission then asks before an unsafe program runs."""
        return self._engine.engine_of().runner.admission.allows_unsafe

    async def _check_and_run(self, text: str, program: Program, settings: Settings) -> None:
        """Compile the program first: bpftrace's errors are shown above the prompt, before anything is attached. What
        was left out of a line is shown before it runs."""
        self._screen.tell("; ".join([*program.notes, "compiling …"]))
        if program.failure or not program.sources:
            self.open(text, [_note(program.failure, "error")], settings)
            return
        source = program.sources[0]
        script = source.script
        if isinstance(script, Unreadable) and not script.text:
            self.open(text, [_note(script.reason, "error")], settings)
            return
        doubt = source.doubt(settings.trust)
        if doubt:
            self.open(text, [_note(doubt, "error")], settings)
            return
        wrong = await self._complaints(source, settings)
        hints = () if len(program.sources) > 1 else hints_of(script, self._engine.host)
        if wrong:
            said = [_note(line, "error" if index == 0 else "warn") for index, line in enumerate(wrong)]
            self.open(text, [*said, *(_note(hint, "badge") for hint in hints)], settings)
            return
        self._programs.open(program, settings)
        notes = (*program.notes, *hints)
        if notes:
            self._screen.tell("; ".join(notes))
        else:
            self._programs.say_started(program.name, "starts; w saves it, X closes it")

    async def _complaints(self, source: Source, settings: Settings) -> Sequence[str]:
        """What bpftrace has against the text that would run; nothing where this kernel lacks what it attaches to, which
        the pane then explains."""
        from bttop.engine.tracer.program_check import complaints

        engine = self._engine.engine_of()
        candidate = engine.runner.candidates((source,), settings).current(lambda *_: None)
        if candidate is None:
            return ()
        return await complaints(
            engine.queries,
            engine.bpftrace,
            candidate.prepared,
            source.name,
            unsafe=self._unsafe,
            options=source.options,
            given=source.environment,
            folder=source.folder,
        )


def _note(text: str, role: str) -> Line:
    return (Span(f" {visible(text)}", role),)
