"""The modules of a package that declare what is added to bttop."""

from __future__ import annotations

from bttop.extensions import modules_in
from bttop.ui import commands, views


def test_the_modules_of_a_folder_are_in_the_order_of_their_names_and_those_below_only_if_asked() -> None:
    here = [one.__name__ for one in modules_in(commands)]
    below = [one.__name__ for one in modules_in(commands, below=True)]
    assert here == sorted(here)
    assert "bttop.ui.commands.table_commands" in here
    assert set(below) - set(here) >= {"bttop.ui.commands.program.pin_commands"}
    assert set(here) < set(below)


def test_a_package_declares_by_itself() -> None:
    assert "bttop.ui.views.flame" in [one.__name__ for one in modules_in(views)]
