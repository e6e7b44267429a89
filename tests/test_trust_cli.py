"""Files that root does not obey, as the command says it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

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
    mend = refused.stderr.splitlines()[-1].strip()
    assert mend == f"chmod go-w {path}, or --trust {path}"
    assert shell.run("stream", str(path), "--for", "1s", "--trust", str(path)).returncode == 0
    subprocess.run(shlex.split(mend.partition(",")[0]), check=True)
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
