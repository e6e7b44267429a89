"""Trust: whether another user could have written a file that bttop is about to use. A probe file runs in the kernel,
bpftrace and an editor may run as root, and SQLite opens a recording again by its name.

A file or folder is trusted if it belongs to root or to the user who started bttop (with sudo: who called sudo), if no
other user may write it by mode or access list, and if the same holds for every folder and link on its path from `/`.
A folder on the path may be writable for all if it has the sticky bit (`/tmp`): others cannot replace your files there.
A file that is read is checked through its descriptor.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import shlex
import stat
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from bttop.regular import open_regular

ROOT = 0
_ACL: Final = "system.posix_acl_access"
_ACL_ENTRY: Final = struct.Struct("<HHI")
"""Tag, permissions and id; the entries follow a version of four bytes (linux/posix_acl_xattr.h)."""
_ACL_USER, _ACL_GROUP_OBJ, _ACL_GROUP = 0x02, 0x04, 0x08
_MAY_WRITE: Final = 0o2
_MOST_LINKS: Final = 40
"""The kernel follows the same number."""


class Caller(NamedTuple):
    """The user who called sudo."""

    uid: int
    gid: int


def caller(environment: Mapping[str, str] = os.environ) -> Caller | None:
    """The user who called sudo, from `SUDO_UID` and `SUDO_GID`; None if bttop is not root or sudo was not used."""
    uid, gid = environment.get("SUDO_UID", ""), environment.get("SUDO_GID", "")
    if os.geteuid() != ROOT or not _is_id(uid) or not _is_id(gid):
        return None
    return Caller(int(uid), int(gid))


class Untrusted(OSError):
    """Another user could have written the file, or could replace it."""

    def __init__(self, asked: Path, place: Path, why: str, command: str) -> None:
        """`place` is the file or folder on the way to `asked` that is not trusted."""
        super().__init__(errno.EPERM, f"not trusted: {place} {why}")
        self.why = f"{place} {why}"
        self.command = command
        """The command that makes it trusted."""
        self.fix = f"{self.command} # or --trust {shlex.quote(str(asked))}"
        """`command`, or the option that trusts the file as it is."""

    def __str__(self) -> str:
        return f"not trusted: {self.why}"

    @property
    def reason(self) -> str:
        """The complete message with the fix."""
        return f"{self}; {self.fix}"


class Trust(Struct, frozen=True):
    """Whose files bttop uses. The default trusts all."""

    owners: frozenset[int] | None = None
    """The uids whose files are trusted; None trusts all users."""
    exempt: tuple[Path, ...] = ()
    """Resolved files and folders that are trusted without a check."""

    @classmethod
    def of_this_process(cls, exempt: Sequence[Path] = ()) -> Trust:
        """For files that bpftrace runs, includes or writes: bpftrace always has the rights of root. Trusts root, the
        user who started bttop, and the exempt paths."""
        by = caller()
        user = os.geteuid() if by is None else by.uid
        return cls(frozenset({ROOT, user}), tuple(path.resolve() for path in exempt))

    @classmethod
    def of_root(cls, exempt: Sequence[Path] = ()) -> Trust:
        """For files used with bttop's own rights: for a normal user, bttop trusts all users, as other programs do."""
        return cls.of_this_process(exempt) if os.geteuid() == ROOT else cls()

    def read(self, path: Path, limit: int = -1) -> bytes:
        """Return the content of a file, at most `limit` bytes. Raises Untrusted, and other OSErrors."""
        with open_regular(path, pipes=True) as file:
            self._check_descriptor(path, file.fileno())
            return file.read(limit)

    def check(self, path: Path) -> None:
        """Check a path that will be opened later. Raises Untrusted, and other OSErrors if the path cannot be
        resolved."""
        if self.owners is not None and not self._is_exempt(path):
            place = self._walk(path, path)
            self._judge(path, place, place.lstat(), sticky_helps=False)

    def check_way(self, path: Path) -> None:
        """Check a folder that will contain a file of ours, which the sticky bit protects. Raises as `check`."""
        if self.owners is not None and not self._is_exempt(path):
            self._walk(path, path)

    def check_folder(self, path: Path) -> None:
        """Check a folder whose files bttop will use. Raises Untrusted only: other errors are reported when the folder
        is listed."""
        try:
            self.check(path)
        except Untrusted:
            raise
        except OSError:
            return

    def _is_exempt(self, path: Path) -> bool:
        place = Path(os.path.realpath(path))  # pathlib raises for circular links
        return any(place.is_relative_to(one) for one in self.exempt)

    def _check_descriptor(self, path: Path, descriptor: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115  for a pipe this is not a path
        if self.owners is None or (place.is_absolute() and self._is_exempt(place)):
            return
        self._judge(path, place, os.fstat(descriptor), sticky_helps=False, acl_of=descriptor)
        if place.is_absolute():
            self._walk(path, place.parent)

    def _walk(self, asked: Path, path: Path) -> Path:
        """Check every folder and link from `/` to the end of a path and return the resolved path. Other users cannot
        change a step after its check."""
        place, links = Path("/"), 0
        self._judge(asked, place, place.lstat(), sticky_helps=True)
        rest = list(reversed(path.absolute().parts[1:]))
        while rest:
            part = rest.pop()
            step = place.parent if part == ".." else place / part
            status = step.lstat()
            if not stat.S_ISLNK(status.st_mode):
                place = step
                self._judge(asked, place, status, sticky_helps=True)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            self._judge_owner(asked, step, status, "chown -h root")
            target = step.readlink()
            place = Path("/") if target.is_absolute() else place
            rest += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        return place

    def _judge(
        self, asked: Path, place: Path, status: os.stat_result, *, sticky_helps: bool, acl_of: int | None = None
    ) -> None:
        self._judge_owner(asked, place, status)
        if sticky_helps and status.st_mode & stat.S_ISVTX and stat.S_ISDIR(status.st_mode):
            return
        named = shlex.quote(str(place))
        if status.st_mode & stat.S_IWOTH and status.st_mode & stat.S_ISVTX:
            # This mode is correct for /tmp: only the files in it must not be used.
            raise Untrusted(asked, place, "may be written by everybody", f"mkdir -m 700 {named}/bttop")
        if status.st_mode & stat.S_IWOTH:
            bits = "go" if status.st_mode & stat.S_IWGRP else "o"
            raise Untrusted(asked, place, "may be written by everybody", f"chmod {bits}-w {named}")
        # With an access list, these bits are its mask: without them no entry grants writing.
        if status.st_mode & stat.S_IWGRP:
            writer = next(self._other_writers(status, _access_list(place if acl_of is None else acl_of)), None)
            if writer is not None:
                raise Untrusted(asked, place, f"may be written by {writer}", f"chmod g-w {named}")

    def _judge_owner(self, asked: Path, place: Path, status: os.stat_result, command: str = "chown root") -> None:
        assert self.owners is not None
        if status.st_uid not in self.owners:
            raise Untrusted(asked, place, f"belongs to {_user(status.st_uid)}", f"{command} {shlex.quote(str(place))}")

    def _other_writers(self, status: os.stat_result, acl: bytes) -> Iterator[str]:
        """Yield the users and groups that may write, by the access list if there is one, else by the mode."""
        assert self.owners is not None
        entries = _ACL_ENTRY.iter_unpack(acl[4:]) if acl else [(_ACL_GROUP_OBJ, _MAY_WRITE, 0)]
        for tag, permissions, number in entries:
            if not permissions & _MAY_WRITE:
                continue
            if tag == _ACL_USER and number not in self.owners:
                yield _user(number)
            group = {_ACL_GROUP_OBJ: status.st_gid, _ACL_GROUP: number}.get(tag)
            if group is not None and not _is_private(group, self.owners):
                yield f"the group {_group(group)}"


EVERYBODY: Final = Trust()
"""Trusts every file."""


def _access_list(of: Path | int) -> bytes:
    """The POSIX access list of a file, empty if it has none. Raises OSError if the list cannot be read."""
    try:
        return os.getxattr(of, _ACL)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return b""
        raise


def _is_private(gid: int, owners: frozenset[int]) -> bool:
    """Whether a group is the private group of a trusted user: it has the user's name, and no other user has it as a
    primary or further group. Many systems give each user such a group, with write permission by default. The group of
    root never counts as private: system users and containers have it too."""
    if gid == ROOT:
        return False
    try:
        group = grp.getgrgid(gid)
    except KeyError:
        return False
    users = pwd.getpwall()
    trusted = {user.pw_name for user in users if user.pw_uid in owners}
    members = {*group.gr_mem, *(user.pw_name for user in users if user.pw_gid == gid)}
    return group.gr_name in trusted and members <= trusted


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 2**32 - 1


def _user(uid: int) -> str:
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
