"""The interpreters with which the tracer is tested: the own one, the oldest of this machine, and the named ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

_OLD: Final = ("3.6", "3.7", "3.8", "3.9")


def _runs(python: str) -> bool:
    """Whether it starts; a shim of pyenv may not."""
    try:
        return subprocess.run([python, "-ISc", "pass"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _oldest() -> list[str]:
    """The oldest of this machine that the tracer supports; empty if there is none."""
    installed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in _OLD:
        own = [str(path) for path in sorted(installed.glob(f"{version}.*/bin/python3"))]
        if found := [python for python in [*own, f"python{version}"] if _runs(python)]:
            return found[:1]
    return []


NAMED: Final = [name for name in os.environ.get("BTTOP_TEST_PYTHON", "").split(":") if name]
PYTHONS: Final = list(dict.fromkeys([sys.executable, *NAMED, *_oldest()]))
