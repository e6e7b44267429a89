"""Six faults, each hunted on the page that bttop begins with: from the suspect on screen to the cause."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.hunts import faults
from tests.hunts.faults import Fault, of_program
from tests.real import load, tracing
from tests.terminal import Terminal
from tests.ui.dashboard import SOURCES, Dashboard, require_tracing

pytestmark = pytest.mark.real

MOST_KEYS: Final = 5
FIRST: Final = ("Home", "/NAME ")
"""The key that keeps the cursor on the first row, also in an interval in which nothing happens to it."""


class Hunt(NamedTuple):
    """The way from a suspect to a cause. In texts, NAME is the name of the process."""

    fault: Fault
    word: str
    """What the name of the process begins with."""
    pane: str
    """The key of the pane that shows the suspect."""
    suspect: str
    """A regular expression for its row."""
    keys: tuple[tuple[str, str], ...]
    """Each key, with a text of the screen that it leads to."""
    cause: tuple[str, ...]
    """What one line of the screen says at the end."""


HUNTS: Final = {
    "20 times too many mmap calls": Hunt(
        of_program("too_many_maps"),
        "maps",
        "1",
        "NAME +mmap ",
        (FIRST, ("Enter", " m  its memory maps "), ("m", "━6 mmap_stacks ")),
        ("▏decode_field",),
    ),
    "a lock fight": Hunt(
        of_program("lock_fight"),
        "lock",
        "1",
        "NAME +futex ",
        (FIRST, ("Enter", " S  futex: from which code "), ("S", "━6 futex stacks ")),
        ("▏book_sale",),
    ),
    "fsync on every write": Hunt(
        of_program("sync_each_write", "journal"),
        "sync",
        "1",
        "NAME +fsync ",
        (FIRST, ("Enter", " S  fsync: from which code "), ("S", "━6 fsync stacks ")),
        ("▏append_line",),
    ),
    "TCP loss": Hunt(
        faults.tcp_loss,
        "send",
        "2",
        r"NAME +127\.0\.0\.1 ",
        (FIRST, ("Enter", " X  retransmits to 127.0.0.1 "), ("X", "━6 retransmits by port ")),
        (f" {load.LossyNetwork.PORT} ", " ESTABLISHED "),
    ),
    "a CPU hog": Hunt(
        of_program("cpu_hog"),
        "hog",
        "5v",
        "NAME +▸ hash_block ",
        (
            FIRST,
            ("Enter", " comm  NAME "),
        ),
        (" ustack  hash_block ",),
    ),
    "a missing file in a loop": Hunt(
        of_program("missing_file", faults.MISSING),
        "look",
        "1",
        "NAME +openat ",
        (FIRST, ("Enter", " f  its files "), ("f", "; v shows failed"), ("v", "━6 opens failed ")),
        (" NAME ", " ENOENT ", faults.MISSING),
    ),
}


@contextmanager
def first_page(folder: Path, bpftrace: str) -> Iterator[Dashboard]:
    """What `bttop` shows without arguments: the five questions about everything that runs."""
    require_tracing()
    # The load of other tests is above any sensible budget.
    words = [sys.executable, "-m", "bttop", "--bpftrace", bpftrace, "-i", "0.5", "--force", "--budget", "100"]
    env = {name: str(folder) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    with Terminal(["env", "-C", str(folder), *words], 120, 40, env | {"PYTHONPATH": SOURCES}) as terminal:
        yield Dashboard(terminal)


def says(shown: Dashboard, *texts: str) -> bool:
    """Whether one line of the screen has all of these texts."""
    return any(all(text in line for text in texts) for line in shown.lines)


def show_suspect(shown: Dashboard, hunt: Hunt, name: str) -> None:
    """Leave the rows of the suspect among those of everything that runs beside this test."""
    shown.wait_for("5 of 5 live")
    shown.press(hunt.pane, "/", name, "Enter")
    shown.wait_for(f"/{name} ", lambda: bool(re.search(hunt.suspect.replace("NAME", name), shown.text)))


@pytest.mark.parametrize("hunt", HUNTS.values(), ids=HUNTS)
def test_the_cause_of_a_fault_is_at_most_five_keys_from_the_suspect(tmp_path: Path, bpftrace: str, hunt: Hunt) -> None:
    if why := faults.why_not():
        tracing.unable(why)
    name = faults.own_name(hunt.word)
    with hunt.fault(tmp_path, name), first_page(tmp_path, bpftrace) as shown:
        show_suspect(shown, hunt, name)
        for key, leads_to in hunt.keys:
            shown.press(key)
            shown.wait_for(leads_to.replace("NAME", name))
        shown.wait_for(lambda: says(shown, *(text.replace("NAME", name) for text in hunt.cause)))
    assert len(hunt.keys) <= MOST_KEYS
