"""Commands for the screen: help, theme, redraw, palette, suspend and quit."""

from __future__ import annotations

from bttop.ui.commands.command import Command, CommandGroup, Hint
from bttop.ui.services.collaborators import Collaborators


class ScreenCommands:
    """The commands for the whole screen."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around

    def use_next_theme(self) -> None:
        """Use the next theme."""
        self._around.themes.use_next()

    def redraw(self) -> None:
        """Redraw the screen."""
        self._around.screen.redraw()

    def open_palette(self) -> None:
        """Show all commands by name."""
        self._around.screen.open_palette()

    def stop(self) -> None:
        """Stop bttop and return to the shell, if there is one."""
        from bttop.ui.terminal.job_control import has_shell, stop_job

        if has_shell():
            stop_job()
        else:
            self._around.screen.tell("Ctrl-Z does nothing here: there is no shell that could continue bttop", "warn")

    def show_help(self) -> None:
        """Show all keys."""
        from bttop.ui.dialogs.sheet import Sheet

        self._around.screen.show(Sheet("bttop: keys", self._around.help_lines, self._around.themes.theme))

    def leave(self) -> None:
        """Quit with exit code 0."""
        self._around.screen.leave()


GROUPS = (
    CommandGroup(
        ScreenCommands,
        (
            Command("theme", ("t",), "Next theme", "Screen", 5, ScreenCommands.use_next_theme, needs_no_pane=True),
            Command("redraw", ("ctrl+l",), "Redraw the screen", "Screen", 6, ScreenCommands.redraw, needs_no_pane=True),
            Command(
                "palette",
                ("ctrl+p",),
                "All commands by name",
                "Screen",
                7,
                ScreenCommands.open_palette,
                needs_no_pane=True,
            ),
            Command(
                "stop-job",
                ("ctrl+z",),
                "Back to the shell; fg resumes bttop",
                "Screen",
                8,
                ScreenCommands.stop,
                needs_no_pane=True,
            ),
            Command(
                "help",
                ("question_mark", "f1"),
                "This page",
                "Screen",
                9,
                ScreenCommands.show_help,
                needs_no_pane=True,
                hint=Hint("all", live=9, past=9),
            ),
            Command(
                "quit",
                ("q", "ctrl+c"),
                "Quit; every probe is detached",
                "Screen",
                10,
                ScreenCommands.leave,
                needs_no_pane=True,
                hint=Hint("quit", live=10, past=10),
            ),
        ),
    ),
)
