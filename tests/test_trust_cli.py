"""Files that root does not obey, as the command says it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from bttop.commands.dashboard import forget_framework_settings
from tests.test_cli import GOOD, Shell
from tests.ui.session.kit import rows_of, session

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root doubts files")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def probe(folder: Path, *, mode: int = 0o644) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "mine.bt"
    path.write_text(GOOD)
    path.chmod(mode)
    return path


@AS_ROOT
def test_a_named_file_that_others_may_write_is_an_error_until_it_is_mended(shell: Shell) -> None:
    path = probe(shell.folder / "own", mode=0o666)
    refused = shell.run("stream", str(path), "--for", "1s")
    assert refused.returncode == 2
    assert f"not trusted: {path} may be written by everybody" in refused.stderr
    fix = refused.stderr.splitlines()[-1].strip()
    assert fix == f"chmod go-w {path} # or --trust {path}"
    assert shell.run("stream", str(path), "--for", "1s", "--trust", str(path)).returncode == 0
    subprocess.run(["bash", "-c", fix], check=True)
    assert shell.run("stream", str(path), "--for", "1s").returncode == 0


@AS_ROOT
def test_a_folder_that_others_may_write_is_left_out_with_a_notice(shell: Shell) -> None:
    probe(shell.folder / "probes")
    (shell.folder / "probes").chmod(0o777)
    found = shell.run("stream", "-e", GOOD, "--for", "1s")
    assert found.returncode == 0
    assert "probes may be written by everybody; chmod go-w " in found.stderr
    missing = shell.run("stream", "mine", "--for", "1s")
    assert missing.returncode == 2
    assert "there is no probe 'mine'" in missing.stderr
    listed = shell.run("probes")
    assert "cannot be used: " in listed.stdout
    assert shell.run("stream", "mine", "--for", "1s", "--trust", "probes").returncode == 0


COMMANDS: Final = {
    "stream": ("stream", "-e", GOOD, "--for", "0.3s"),
    "record": ("record", "-e", GOOD, "--for", "0.3s", "-o", "out.bttop"),
    "doctor": ("doctor", "--json"),
}


@pytest.mark.parametrize("found_by", ["PATH", "BTTOP_BPFTRACE", "--bpftrace"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_bpftrace_that_others_may_write_is_not_run(shell: Shell, command: str, found_by: str) -> None:
    folder = shell.folder / "open"
    folder.mkdir()
    binary = folder / "bpftrace"
    binary.write_text(f'#!/bin/sh\n: >>"{shell.folder}/ran"\nexec "{shell.binary}" "$@"\n')
    binary.chmod(0o755)
    folder.chmod(0o757)
    words = [*COMMANDS[command], *(["--bpftrace", str(binary)] if found_by == "--bpftrace" else [])]
    del shell.environment["BTTOP_BPFTRACE"]
    if found_by == "BTTOP_BPFTRACE":
        shell.environment[found_by] = str(binary)
    elif found_by == "PATH":
        shell.environment[found_by] = f"{folder}:{shell.environment[found_by]}"
    refused = shell.run(*words)
    assert refused.returncode == 3
    said = " ".join(f"{refused.stdout} {refused.stderr}".split())
    assert f"not trusted: {folder} may be written by everybody" in said
    assert f"chmod o-w {folder} # or --trust {binary}" in said
    assert not (shell.folder / "ran").exists()
    shell.run(*words, "--trust", str(folder))
    assert (shell.folder / "ran").exists()


@pytest.mark.parametrize("command", ["stream", "record"])
def test_bpftrace_runs_where_nobody_else_can_put_files_that_it_looks_for(shell: Shell, command: str) -> None:
    """Of every script clang looks for headers in the current folder, and 0.27 for its library."""
    own, ran = shell.folder / "own", shell.folder / "ran"
    own.mkdir()
    binary = own / "bpftrace"
    binary.write_text(f'#!/bin/sh\n[ "$1" = --version ] || pwd >>"{ran}"\nexec "{shell.binary}" "$@"\n')
    binary.chmod(0o755)
    words = [*COMMANDS[command][:5], "--bpftrace", str(binary)]
    words += ["-o", f"{own}/x.bttop"] if command == "record" else []
    here, trusted = shell.folder, ["--trust", "."]
    for mode, options, place in ((0o755, [], here), (0o1777, [], "/proc"), (0o1777, trusted, here)):
        shell.folder.chmod(mode)
        done = shell.run(*words, *options)
        assert done.returncode == 0, done.stderr
        assert set(ran.read_text().split()) == {str(place)}
        ran.unlink()
        (own / "x.bttop").unlink(missing_ok=True)


@pytest.mark.parametrize("text", ['#include "x.h"', 'import "x.bt"'])
@pytest.mark.parametrize("command", ["stream", "record"])
def test_a_program_that_includes_what_others_may_write_is_not_started(shell: Shell, command: str, text: str) -> None:
    """Whoever starts bttop in /tmp would have the headers of any user compiled."""
    (shell.folder / "own").mkdir()
    out = shell.folder / "own" / "out.bttop"
    words = [command, "-e", f"{text}\n{GOOD}", "--for", "0.3s", *(["-o", str(out)] if command == "record" else [])]
    shell.folder.chmod(0o1777)
    refused = shell.run(*words)
    assert refused.returncode == 1, refused.stderr
    assert f"includes a file that is not trusted: {shell.folder} may be written by everybody" in refused.stderr
    out.unlink(missing_ok=True)
    shell.folder.chmod(0o755)
    assert shell.run(*words).returncode == 0


@AS_ROOT
def test_a_saved_file_that_others_may_write_does_not_take_over(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        path = tmp_path / "calls.bt"
        new = path.with_suffix(".new")
        new.write_text(rows_of(evil=9))
        new.chmod(0o666)
        new.replace(path)
        shown.wait_for("not trusted", " java ")
        assert " evil " not in shown.text
        path.chmod(0o644)
        path.write_text(rows_of(good=9))
        shown.wait_for(" good ", lambda: "not trusted" not in shown.text)


@AS_ROOT
def test_a_theme_that_others_may_write_is_not_used(tmp_path: Path) -> None:
    themes = tmp_path / "bttop" / "themes"
    themes.mkdir(parents=True)
    (themes / "mine.toml").write_text("not even a theme")
    (themes / "mine.toml").chmod(0o666)
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("mine.toml: not trusted")
        shown.wait_for(" java ")


def test_settings_of_the_framework_are_not_obeyed() -> None:
    environment = {"TEXTUAL_DRIVER": "os:system", "TEXTUAL": "1", "TERM": "xterm"}
    forget_framework_settings(environment)
    assert environment == {"TERM": "xterm"}


def test_a_running_dashboard_presses_no_key_that_the_environment_wants(tmp_path: Path) -> None:
    # tests.terminal leaves TEXTUAL_* out of the environment, hence by env.
    options = ["env", "TEXTUAL_PRESS=q", f"TEXTUAL_LOG={tmp_path / 'log'}"]
    with session(tmp_path, {"calls": rows_of(java=9)}, through=options) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("z")
        shown.wait_for(" java ")
        shown.press("q")
        assert shown.terminal.exit_code() == 0
    assert not (tmp_path / "log").exists()
