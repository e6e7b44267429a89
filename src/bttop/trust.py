"""Whether another user could have written what root is about to obey: probe files run in the kernel.

As root, files and folders are trusted that belong to root or to the user who called sudo, that nobody else may write,
and that lie below such folders up to `/`; a folder above may be open to all where its sticky bit keeps others from
taking what is not theirs away (`/tmp`). Links are followed first, and a file is judged by the descriptor that is read.
"""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bttop.files import caller

ROOT = 0


class Untrusted(OSError):
    """Another user could have written it; `mend` is the command that ends that."""

    def __init__(self, path: Path, why: str, mend: str) -> None:
        super().__init__(f"not trusted: {path} {why}")
        self.mend = mend

    @property
    def reason(self) -> str:
        """The whole sentence with what can be done."""
        return f"{self}; {self.mend}"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose files are obeyed. The default trusts all: who is not root can only harm themselves."""

    owners: frozenset[int] | None = None
    """The users whose files are trusted; None: everybody's."""
    groups: frozenset[int] = frozenset()
    """Groups that may write because nobody else is in them."""
    exempt: tuple[Path, ...] = ()
    """Resolved files and folders that are trusted whatever they look like."""

    @classmethod
    def of_this_process(cls, exempt: Sequence[Path]) -> Trust:
        """As root: root and the caller of sudo are trusted, and what is exempt."""
        if os.geteuid() != ROOT:
            return cls()
        by = caller()
        owners = frozenset({ROOT, *([by.uid] if by is not None else [])})
        groups = frozenset(group for group in map(_private_group, owners) if group is not None)
        return cls(owners, groups, tuple(path.resolve() for path in exempt))

    def read(self, path: Path) -> bytes:
        """A file's content. Raises Untrusted, and other OSErrors."""
        with path.open("rb") as file:
            if self.owners is not None:
                self._check(path, file.fileno())
            return file.read()

    def check_folder(self, path: Path) -> None:
        """Look at a folder whose files are to be obeyed. Raises Untrusted; one that cannot be opened is no matter of
        trust, and whoever lists it will say so."""
        if self.owners is None:
            return
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            self._check(path, descriptor)
        finally:
            os.close(descriptor)

    def _check(self, path: Path, descriptor: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115  a pipe's answer is no path
        if any(place.is_relative_to(one) for one in self.exempt):
            return
        self._judge(path, place, os.fstat(descriptor), sticky_helps=False)
        for parent in _parents(place):
            self._judge(path, parent, parent.stat(), sticky_helps=True)

    def _judge(self, path: Path, place: Path, status: os.stat_result, *, sticky_helps: bool) -> None:
        found = self._why_not(status, sticky_helps=sticky_helps)
        if found is not None:
            why, command = found
            named = shlex.quote(str(place))
            raise Untrusted(place, why, f"{command} {named}, or --trust {shlex.quote(str(path))}")

    def _why_not(self, status: os.stat_result, *, sticky_helps: bool) -> tuple[str, str] | None:
        """Why others could have written it, with the command that ends that."""
        assert self.owners is not None
        if status.st_uid not in self.owners:
            return f"belongs to {_user(status.st_uid)}", "chown root"
        if sticky_helps and status.st_mode & stat.S_ISVTX:
            return None
        if status.st_mode & stat.S_IWOTH:
            return "may be written by everybody", "chmod o-w"
        if status.st_mode & stat.S_IWGRP and status.st_gid not in self.groups:
            return f"may be written by the group {_group(status.st_gid)}", "chmod g-w"
        return None


EVERYBODY: Final = Trust()
"""Nothing is in doubt."""


def _parents(place: Path) -> Iterator[Path]:
    """The folders above a file; none for what has no place, such as a pipe."""
    if place.is_absolute():
        yield from place.parents


def _private_group(uid: int) -> int | None:
    """The group that is a user's own: of the same name, with nobody else in it. Many systems give each user one, and
    let it write by default."""
    try:
        user = pwd.getpwuid(uid)
        group = grp.getgrgid(user.pw_gid)
    except KeyError:
        return None
    alone = group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
    return group.gr_gid if alone else None


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
