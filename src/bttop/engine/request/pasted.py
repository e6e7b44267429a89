"""What a pasted text asks of the engine: a program or a file, with the options, variables and pin of its shell line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from bttop.engine.request.pinning import pin_of
from bttop.engine.tracer.given_settings import Settings, absolute_options, kept_settings, left_out_settings
from bttop.script.pasted.one_liner import OneLiner, OneLinerRefused
from bttop.script.pasted.read_line import read_one_liner
from bttop.script.process.pin import Pin

_ROOTS_FOLDERS: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Folders in which root finds bpftrace's tools; the PATH of a normal user may lack them."""


class Pasted(Struct, frozen=True):
    """A text that can run."""

    program: str
    """The script; empty if `path` names it."""
    path: Path
    options: tuple[str, ...]
    """The options that bpftrace gets."""
    environment: Settings
    """The variables that bpftrace gets."""
    args: tuple[str, ...]
    """The parameters of the script."""
    pin: Pin | None
    notes: tuple[str, ...]
    """What was left out or changed."""


def read_pasted(text: str, *, unsafe: bool) -> Pasted | OneLinerRefused:
    """Read a pasted text; return why it cannot run otherwise. `unsafe`: bttop was started with `--unsafe`."""
    found = read_one_liner(text)
    if isinstance(found, OneLinerRefused):
        return found
    why = _why_not(found, unsafe=unsafe)
    path = Path() if found.program else _path(found)
    if why or path is None:
        return OneLinerRefused(why or f"there is no {found.file} in PATH: type its whole path")
    options = absolute_options([one for one in found.options if one != "--unsafe"])
    pin = pin_of(str(found.pid)) if found.pid else None
    if isinstance(pin, str):
        return OneLinerRefused(pin)
    return Pasted(found.program, path, options, kept_settings(found.environment), found.args, pin, tuple(_notes(found)))


def _why_not(found: OneLiner, *, unsafe: bool) -> str:
    """Why a line that was understood cannot run; empty if it can."""
    if "--unsafe" in found.options and not unsafe:
        return "--unsafe would let the program change the system: start bttop itself with --unsafe, which asks first"
    return ""


def _path(found: OneLiner) -> Path | None:
    """The script that a line names; None if PATH has none of that name."""
    if not found.is_command:
        return Path(found.file).expanduser()
    path = shutil.which(found.file, path=os.pathsep.join([os.environ.get("PATH", ""), *_ROOTS_FOLDERS]))
    return None if path is None else Path(path)


def _notes(found: OneLiner) -> Iterator[str]:
    yield from found.notes
    left_out = " ".join(left_out_settings(found.environment))
    if left_out:
        yield f"left out: {left_out}, which bttop sets itself or does not know"
