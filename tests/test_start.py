"""An interrupt before the command begins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bttop

SOURCES = str(Path(bttop.__file__).parents[1])
INTERRUPTED = """
import os, signal, sys
import bttop.start
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "bttop.commands":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
sys.argv[1:] = ["--version"]
sys.exit(bttop.start.main())
"""


def run(before: str = "") -> subprocess.CompletedProcess[str]:
    code = before + INTERRUPTED
    environment = os.environ | {"PYTHONPATH": SOURCES}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_an_interrupt_while_modules_are_imported_ends_with_130_and_no_traceback() -> None:
    ended = run()
    assert (ended.returncode, ended.stderr, ended.stdout) == (130, "bttop: interrupted\n", "")


def test_a_process_that_was_started_with_interrupts_ignored_keeps_ignoring_them() -> None:
    ended = run("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n")
    assert (ended.returncode, ended.stdout.split()[0]) == (0, "bttop")


def test_the_entry_point_imports_only_what_python_has_already() -> None:
    code = "import sys; before = set(sys.modules); import bttop.start; print(*sorted(set(sys.modules) - before))"
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.append({SOURCES!r}); {code}"]
    assert subprocess.check_output(command, text=True).split() == ["bttop", "bttop.start"]
