"""What is sent to start a tracer on another host."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from bttop.engine.remote.complaints import is_final, sentence_of
from bttop.engine.remote.ssh import Destination, bootstrap, ssh_command
from tests.sshd import CAN_RUN

SHELLS = [shell for shell in ("sh", "bash", "dash", "zsh", "csh", "fish") if shutil.which(shell)]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_starts_the_tracer(shell: str) -> None:
    remote = bootstrap(sudo=False)
    ended = subprocess.run(
        [shell, "-c", " ".join(remote.words)], input=remote.tracer, capture_output=True, timeout=30, check=False
    )
    assert ended.stderr == b""
    assert ended.stdout.startswith(remote.mark)
    assert b'"hello"' in ended.stdout


def test_the_command_has_nothing_that_a_shell_could_read_differently() -> None:
    words = " ".join(bootstrap(sudo=True).words)
    assert words.startswith("sudo -n python3 -I ")
    assert words.count("'") == 2
    assert not set(words) & set("\\!`$\n")


def test_a_mark_is_new_each_time_and_not_part_of_the_command() -> None:
    one, other = bootstrap(sudo=False), bootstrap(sudo=False)
    assert one.mark != other.mark
    assert one.mark not in " ".join(one.words).encode()


def test_a_host_cannot_be_read_as_an_option() -> None:
    words = ssh_command(["ssh"], Destination("web1"), bootstrap(sudo=False))
    assert words[-3:-1] == ["--", "web1"]


@pytest.mark.skipif(not CAN_RUN, reason="there is no ssh")
def test_openssh_accepts_the_options_and_forwards_nothing() -> None:
    words = ssh_command(["ssh", "-G", "-F", "/dev/null"], Destination("web1"), bootstrap(sudo=False))
    said = subprocess.run(words[:-1], capture_output=True, text=True, check=True).stdout.splitlines()
    wanted = {"forwardagent no", "forwardx11 no", "batchmode yes", "requesttty false", "clearallforwardings yes"}
    assert wanted <= {line.lower() for line in said}


def test_what_is_not_known_is_shown_by_its_last_line() -> None:
    assert sentence_of("banner\n\nssh: Could not resolve hostname web9\n") == "Could not resolve hostname web9"
    assert sentence_of("ssh: connect to host web1 port 22: No route to host\r\n") == "port 22: No route to host"
    assert sentence_of("") == "the connection was closed"


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("Host key verification failed.", True),
        ("sudo: a password is required", True),
        ("sh: 1: python3: not found", True),
        ("ssh: connect to host web1 port 22: Connection refused", False),
        ("ssh: Could not resolve hostname web9: Temporary failure in name resolution", False),
        ("the tracer arrived damaged", False),
        ("", False),
    ],
)
def test_only_what_somebody_has_to_change_ends_the_attempts(said: str, ends: bool) -> None:
    assert is_final(sentence_of(said)) == ends
