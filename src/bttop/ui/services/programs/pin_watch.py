"""Checks whether pinned processes have ended: the panes of an ended process keep their last flush."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bttop.engine.session import ProcessSource
from bttop.ui.board.board import Board
from bttop.ui.board.frame.pin_text import pin_text

if TYPE_CHECKING:
    from bttop.ui.services.screen_access import ScreenAccess


def mark_ended_pins(board: Board, processes: ProcessSource, screen: ScreenAccess) -> None:
    """Mark the panes whose pinned processes have all ended, and tell the user once for each pin."""
    now = datetime.now().astimezone()
    ended: dict[str, list[str]] = {}
    for pane in board.panes:
        pin = pane.program.page().pin
        if pin is None or not pin.pids or not all(processes.on(pin.host).has_ended(pid) for pid in pin.pids):
            pane.set_ended("")
        elif not pane.ended:
            pane.set_ended(f"ended {now:%H:%M:%S}: {pin_text(pin)}")
            ended.setdefault(pin_text(pin), []).append(pane.program.name)
    for pin_words, names in ended.items():
        programs = list(dict.fromkeys(names))
        key = "u unpins" if len(programs) == 1 else "U unpins all"
        screen.tell(f"{', '.join(programs)}: {pin_words} ended {now:%H:%M:%S}; {key}", "warn", joins=True)
