"""The real `bttop` in a terminal, over probe files whose bpftrace is the stand-in."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import bttop
from bttop.engine.host.host import Host, check_can_trace
from bttop.errors import CannotTrace
from bttop.model.plan import Plan
from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import prepare
from tests.real import tracing
from tests.standin import standin
from tests.terminal import Terminal

SOURCES: Final = str(Path(bttop.__file__).parents[1])
INTERVAL: Final = 0.25
KEYS: Final = {
    "Enter": "\r", "Esc": "\x1b", "Tab": "\t", "S-Tab": "\x1b[Z", "Up": "\x1b[A", "Down": "\x1b[B", "Right": "\x1b[C",
    "Left": "\x1b[D", "PgUp": "\x1b[5~", "PgDn": "\x1b[6~", "Home": "\x1b[H", "End": "\x1b[F", "Space": " ",
    "C-p": "\x10", "C-c": "\x03", "C-l": "\x0c", "C-z": "\x1a", "F1": "\x1bOP",
}  # fmt: skip
CALLS: Final = "profile:hz:99 { @calls[pid, comm] = count(); }"
MANY: Final = {"18421,java": 900, "9112,nginx": 700, "842,dd": 500} | {f"{n},worker{n}": n for n in range(1, 39)}
FOREVER: Final = None


def require_tracing() -> None:
    """Skip where the real command refuses to start, with the command's own reason."""
    try:
        check_can_trace(Host.read())
    except CannotTrace as refusal:
        tracing.unable(refusal.cause)


def plan_of(text: str) -> Plan:
    """What the prepared text of a script promises to print."""
    return prepare(read(text)).plan


def record(text: str, name: str, rows: Any, kind: str = "map") -> dict[str, Any]:
    """What bpftrace prints for a map of the prepared script."""
    plan = plan_of(text)
    return {"type": kind, "data": {next((bank for bank, user in plan.aliases.items() if user == name), name): rows}}


def beat(text: str, *records: object, times: int | None = FOREVER, seconds: float = INTERVAL) -> list[Any]:
    """The step that prints these records once an interval, with the script's heartbeat."""
    return ["beat", plan_of(text).heartbeats[0], seconds, times, list(records)]


def probe(text: str, steps: Sequence[Sequence[Any]]) -> str:
    """A probe file whose stand-in carries out these steps."""
    # A script that mentions the names of bttop's own maps, be it in a comment, would run without edits.
    hidden = json.dumps(steps).replace("__bt", "_\\u005fbt")
    return f"// standin: {hidden}\n{text}\n"


def counting(rows: Mapping[str, int] = MANY) -> str:
    """A probe that counts these rows in every interval."""
    return probe(CALLS, [["attach", 1], beat(CALLS, record(CALLS, "@calls", dict(rows)))])


class Dashboard:
    """The screen as a user sees it and types into it."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    @property
    def text(self) -> str:
        return self.terminal.text

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def wait_for(self, *conditions: Callable[[], bool] | str) -> None:
        """Wait until all conditions hold at once; a text stands for its presence on the screen."""

        def all_hold() -> bool:
            text = self.text
            return all(one in text if isinstance(one, str) else one() for one in conditions)

        try:
            self.terminal.wait_for(all_hold)
        except AssertionError as failure:
            raise AssertionError(f"{conditions}\n{failure}") from None

    def wait_until_gone(self, *texts: str) -> None:
        """Wait until none of the texts stands on the screen."""
        self.wait_for(*[lambda text=text: text not in self.text for text in texts])

    def press(self, *keys: str) -> None:
        """Type keys by their names, and everything else as it is; a lone Esc is read before what follows."""
        for key in keys:
            self.terminal.send(KEYS.get(key, key))
            if key == "Esc":
                self.terminal.wait_until_read()

    def place(self, text: str) -> tuple[int, int]:
        """Column and row, from 1, where the text begins on the screen."""
        row = next(number for number, line in enumerate(self.lines) if text in line)
        return self.lines[row].index(text) + 1, row + 1

    def click(self, text: str, times: int = 1) -> None:
        """Click where the text stands, once it stands still: a board that is laid out anew moves under the mouse."""
        self.wait_for(text)
        before: list[tuple[int, int]] = []

        def stands_still() -> bool:
            before.append(self.place(text) if text in self.text else (0, 0))
            time.sleep(0.1)
            return len(before) > 1 and before[-1] == before[-2] != (0, 0)

        self.wait_for(stands_still)
        x, y = before[-1]
        self.terminal.send(f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m" * times)

    def wheel(self, text: str, *, down: bool) -> None:
        """Turn the wheel by one step where the text stands."""
        x, y = self.place(text)
        self.terminal.send(f"\x1b[<{65 if down else 64};{x};{y}M")

    def line(self, text: str) -> str:
        """The line that contains the text; empty where none does."""
        return next((line for line in self.lines if text in line), "")

    def names(self) -> list[str]:
        """The process names of MANY that are on screen, from the top."""
        known = {key.partition(",")[2] for key in MANY}
        return [word for word in re.findall(r"(?<=\d )\S+", self.text) if word in known]


@contextmanager
def dashboard(
    folder: Path,
    probes: Mapping[str, str],
    columns: int = 80,
    rows: int = 24,
    options: Sequence[str] = (),
    command: Sequence[str] = (sys.executable, "-m", "bttop"),
) -> Iterator[Dashboard]:
    """Run `bttop` over these probe files, by name, in the order given."""
    require_tracing()
    for name, text in probes.items():
        (folder / f"{name}.bt").write_text(text)
    bpftrace = standin(folder)
    env = {"PYTHONPATH": SOURCES, "XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    # The stand-in plays its steps whatever it is given: the twin of a look would begin them too early. The loads of
    # tests are above any sensible budget.
    usual = ["--probes", str(folder), "--bpftrace", str(bpftrace), "-i", str(INTERVAL), "--force", "--budget", "100"]
    whole = [*command, *probes, *usual, *options]
    # There and not in the checkout, whose snapshots would get what a silent pane records by itself.
    with Terminal(["env", "-C", str(folder), *whole], columns, rows, env) as terminal:
        yield Dashboard(terminal)


def still_set(sent: bytes) -> list[bytes]:
    """What would undo the modes that the program has not undone since it took the terminal last."""
    undoing = (b"?1049l", b"?25h", b"?1000l", b"?1003l", b"?1006l", b"?2004l")
    return [one for one in undoing if sent.rfind(b"\x1b[" + one) < sent.rfind(b"\x1b[?1049h")]


def assert_restored(terminal: Terminal) -> None:
    """After the program's end: the shell has its terminal back as it was."""
    assert still_set(terminal.everything()) == []
    assert terminal.attributes() == terminal.attributes_before
