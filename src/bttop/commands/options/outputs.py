"""Error handling for the files that commands write."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from bttop.errors import BttopError, UsageError, command_line
from bttop.trust import Untrusted


@contextlib.contextmanager
def writing(path: Path, *, instead: str) -> Iterator[None]:
    """Convert OSErrors to BttopErrors; `instead` is the hint if the file already exists."""
    try:
        yield
    except FileExistsError as error:
        raise UsageError(f"{path} is there already", title="not overwritten", hint=instead) from error
    except Untrusted as error:
        why = f"{error.why}; who may write there could replace the file: write -o ~/{command_line(path.name)}"
        raise BttopError(why, title="cannot write", hint=error.command) from error
    except OSError as error:
        raise _cannot_write(path, error, instead) from error


def _cannot_write(path: Path, error: OSError, instead: str) -> BttopError:
    there = next(one for one in (path, *path.parents) if os.path.lexists(one))
    # pathlib raises without permission
    if there != path and not os.path.isdir(there):  # noqa: PTH112
        return UsageError(f"{there} is not a folder", title="cannot write", hint=instead)
    if there not in (path, path.parent) and isinstance(error, FileNotFoundError):
        hint = command_line("mkdir", "-p", path.parent)
        return UsageError(f"there is no folder {path.parent}", title="cannot write", hint=hint)
    folder = there if there != path else path.parent
    hint = f"{command_line('ls', '-ld', there)}; {command_line('df', '-h', folder)}"
    return BttopError(f"{path}: {error.strerror or error}", title="cannot write", hint=hint)
