"""Which way leads to bpftrace's privilege, and what is said where none does."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bttop.engine.host.capabilities import BITS
from bttop.engine.host.host import Bpftrace
from bttop.engine.tracer import channel, privilege
from bttop.engine.tracer.channel import tracer_command
from bttop.engine.tracer.privilege import (
    AS_WE_ARE,
    CAPABILITIES,
    Privilege,
    PrivilegeFacts,
    decide,
    file_capabilities,
    obtain,
    runs,
)
from bttop.errors import CannotTrace
from bttop.model.record.release import Release
from bttop.trust import EVERYBODY, Trust

ENOUGH = sum(1 << BITS[name] for name in CAPABILITIES)
OLD, NEW = Release(0, 24), Release(0, 25)
BPFTRACE = "/usr/bin/bpftrace"
SUDO = ("/usr/bin/sudo", "-n")


def privilege_facts(
    uid: int = 1000, *, ambient: int = 0, of_file: int = 0, release: Release = OLD, sudo: str | None = SUDO[0]
) -> PrivilegeFacts:
    return PrivilegeFacts(uid, ambient, of_file, release, sudo)


class Sudo:
    """Allows the commands that end with one of these words."""

    def __init__(self, *endings: str) -> None:
        self.endings = endings
        self.asked: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> bool:
        self.asked.append(list(command))
        return " ".join(command).endswith(self.endings)


def test_root_needs_no_sudo() -> None:
    sudo = Sudo("")
    assert decide(privilege_facts(0), BPFTRACE, sudo) == AS_WE_ARE
    assert not sudo.asked


@pytest.mark.parametrize(
    ("release", "ambient", "of_file", "expected"),
    [
        (NEW, ENOUGH, 0, AS_WE_ARE),
        (NEW, 0, ENOUGH, Privilege(own_terminals=True)),
        (NEW, ENOUGH & ~(1 << 39), 0, None),
        (NEW, 1 << 39 | 1 << 38, 0, None),
        (OLD, ENOUGH, 0, None),
        (OLD, 0, ENOUGH, None),
    ],
)
def test_capabilities_count_where_the_release_asks_for_them_and_all_are_there(
    release: Release, ambient: int, of_file: int, expected: Privilege | None
) -> None:
    here = privilege_facts(release=release, ambient=ambient, of_file=of_file)
    assert decide(here, BPFTRACE, Sudo("nothing")) == expected


def test_one_tracer_as_root_is_the_first_choice() -> None:
    sudo = Sudo("tracer.py", "--version")
    assert decide(privilege_facts(), BPFTRACE, sudo) == Privilege(tracer=SUDO)
    assert len(sudo.asked) == 1


@pytest.mark.parametrize("settings", [True, False])
def test_where_sudo_allows_bpftrace_alone_each_goes_through_it(settings: bool) -> None:
    allowed = f"-n {'__BPFTRACE_NOTIFY_PROBES_ATTACHED=1 ' if settings else ''}{BPFTRACE} --version"
    found = decide(privilege_facts(), BPFTRACE, Sudo(allowed))
    assert found == Privilege(bpftrace=SUDO, settings=settings, own_terminals=True)


@pytest.mark.parametrize("sudo", [None, SUDO[0]])
def test_where_nothing_is_allowed_there_is_no_way(sudo: str | None) -> None:
    assert decide(privilege_facts(sudo=sudo), BPFTRACE, Sudo("nothing")) is None


def test_the_tracer_behind_sudo_needs_no_virtual_environment() -> None:
    command = Privilege(tracer=SUDO).tracer_command()
    assert command[:2] == list(SUDO)
    assert command[2:5] == [str(Path(sys.executable).resolve()), "-I", "-S"]
    assert command[5:] == tracer_command()[3:]


def test_programs_that_the_tracer_may_not_signal_get_terminals() -> None:
    assert Privilege(bpftrace=SUDO, own_terminals=True).tracer_command() == [*tracer_command(), "--terminals"]
    assert AS_WE_ARE.tracer_command() == tracer_command()


def test_sudo_gets_the_settings_as_words_where_it_lets_them_pass() -> None:
    words, settings = [BPFTRACE, "-e", "x"], {"BPFTRACE_COLOR": "never"}
    assert AS_WE_ARE.command(words, settings) == words
    assert Privilege(bpftrace=SUDO).command(words, settings) == [*SUDO, "BPFTRACE_COLOR=never", *words]
    assert Privilege(bpftrace=SUDO, settings=False).command(words, settings) == [*SUDO, *words]


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        # As `setcap cap_bpf,cap_perfmon+ep` and `+p` write them: version 2, permitted low, inheritable low, high, high.
        ("01000002 00000000 00000000 c0000000 00000000", 1 << 38 | 1 << 39),
        ("00000002 00000000 00000000 c0000000 00000000", 0),
        ("01000002 06000000 00000000 00000000 00000000", 6),
        # Version 3 has a sixth word: the root of the user namespace that it is for.
        ("01000003 00000000 00000000 c0000000 00000000 e8030000", 0),
        ("", 0),
    ],
)
def test_the_capabilities_of_a_file_are_read(value: str, bits: int) -> None:
    assert file_capabilities(bytes.fromhex(value)) == bits


def test_a_command_runs_when_it_ends_well(tmp_path: Path) -> None:
    assert runs(["true"])
    assert not runs(["false"])
    assert not runs([str(tmp_path / "missing")])


@pytest.mark.parametrize(
    ("sudo", "hint", "says"),
    [
        (None, "su -c 'bttop stream -e '\"'\"'BEGIN { @ = 1; }'\"'\"''", "there is no sudo"),
        ("false", "sudo bttop stream -e 'BEGIN { @ = 1; }'", "sudo does not allow it"),
    ],
)
def test_a_normal_user_without_a_way_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, sudo: str | None, hint: str, says: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(privilege, "find_program", lambda _name: sudo)
    monkeypatch.setattr(privilege, "_ask_password", lambda _sudo: False)
    with pytest.raises(CannotTrace) as caught:
        obtain(Bpftrace(BPFTRACE, OLD), ("bttop", "stream", "-e", "BEGIN { @ = 1; }"), EVERYBODY)
    assert caught.value.hint == hint
    assert says in caught.value.cause


@pytest.mark.parametrize("doubtful", ["sudo", "python", "tracer.py", "os.py", "bpftrace"])
def test_what_root_would_run_by_sudo_is_trusted_before_sudo_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, doubtful: str
) -> None:
    """Each beside the others in a folder of its own, as on a host where one of them lies in a shared place."""
    places = {name: tmp_path / f"{name}.d" / name for name in ("sudo", "python", "tracer.py", "os.py", "bpftrace")}
    for place in places.values():
        place.parent.mkdir(mode=0o755)
        place.touch(mode=0o755)
    asked: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> bool:
        asked.append(command)
        return str(places["bpftrace"]) in command

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(privilege, "find_program", lambda _name: str(places["sudo"]))
    monkeypatch.setattr(privilege, "base_python", lambda: str(places["python"]))
    monkeypatch.setattr(channel, "TRACER", places["tracer.py"])
    monkeypatch.setattr(privilege, "TRACER", places["tracer.py"])
    monkeypatch.setattr(os, "__file__", str(places["os.py"]))
    monkeypatch.setattr(privilege, "runs", run)
    bpftrace, trust = Bpftrace(str(places["bpftrace"]), OLD), Trust(frozenset({0, tmp_path.stat().st_uid}))
    assert obtain(bpftrace, ("bttop",), trust).bpftrace == (str(places["sudo"]), "-n")
    asked.clear()
    places[doubtful].parent.chmod(0o777)
    with pytest.raises(CannotTrace) as caught:
        obtain(bpftrace, ("bttop",), trust)
    assert f"not trusted: {places[doubtful].parent} may be written by everybody, and root would run it" in str(
        caught.value
    )
    assert f"--trust {places[doubtful]}" in caught.value.hint
    assert not [command for command in asked if str(places[doubtful]) in command]


def test_after_a_password_the_ways_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(sudo: str) -> bool:
        asked.append(sudo)
        return True

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(privilege, "find_program", lambda _name: SUDO[0])
    monkeypatch.setattr(privilege, "_ask_password", ask)
    monkeypatch.setattr(privilege, "runs", lambda _command: bool(asked))
    assert obtain(Bpftrace(BPFTRACE, OLD), ("bttop",), EVERYBODY) == Privilege(tracer=SUDO)
    assert asked == [SUDO[0]]
