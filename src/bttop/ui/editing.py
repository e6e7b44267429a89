"""The pane's script in `$EDITOR`, with collection going on behind it."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.attempts import Source
from bttop.files import create_with, make_folder, write_whole
from bttop.model.text import visible_name
from bttop.paths import config_home, shipped, state_home
from bttop.trust import Trust, Untrusted
from bttop.ui.ask import Question

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp

_USUAL = ("sensible-editor", "editor", "vim", "vi", "nano")


def editor_command() -> list[str] | None:
    """The user's editor as an argument list that begins with its path, or None when there is none to be found. Raises
    Untrusted as root where another user could have put it there."""
    wanted = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    try:
        choices = [shlex.split(wanted)] if wanted else [[name] for name in _USUAL]
    except ValueError:
        return None  # a quote that is never closed
    for words in choices:
        path = shutil.which(words[0]) if words else None
        if path is not None:
            Trust.of_root().check(Path(path))
            return [path, *words[1:]]
    return None


def place_to_edit(source: Source) -> Path:
    """The file to open: the user's own as it is; a shipped probe as a copy in the user's library, which then wins;
    a one-liner as a file of bttop's state folder. May raise OSError."""
    if source.path is not None and not source.path.is_relative_to(shipped("probes")):
        return source.path
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", source.name.removesuffix(".bt")).strip("._") or "program"
    folder = config_home() / "probes" if source.path is not None else state_home() / "programs"
    path = folder / f"{name}.bt"
    make_folder(folder)
    if source.path is None or not path.exists():
        write_whole(path, source.text.encode())
    return path


def save(app: BttopApp) -> None:
    """Ask for a name and write the pane's program, as it is or was at the moment on show, as a probe file of the
    user's library."""
    sources = app.pane.program.page(app.travel.clock.at).sources
    if not sources:
        app.tell("there is nothing to save", "warn")
        return
    folder = config_home() / "probes"

    def done(name: str | None) -> None:
        if name is not None and name.strip():
            _write(app, name.strip().removesuffix(".bt"), sources[0].text)

    name = sources[0].name
    usual = name.removesuffix(".bt") if name.endswith(".bt") else ""
    app.ask(Question(f"save to {folder}/", done), usual)


def _write(app: BttopApp, name: str, text: str) -> None:
    if name.startswith((".", "-")) or "/" in name or visible_name(name) != name:
        app.tell("a probe's name is plain text without a slash or a leading dot or dash", "warn")
        return
    path = config_home() / "probes" / f"{name}.bt"
    app.reloads.wrote(path)
    try:
        make_folder(path.parent)
        create_with(path, (text if text.endswith("\n") else text + "\n").encode())
    except FileExistsError as error:
        app.tell(f"{error.filename} exists already; choose another name", "warn")
        return
    except OSError as error:
        app.tell(f"{path}: {error.strerror}", "error")
        return
    app.tell(f"saved; `bttop {name}` runs it")


def edit(app: BttopApp) -> None:
    """Open the pane's script; when the editor is left and the text differs, the program is reloaded."""
    app.run_worker(_edit(app), exclusive=True, group="editor")


async def _edit(app: BttopApp) -> None:
    program = app.running
    if not program.sources:
        app.tell("this pane has no script to edit", "warn")
        return
    try:
        command = editor_command()
    except Untrusted as doubt:
        app.tell(f"editor {doubt}; {doubt.command}", "error")
        return
    if command is None:
        wanted = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "$EDITOR"
        app.tell(f"no editor: {wanted} is not installed; export EDITOR=vi", "error")
        return
    try:
        path = place_to_edit(program.sources[0])
    except OSError as error:
        app.tell(f"{error.filename or program.name}: {error.strerror}", "error")
        return
    app.reloads.wrote(path)
    # Repaints must not pile up behind a terminal that the editor owns: batch_update holds them back.
    with app.batch_update(), app.suspend(), app.last_resort.interrupts_ignored():
        try:
            process = await asyncio.create_subprocess_exec(*command, str(path))
            code = await process.wait()
        except OSError as error:
            app.tell(f"{command[0]}: {error.strerror}", "error")
            return
    if code != 0:
        app.tell(f"{Path(command[0]).name} ended with {code}; nothing is reloaded", "warn")
        return
    app.reloads.reload_program(program, path)
