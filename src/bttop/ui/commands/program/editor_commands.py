"""Edit the pane's script in `$EDITOR`; collection continues meanwhile."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.files import make_folder, write_whole
from bttop.paths import config_home, shipped, state_home
from bttop.trust import Trust, Untrusted
from bttop.ui.commands.command import Command, TracingGroup
from bttop.ui.services.collaborators import Collaborators

if TYPE_CHECKING:
    from bttop.engine.generation.source import Source
    from bttop.ui.services.tracing import Tracing


_USUAL = ("sensible-editor", "editor", "vim", "vi", "nano")


def editor_command() -> list[str] | None:
    """The user's editor as an argument list that begins with its path; None if no editor is found. As root it raises
    Untrusted if another user could have put the file there."""
    wanted = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    try:
        choices = [shlex.split(wanted)] if wanted else [[name] for name in _USUAL]
    except ValueError:
        return None  # a quote that is not closed
    for words in choices:
        path = shutil.which(words[0]) if words else None
        if path is not None:
            Trust.of_root().check(Path(path))
            return [path, *words[1:]]
    return None


def place_to_edit(source: Source) -> Path:
    """The file to open: a file of the user itself; for a shipped probe a copy in the user's library, which then takes
    precedence; for a one-liner a file in bttop's state folder. May raise OSError."""
    path = _place_of(source)
    if path == source.path:
        return path
    make_folder(path.parent)
    if source.path is None or not path.exists():
        write_whole(path, source.text.encode())
    return path


def _place_of(source: Source) -> Path:
    if source.path is not None and not source.path.is_relative_to(shipped("probes")):
        return source.path
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", source.name.removesuffix(".bt")).strip("._") or "program"
    folder = config_home() / "probes" if source.path is not None else state_home() / "programs"
    return folder / f"{name}.bt"


def _differs(path: Path, source: Source) -> bool:
    """Whether a file has another text than the one that runs; a file that is gone has none."""
    try:
        return path.read_bytes() != source.text.encode()
    except OSError:
        return False


class EditorCommands:
    """The command that edits the pane's script."""

    def __init__(self, around: Collaborators, tracing: Tracing) -> None:
        self._around = around
        self._tracing = tracing

    def edit(self) -> None:
        """Open the pane's script in the editor; reload the program afterwards if the text has changed."""
        self._around.screen.in_background(self._edit(), only_one="editor")

    async def _edit(self) -> None:
        screen = self._around.screen
        program = self._tracing.programs.running(self._around.pane.program)
        source = program.page().source  # the fallback if one runs: another script would not start here
        if source is None:
            screen.tell("this pane has no script to edit", "warn")
            return
        try:
            command = editor_command()
        except Untrusted as doubt:
            screen.tell(f"editor {doubt}; {doubt.command}", "error")
            return
        if command is None:
            wanted = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "$EDITOR"
            screen.tell(f"no editor: {wanted} is not installed; export EDITOR=vi", "error")
            return
        is_new = not _place_of(source).exists()
        try:
            path = place_to_edit(source)
        except OSError as error:
            screen.tell(f"{error.filename or program.name}: {error.strerror}", "error")
            return
        self._tracing.reloads.wrote(path)
        try:
            code = await self._run([*command, str(path)])
        except OSError as error:
            screen.tell(f"{command[0]}: {error.strerror}", "error")
            return
        if code != 0:
            screen.tell(f"{Path(command[0]).name} ended with {code}; nothing was reloaded", "warn")
            return
        if is_new and not _differs(path, source):
            path.unlink(missing_ok=True)  # else the copy would hide later versions of the shipped probe
        if _differs(path, source):
            self._tracing.reloads.reload_program(program, path)
        else:
            screen.tell(f"{path.name} is unchanged; {program.name} runs on")

    async def _run(self, command: list[str]) -> int:
        """Run a program that has the terminal meanwhile; return its exit code. May raise OSError."""
        with self._around.screen.without_screen():
            process = await asyncio.create_subprocess_exec(*command)
            return await process.wait()


GROUPS = (
    TracingGroup(
        EditorCommands,
        (Command("edit", ("e",), "Edit the pane's script in $EDITOR", "Programs", 10, EditorCommands.edit),),
    ),
)
