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
        if not os.path.isdir(path.parent):  # noqa: PTH112  pathlib raises without permission
            hint = command_line("mkdir", path.parent)
            raise UsageError(f"there is no folder {path.parent}", title="cannot write", hint=hint) from error
        why = f"{path}: {error.strerror or error}"
        raise BttopError(
            why,
            title="cannot write",
            hint=f"{command_line('ls', '-ld', path)}; {command_line('df', '-h', path.parent)}",
        ) from error
