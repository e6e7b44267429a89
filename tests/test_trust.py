"""Whose files root obeys: every way in which another user could have written one."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import struct
import subprocess
from pathlib import Path
from typing import Final

import pytest

from bttop.script.library.probe_files import Library, LibraryFailure, ProbeFile
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
    return Trust(frozenset({0, ME}))


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


DEPTHS: Final = pytest.mark.parametrize("depth", [0, 1, 2], ids=["the file", "its folder", "a folder above"])


@DEPTHS
@pytest.mark.parametrize(
    ("bits", "why", "command"),
    [(0o002, "may be written by everybody", "chmod o-w"), (0o020, "may be written by the group", "chmod g-w")],
)
def test_what_others_may_write_is_refused_with_the_command_that_mends_it(
    trust: Trust, probe: Path, depth: int, bits: int, why: str, command: str
) -> None:
    place = (probe, *probe.parents)[depth]
    place.chmod(place.stat().st_mode | bits)
    found = doubt(trust, probe)
    assert why in found.reason
    assert str(place) in str(found)
    assert f"--trust {probe}" in found.fix
    assert found.fix == f"{command} {place} # or --trust {probe}"
    subprocess.run(["bash", "-c", found.fix], check=True)
    assert trust.read(probe) == PROGRAM.encode()


@AS_ROOT
@DEPTHS
def test_what_belongs_to_another_user_is_refused(trust: Trust, probe: Path, depth: int) -> None:
    place = (probe, *probe.parents)[depth]
    os.chown(place, OTHER, OTHER)
    found = doubt(trust, probe)
    assert f"belongs to uid {OTHER}" in str(found)
    assert found.fix.startswith(f"chown root {place} # ")


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


def access_list(*entries: tuple[int, int, int], group: int = 0, mask: int = 7) -> bytes:
    """As the kernel takes it: the owner, these (tag, permissions, id), the owning group, the mask and the others."""
    nobody = 0xFFFFFFFF
    named = [(2, *entry[1:]) if entry[0] == 2 else entry for entry in entries]
    rows = [(1, 7, nobody), *(one for one in named if one[0] == 2), (4, group, nobody)]
    rows += [*(one for one in named if one[0] == 8), (0x10, mask, nobody), (0x20, 4, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)


@DEPTHS
@pytest.mark.parametrize(
    ("entries", "group", "mask", "writer"),
    [
        ([(2, 6, OTHER)], 4, 7, f"uid {OTHER}"),
        ([(8, 6, OTHER)], 4, 7, f"the group {OTHER}"),
        ([(2, 4, OTHER), (8, 2, OTHER)], 4, 7, f"the group {OTHER}"),
        ([(2, 4, OTHER)], 6, 7, "the group "),
        ([(2, 6, OTHER)], 4, 5, ""),
        ([(2, 4, OTHER), (8, 4, OTHER)], 4, 7, ""),
        ([(2, 6, ME)], 4, 7, ""),
    ],
    ids=["user", "group", "group beside user", "owning group", "masked", "may only read", "trusted user"],
)
def test_an_access_list_tells_who_may_write(
    trust: Trust, probe: Path, depth: int, entries: list[tuple[int, int, int]], group: int, mask: int, writer: str
) -> None:
    """Its mask shows as the bits of the group, whoever that is."""
    place = (probe, *probe.parents)[depth]
    os.setxattr(place, "system.posix_acl_access", access_list(*entries, group=group, mask=mask))
    if not writer:
        assert trust.read(probe) == PROGRAM.encode()
        return
    found = doubt(trust, probe)
    assert f"{place} may be written by {writer}" in str(found)
    subprocess.run(shlex.split(found.command), check=True)
    assert trust.read(probe) == PROGRAM.encode()


def user(name: str, uid: int, gid: int) -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "x", uid, gid, "", "/", "/bin/sh"))


@AS_ROOT
@pytest.mark.parametrize(
    ("group", "members", "users", "private"),
    [
        (("ann", 700), [], [user("ann", 0, 700)], True),
        (("ann", 700), ["ann"], [user("ann", 0, 700), user("bob", 9, 900)], True),
        (("ann", 700), ["bob"], [user("ann", 0, 700), user("bob", 9, 900)], False),
        (("ann", 700), [], [user("ann", 0, 700), user("bob", 9, 700)], False),
        (("staff", 700), [], [user("ann", 0, 700)], False),
        (("root", 0), [], [user("root", 0, 0)], False),
        (None, [], [user("ann", 0, 700)], False),
    ],
    ids=["own", "own, named", "named", "by their first group", "of another name", "of root", "unknown"],
)
def test_a_group_may_write_that_is_a_trusted_user_s_own(
    trust: Trust,
    probe: Path,
    monkeypatch: pytest.MonkeyPatch,
    group: tuple[str, int] | None,
    members: list[str],
    users: list[pwd.struct_passwd],
    private: bool,
) -> None:
    def find(gid: int) -> grp.struct_group:
        if group is None:
            raise KeyError(gid)
        return grp.struct_group((group[0], "x", gid, members))

    monkeypatch.setattr(grp, "getgrgid", find)
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    os.chown(probe, -1, 700 if group is None else group[1])
    probe.chmod(0o664)
    if private:
        assert trust.read(probe) == PROGRAM.encode()
    else:
        assert "may be written by the group" in str(doubt(trust, probe))


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
    named = Trust(trust.owners, ((probe.parent / exempt).resolve(),))
    assert named.read(probe) == PROGRAM.encode()
    sibling = probe.parents[2] / "y.bt"
    sibling.write_text(PROGRAM)
    sibling.chmod(0o666)
    doubt(named, sibling)


def test_a_normal_user_trusts_root_and_themselves_with_what_runs_in_the_kernel(
    probe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert Trust.of_this_process().owners == frozenset({0, 1000})
    assert Trust.of_root() == EVERYBODY
    probe.chmod(0o666)
    assert EVERYBODY.read(probe) == PROGRAM.encode()


def test_a_pipe_is_judged_by_its_owner_alone(trust: Trust) -> None:
    read, write = os.pipe()
    os.write(write, b"BEGIN {}")
    os.close(write)
    try:
        assert trust.read(Path(f"/dev/fd/{read}")) == b"BEGIN {}"
    finally:
        os.close(read)


def test_a_path_is_followed_as_the_kernel_follows_it(trust: Trust, probe: Path, tmp_path: Path) -> None:
    (tmp_path / "up").symlink_to("outer/probes/../probes")
    (tmp_path / "up2").symlink_to(tmp_path / "up")
    trust.check(tmp_path / "up2" / ".." / "probes" / "x.bt")
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(OSError, match="symbolic links"):
        trust.check(tmp_path / "round")
    with pytest.raises(FileNotFoundError):
        trust.check(tmp_path / "up2" / "missing")


@AS_ROOT
@pytest.mark.parametrize("swapped", ["the link", "the folder of the link", "the folder of its target"])
def test_each_step_to_what_is_opened_later_is_judged(trust: Trust, probe: Path, tmp_path: Path, swapped: str) -> None:
    """To judge the target alone is not enough: it is another one by the time that the path is opened again."""
    folder = tmp_path / "links"
    folder.mkdir()
    link = folder / "tool"
    link.symlink_to(probe)
    trust.check(link)
    place = {"the link": link, "the folder of the link": folder, "the folder of its target": probe.parent}[swapped]
    os.chown(place, OTHER, OTHER, follow_symlinks=False)
    with pytest.raises(Untrusted, match=f"not trusted: {place} belongs to uid {OTHER}"):
        trust.check(link)


@pytest.mark.parametrize("mode", [0o1777, 0o1773])
def test_what_lies_in_a_sticky_folder_is_trusted_and_the_folder_is_not(trust: Trust, probe: Path, mode: int) -> None:
    probe.parent.chmod(mode)
    trust.check(probe)
    trust.check_way(probe.parent)
    with pytest.raises(Untrusted) as caught:
        trust.check(probe.parent)
    assert caught.value.command == f"mkdir -m 700 {probe.parent}/bttop"  # chmod would be wrong for /tmp


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
    assert failure.fix.startswith(f"chmod go-w {probe.parent}")
    assert str(failure).endswith(failure.fix)


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
    assert by_path.fix == found.fix
