"""Whose files root obeys: every way in which another user could have written one."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from bttop.script.library import Library, LibraryFailure, ProbeFile
from bttop.trust import EVERYBODY, Trust, Untrusted

ME = os.geteuid()
OTHER = 60123
PROGRAM = "BEGIN { @ = count(); }\n"
AS_ROOT = pytest.mark.skipif(ME != 0, reason="only root gives files away")
pytestmark = pytest.mark.skipif(
    Path("/tmp").stat().st_uid not in (0, ME), reason="the folder for temporary files belongs to somebody else"
)


@pytest.fixture
def trust() -> Trust:
    """As root, without sudo; in a test that is not root, the user stands for root."""
    return Trust(frozenset({0, ME}), frozenset({os.getegid()}))


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    """A probe file that nobody doubts, two folders down."""
    folder = tmp_path / "outer" / "probes"
    folder.mkdir(parents=True)
    for one in (folder, folder.parent):
        one.chmod(0o755)
    path = folder / "x.bt"
    path.write_text(PROGRAM)
    path.chmod(0o644)
    return path


def doubt(trust: Trust, path: Path) -> Untrusted:
    with pytest.raises(Untrusted) as caught:
        trust.read(path)
    return caught.value


def test_what_only_root_could_have_written_is_read(trust: Trust, probe: Path) -> None:
    assert trust.read(probe) == PROGRAM.encode()
    trust.check_folder(probe.parent)


@pytest.mark.parametrize("depth", [0, 1, 2], ids=["the file", "its folder", "a folder above"])
@pytest.mark.parametrize(
    ("bits", "why", "command"),
    [(0o002, "may be written by everybody", "chmod o-w"), (0o020, "may be written by the group", "chmod g-w")],
)
def test_what_others_may_write_is_refused_with_the_command_that_mends_it(
    probe: Path, depth: int, bits: int, why: str, command: str
) -> None:
    trust = Trust(frozenset({0, ME}))
    place = (probe, *probe.parents)[depth]
    place.chmod(place.stat().st_mode | bits)
    found = doubt(trust, probe)
    assert why in found.reason
    assert str(place) in str(found)
    assert f"--trust {probe}" in found.mend
    mend = found.mend.partition(",")[0]
    assert mend == f"{command} {place}"
    subprocess.run(shlex.split(mend), check=True)
    assert trust.read(probe) == PROGRAM.encode()


@AS_ROOT
@pytest.mark.parametrize("depth", [0, 1, 2], ids=["the file", "its folder", "a folder above"])
def test_what_belongs_to_another_user_is_refused(trust: Trust, probe: Path, depth: int) -> None:
    place = (probe, *probe.parents)[depth]
    os.chown(place, OTHER, OTHER)
    found = doubt(trust, probe)
    assert f"belongs to uid {OTHER}" in str(found)
    assert found.mend.startswith(f"chown root {place}, ")


@AS_ROOT
def test_the_caller_of_sudo_is_trusted(probe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(probe, OTHER, OTHER)
    monkeypatch.setenv("SUDO_UID", str(OTHER))
    monkeypatch.setenv("SUDO_GID", str(OTHER))
    assert Trust.of_this_process([]).read(probe) == PROGRAM.encode()
    monkeypatch.setenv("SUDO_UID", str(OTHER + 1))
    assert f"belongs to uid {OTHER}" in str(doubt(Trust.of_this_process([]), probe))


def test_a_sticky_folder_above_may_be_open_to_all(trust: Trust, probe: Path) -> None:
    probe.parent.chmod(0o1777)
    assert trust.read(probe) == PROGRAM.encode()


def test_a_sticky_folder_of_probe_files_may_not(trust: Trust, probe: Path) -> None:
    probe.parent.chmod(0o1777)
    with pytest.raises(Untrusted, match="written by everybody"):
        trust.check_folder(probe.parent)


def test_a_group_with_nobody_else_in_it_may_write(trust: Trust, probe: Path) -> None:
    os.chown(probe, -1, os.getegid())
    probe.chmod(0o664)
    assert trust.read(probe) == PROGRAM.encode()


def test_links_are_judged_by_what_they_lead_to(trust: Trust, probe: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.bt"
    link.symlink_to(probe)
    assert trust.read(link) == PROGRAM.encode()
    probe.chmod(0o666)
    assert str(probe) in str(doubt(trust, link))
    folder = tmp_path / "folder"
    folder.symlink_to(probe.parent)
    probe.parent.chmod(0o777)
    with pytest.raises(Untrusted, match=str(probe.parent)):
        trust.check_folder(folder)


@pytest.mark.parametrize("exempt", ["x.bt", ".", ".."])
def test_a_path_that_is_named_is_trusted_with_all_below_it(trust: Trust, probe: Path, exempt: str) -> None:
    probe.chmod(0o666)
    doubt(trust, probe)
    named = Trust(trust.owners, trust.groups, ((probe.parent / exempt).resolve(),))
    assert named.read(probe) == PROGRAM.encode()
    sibling = probe.parents[2] / "y.bt"
    sibling.write_text(PROGRAM)
    sibling.chmod(0o666)
    doubt(named, sibling)


def test_a_normal_user_trusts_everybody(probe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    probe.chmod(0o666)
    assert Trust.of_this_process([]) == EVERYBODY
    assert EVERYBODY.read(probe) == PROGRAM.encode()


def test_a_pipe_is_judged_by_its_owner_alone(trust: Trust) -> None:
    read, write = os.pipe()
    os.write(write, b"BEGIN {}")
    os.close(write)
    try:
        assert trust.read(Path(f"/dev/fd/{read}")) == b"BEGIN {}"
    finally:
        os.close(read)


def test_what_is_not_there_is_no_matter_of_trust(trust: Trust, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        trust.read(tmp_path / "missing")
    trust.check_folder(tmp_path / "missing")


def test_a_refused_folder_of_the_library_is_a_failure_and_the_next_one_counts(
    trust: Trust, probe: Path, tmp_path: Path
) -> None:
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    (trusted / "x.bt").write_text("END { }\n")
    probe.parent.chmod(0o777)
    library = Library.load([probe.parent, trusted], trust=trust)
    found = library.find("x")
    assert isinstance(found, ProbeFile)
    assert found.text == "END { }\n"
    (failure,) = library.failures
    assert failure.path == probe.parent
    assert failure.mend.startswith(f"chmod o-w {probe.parent}")
    assert str(failure).endswith(failure.mend)


def test_a_refused_file_of_the_library_hides_the_others_of_its_name(trust: Trust, probe: Path, tmp_path: Path) -> None:
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    (trusted / "x.bt").write_text(PROGRAM)
    probe.chmod(0o666)
    found = Library.load([probe.parent, trusted], trust=trust).find("x")
    assert isinstance(found, LibraryFailure)
    assert "not trusted" in found.reason
    by_path = Library(trust=trust).find(str(probe))
    assert isinstance(by_path, LibraryFailure)
    assert by_path.mend == found.mend
