"""The hints of error messages are commands that work when they are pasted into a shell as they are."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bttop.errors import bttop_command

SOURCES = Path(__file__).parents[1] / "src" / "bttop"
SECONDS = 60.0
_PLACEHOLDER = re.compile(r"\.\.\.|…|\b(?:FILE|PID|NAME|PATH|PROBE|FOLDER|OUT)\b|, or ")
_COMMANDS = ("pip ", "time ")
"""First words of hints that are written out; `bttop_command` and `command_line` make the others."""


def bttop(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run bttop as a user does whose PATH has no bttop."""
    environment = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "XDG_CONFIG_HOME": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "bttop", *words],
        capture_output=True, text=True, timeout=SECONDS, check=False, cwd=folder, env=environment,
    )  # fmt: skip


def pasted(folder: Path, hint: str) -> subprocess.CompletedProcess[str]:
    """Run a hint in a shell."""
    environment = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "XDG_CONFIG_HOME": str(folder)}
    return subprocess.run(
        ["bash", "-c", hint], capture_output=True, text=True, timeout=SECONDS, check=False, cwd=folder, env=environment
    )


@pytest.mark.parametrize(
    ("words", "shows"),
    [
        (("probes", "no such probe at all"), "syscalls"),
        (("probes", "syscall"), "System calls"),
        (("probes", ""), "syscalls"),
        (("probes", "./nosuch.bt"), "syscalls"),
        (("stream", "nosuch"), "syscalls"),
        (("stream", "./nosuch.bt"), "syscalls"),
        (("stream", "slow_calls soon"), "limit"),
        (("stream", "slow_calls", "--", "soon"), "limit"),
        (("record", "slow_calls soon", "--for", "1s"), "limit"),
        (("record", "--for", "soon"), "usage: bttop record"),
        (("stream", "-p", "1", "-p", "2"), "usage: bttop stream"),
        (("stream", "syscalls", "profile", "--", "5"), "usage: bttop stream"),
        (("--nosuch",), "usage: bttop"),
        (("info",), "usage: bttop info"),
        (("diff", "", "x"), "usage: bttop diff"),
        (("export", "--format", "nosuch", "x"), "usage: bttop export"),
    ],
)
def test_a_hint_works_when_it_is_pasted_where_no_bttop_is_in_path(
    tmp_path: Path, words: tuple[str, ...], shows: str
) -> None:
    refused = bttop(tmp_path, *words)
    assert refused.returncode in (1, 2), refused.stdout
    hint = refused.stderr.splitlines()[-1]
    assert hint.startswith("  ")
    ended = pasted(tmp_path, hint)
    assert (ended.returncode, shows in ended.stdout) == (0, True), (hint, ended.stdout, ended.stderr)


def test_the_fix_of_a_file_that_others_may_write_works_when_it_is_pasted(tmp_path: Path) -> None:
    script = tmp_path / "a script.bt"
    script.write_text("BEGIN { }")
    script.chmod(0o666)
    refused = bttop(tmp_path, "probes", str(script))
    ended = pasted(tmp_path, refused.stderr.splitlines()[-1])
    assert (ended.returncode, ended.stderr) == (0, "")
    assert bttop(tmp_path, "probes", str(script)).returncode == 0


@pytest.mark.parametrize(
    ("program", "starts"),
    [
        ("bttop", "bttop info"),
        ("/usr/bin/bttop", "bttop info"),
        ("/srv/a b/bin/bttop", "'/srv/a b/bin/bttop' info"),
        ("/usr/lib/bttop/__main__.py", f"{sys.executable} -m bttop info"),
        ("-c", "bttop info"),
        ("/usr/bin/pytest", "bttop info"),
    ],
)
def test_a_hint_names_bttop_so_that_the_shell_finds_it(
    monkeypatch: pytest.MonkeyPatch, program: str, starts: str
) -> None:
    monkeypatch.setattr(sys, "argv", [program, "stream"])
    assert bttop_command("info", "a b") == f"{starts} 'a b'"


def written_hints() -> Iterator[tuple[str, str]]:
    """Every text that is written as a hint in the sources, with its place."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            for word in node.keywords if isinstance(node, ast.Call) else ():
                if word.arg == "hint" and isinstance(word.value, ast.Constant | ast.JoinedStr):
                    yield f"{path.name}:{word.value.lineno}", ast.unparse(word.value).removeprefix("f")[1:-1]


def test_no_hint_has_a_placeholder_or_is_advice_in_words() -> None:
    found = dict(written_hints())
    assert len(found) >= 3
    assert {place: text for place, text in found.items() if _PLACEHOLDER.search(text)} == {}
    assert {place: text for place, text in found.items() if not text.startswith(("{", *_COMMANDS))} == {}
