"""Error handling for the files that commands write."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from bttop.errors import BttopError, UsageError
from bttop.trust import Untrusted


@contextlib.contextmanager
def writing(path: Path, *, instead: str) -> Iterator[None]:
    """Convert OSErrors to BttopErrors; `instead` is the hint if the file already exists."""
    try:
        yield
    except FileExistsError as error:
        raise UsageError(f"{path} is there already", title="not overwritten", hint=instead) from error
    except Untrusted as error:
        why = f"{error.why}; who may write there could replace the file"
        raise BttopError(why, title="cannot write", hint=f"-o ~/{path.name}") from error
    except OSError as error:
        if not os.path.isdir(path.parent):  # noqa: PTH112  pathlib raises without permission
            hint = f"mkdir {path.parent}"
            raise UsageError(f"there is no folder {path.parent}", title="cannot write", hint=hint) from error
        why = f"{path}: {error.strerror or error}"
        raise BttopError(why, title="cannot write", hint=f"ls -ld {path}; df -h {path.parent}") from error
