"""A C program that a test compiles and runs, with frame pointers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.real import tracing


@contextmanager
def compiled(folder: Path, name: str, source: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the program until the context ends. Skips the test without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        tracing.unable("there is no C compiler")
    program = folder / f"{name}-{os.getpid()}"
    options = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-xc", "-"]
    subprocess.run([str(compiler), "-o", program, *options], input=source.encode(), check=True)
    with subprocess.Popen([program]) as process:
        try:
            yield process
        finally:
            process.kill()
