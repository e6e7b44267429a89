"""What bpftrace reads beside a script is what bttop has judged, by every release that is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from bttop.engine.host.included_files import doubt_of_included
from bttop.trust import Trust

pytestmark = pytest.mark.real

TRUST: Final = Trust(frozenset({0, os.geteuid()}))
SCRIPTS: Final = (
    '#include "x.h"\n', '#include "sub/x.h"\n', '#  include /* y */ "x.h"\n', '#/* so */include "x.h"\n',
    '#import "x.h"\n', '#include_next "x.h"\n', 'struct s { int a;\n#include "x.h"\n};\n',
    '#define N "x.h"\n#include N\n',
    '#inc\\\nlude "x.h"\n', '#include "sub/../x.h"\n', 'import "lib.bt";\n', 'import "sub";\n',
)  # fmt: skip
PLANTED: Final = ("clang_workarounds.h", "definitions.h", "stdlib/base.bpf.c", "bpftrace.bpf.o")
"""What bpftrace was seen to look for in the current folder, by `strace -e trace=file`."""


def said_by(bpftrace: str, text: str) -> str:
    command = [bpftrace, "-e", f"{text}BEGIN {{ exit(); }}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.stdout + ended.stderr


def test_all_that_a_script_can_have_read_is_judged(
    bpftrace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file has an error in it, which bpftrace can tell only when it has read the file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    files = [tmp_path / name for name in ("x.h", "sub/x.h", "lib.bt", "sub/lib.bt")]
    for path in files:
        path.write_text('#error "was read"\n' if path.suffix == ".h" else "it was read\n")
        path.chmod(0o646)
    read = {text for text in SCRIPTS if "was read" in said_by(bpftrace, text)}
    assert {SCRIPTS[0], SCRIPTS[1]} <= read
    assert [text for text in read if not doubt_of_included(text, TRUST)] == []


def test_nothing_that_lies_in_a_folder_of_others_is_taken_for_a_part_of_bpftrace(bpftrace: str, tmp_path: Path) -> None:
    for name in PLANTED:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text('#error "planted"\n')
    tmp_path.chmod(0o777)
    words = ["stream", "-e", "tracepoint:sched:sched_switch { @[args->next_comm] = count(); }", "--for", "4s"]
    command = [sys.executable, "-m", "bttop", *words, "--bpftrace", bpftrace]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert '"flush":' in ended.stdout
