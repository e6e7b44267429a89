"""Save the pane's script as a probe file of the user's library."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.errors import bttop_command
from bttop.files import create_with, make_folder
from bttop.model.format.text import visible_name
from bttop.paths import config_home
from bttop.ui.commands.command import Command, CommandGroup
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.services.collaborators import Collaborators

if TYPE_CHECKING:
    from bttop.engine.generation.source import Source


class SaveCommands:
    """The command that saves a probe file."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around

    def save(self) -> None:
        """Ask for a name and save the pane's script of the moment on show as a probe file of the user's library."""
        sources = self._around.pane.program.page(self._around.time.cursor.at).sources
        if not sources:
            self._around.screen.tell("there is nothing to save", "warn")
            return
        folder = config_home() / "probes"

        def done(name: str | None) -> None:
            if name is not None and name.strip():
                self._write(name.strip().removesuffix(".bt"), sources[0])

        name = sources[0].name
        usual = name.removesuffix(".bt") if name.endswith(".bt") else ""
        self._around.screen.ask(InputQuestion(f"save to {folder}/", done, proposes=True), usual)

    def _write(self, name: str, source: Source) -> None:
        tell, text = self._around.screen.tell, source.text
        if name.startswith((".", "-")) or "/" in name or visible_name(name) != name:
            tell("a probe's name is plain text without a slash or a leading dot or dash", "warn")
            return
        path = config_home() / "probes" / f"{name}.bt"
        if self._around.tracing is not None:
            self._around.tracing.reloads.wrote(path)
        try:
            make_folder(path.parent)
            create_with(path, (text if text.endswith("\n") else text + "\n").encode())
        except FileExistsError as error:
            tell(f"{error.filename} already exists; choose another name", "warn")
            return
        except OSError as error:
            tell(f"{path}: {error.strerror}", "error")
            return
        tell(f"saved; `{_command(name, path, source)}` runs it")


def _command(name: str, path: Path, source: Source) -> str:
    """The command that runs a saved probe file, with the options and variables that its source had."""
    settings = [f"{name}={value}" for name, value in source.environment]
    if not settings and not source.options:
        return f"bttop {name}"
    return bttop_command("-e", shlex.join([*settings, "bpftrace", *source.options, str(path), *source.given]))


GROUPS = (
    CommandGroup(
        SaveCommands,
        (Command("save", ("w",), "Save the pane's script as a probe file", "Programs", 11, SaveCommands.save),),
    ),
)
