"""Files that commands write, with the errors of the file system as bttop's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from bttop.errors import BttopError, UsageError
from bttop.trust import Untrusted


@contextlib.contextmanager
def writing(path: Path, *, instead: str) -> Iterator[None]:
    """Errors of the file system as bttop's; `instead` is what to do where the file is there already."""
    try:
        yield
    except FileExistsError as error:
        raise UsageError(f"{path} is there already", title="not overwritten", hint=instead) from error
    except Untrusted as error:
        why = f"{error.why}; who may write there could put something else in the place of the file"
        raise BttopError(why, title="cannot write", hint=f"-o ~/{path.name}") from error
    except OSError as error:
        if not os.path.isdir(path.parent):  # noqa: PTH112  pathlib raises where it may not look
            hint = f"mkdir {path.parent}"
            raise UsageError(f"there is no folder {path.parent}", title="cannot write", hint=hint) from error
        why = f"{path}: {error.strerror or error}"
        raise BttopError(why, title="cannot write", hint=f"ls -ld {path}; df -h {path.parent}") from error
