"""Whether another user could have written what is about to be obeyed: a probe file runs in the kernel, a bpftrace and
an editor run as root, and a recording is written by names that SQLite opens again.

Files and folders are trusted that belong to root or to the user who started bttop (through sudo: who called it), that
nobody else may write, by mode or by access list, and that are reached through such folders and links from `/` on. A
folder on the way may be open to all where its sticky bit keeps others from replacing what is not theirs (`/tmp`). A
file that is read is judged by its descriptor.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from bttop.regular import open_regular

ROOT = 0
_ACL: Final = "system.posix_acl_access"
_ACL_ENTRY: Final = struct.Struct("<HHI")
"""Tag, permissions and id, behind a version of four bytes: linux/posix_acl_xattr.h."""
_ACL_USER, _ACL_GROUP_OBJ, _ACL_GROUP = 0x02, 0x04, 0x08
_MAY_WRITE: Final = 0o2
_MOST_LINKS: Final = 40
"""As many as the kernel follows."""


class Caller(NamedTuple):
    """The user who called sudo."""

    uid: int
    gid: int


def caller(environment: Mapping[str, str] = os.environ) -> Caller | None:
    """Who called sudo, by `SUDO_UID` and `SUDO_GID`; None for everybody but root, and where sudo was not used."""
    uid, gid = environment.get("SUDO_UID", ""), environment.get("SUDO_GID", "")
    if os.geteuid() != ROOT or not _is_id(uid) or not _is_id(gid):
        return None
    return Caller(int(uid), int(gid))


class Untrusted(OSError):
    """Another user could have written it, or could put something else in its place."""

    def __init__(self, asked: Path, place: Path, why: str, command: str) -> None:
        """`place` is the file or folder on the way to `asked` that is not trusted."""
        super().__init__(errno.EPERM, f"not trusted: {place} {why}")
        self.why = f"{place} {why}"
        self.command = command
        """The command that makes it trusted."""
        self.mend = f"{self.command}, or --trust {shlex.quote(str(asked))}"
        """The same, with the option that trusts it as it is."""

    def __str__(self) -> str:
        return f"not trusted: {self.why}"

    @property
    def reason(self) -> str:
        """The whole sentence with what can be done."""
        return f"{self}; {self.mend}"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose files are obeyed. The default trusts all."""

    owners: frozenset[int] | None = None
    """The users whose files are trusted; None: everybody's."""
    exempt: tuple[Path, ...] = ()
    """Resolved files and folders that are trusted whatever they look like."""

    @classmethod
    def of_this_process(cls, exempt: Sequence[Path] = ()) -> Trust:
        """For what a program of bpftrace is made of or writes: it has the rights of root whoever starts it. Root is
        trusted, the user who started bttop, and what is exempt."""
        by = caller()
        user = os.geteuid() if by is None else by.uid
        return cls(frozenset({ROOT, user}), tuple(path.resolve() for path in exempt))

    @classmethod
    def of_root(cls, exempt: Sequence[Path] = ()) -> Trust:
        """For what has the rights of bttop itself: a normal user trusts everybody, as with any other program."""
        return cls.of_this_process(exempt) if os.geteuid() == ROOT else cls()

    def read(self, path: Path, limit: int = -1) -> bytes:
        """A file's content, at most `limit` bytes of it. Raises Untrusted, and other OSErrors."""
        with open_regular(path, pipes=True) as file:
            self._check_descriptor(path, file.fileno())
            return file.read(limit)

    def check(self, path: Path) -> None:
        """Look at what will be opened by this path later. Raises Untrusted, and other OSErrors where it leads
        nowhere."""
        if self.owners is not None and not self._is_exempt(path):
            place = self._walk(path, path)
            self._judge(path, place, place.lstat(), sticky_helps=False)

    def check_way(self, path: Path) -> None:
        """Look at a folder in which something of our own will lie: its sticky bit protects that. Raises as `check`."""
        if self.owners is not None and not self._is_exempt(path):
            self._walk(path, path)

    def check_folder(self, path: Path) -> None:
        """Look at a folder whose files are to be obeyed. Raises Untrusted; one that cannot be looked at is no matter
        of trust, and whoever lists it will say so."""
        try:
            self.check(path)
        except Untrusted:
            raise
        except OSError:
            return

    def _is_exempt(self, path: Path) -> bool:
        place = Path(os.path.realpath(path))  # pathlib raises for links that lead in a circle
        return any(place.is_relative_to(one) for one in self.exempt)

    def _check_descriptor(self, path: Path, descriptor: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115  a pipe's answer is no path
        if self.owners is None or (place.is_absolute() and self._is_exempt(place)):
            return
        self._judge(path, place, os.fstat(descriptor), sticky_helps=False, acl_of=descriptor)
        if place.is_absolute():
            self._walk(path, place.parent)

    def _walk(self, asked: Path, path: Path) -> Path:
        """Judge every folder and link from `/` to a path's end, as one in which something else is looked up; the place
        that is reached. Others can change none of these steps after they were judged."""
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
            # That is right for /tmp: only what lies in it must not be obeyed.
            raise Untrusted(asked, place, "may be written by everybody", f"mkdir -m 700 {named}/bttop")
        if status.st_mode & stat.S_IWOTH:
            bits = "go" if status.st_mode & stat.S_IWGRP else "o"
            raise Untrusted(asked, place, "may be written by everybody", f"chmod {bits}-w {named}")
        # Where there is an access list these bits are its mask: nobody in it may write without them.
        if status.st_mode & stat.S_IWGRP:
            writer = next(self._other_writers(status, _access_list(place if acl_of is None else acl_of)), None)
            if writer is not None:
                raise Untrusted(asked, place, f"may be written by {writer}", f"chmod g-w {named}")

    def _judge_owner(self, asked: Path, place: Path, status: os.stat_result, command: str = "chown root") -> None:
        assert self.owners is not None
        if status.st_uid not in self.owners:
            raise Untrusted(asked, place, f"belongs to {_user(status.st_uid)}", f"{command} {shlex.quote(str(place))}")

    def _other_writers(self, status: os.stat_result, acl: bytes) -> Iterator[str]:
        """Users and groups that may write, by an access list or without one by the mode."""
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
"""Nothing is in doubt."""


def _access_list(of: Path | int) -> bytes:
    """The POSIX access list of a file, empty where there is none. Raises OSError where it cannot be told."""
    try:
        return os.getxattr(of, _ACL)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return b""
        raise


def _is_private(gid: int, owners: frozenset[int]) -> bool:
    """Whether a group is the own one of a trusted user: of the same name, with nobody else in it, be it as their first
    group. Many systems give each user one, and let it write by default. The group of root is nobody's own: system
    users and containers have it too."""
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
