"""A normal user with a sudoers file of its own, seen by nobody else: the files of /etc that tell who there is and who
may what are mounted over in a mount namespace, so that nothing has to be added to this machine or taken away."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

import bttop
from tests.real import tracing

NAME: Final = "bttop-tester"
UID: Final = 60123
PASSWORD: Final = "geheim"
_HASH: Final = "$6$bttop$qS6O1mbjwtjOKGgBgEkqwMVrVrlxUF7Y74JU8NC7stMsBg95TAUip2qwa6/oYpdrFALPFZhbQb6jYRusj5C.1/"
"""By `openssl passwd -6`."""
_ENTER: Final = """
set -e
folder=$1; shift
for one in passwd group shadow sudoers; do mount --bind "$folder/$one" /etc/$one; done
for one in /run/sudo /var/lib/sudo; do [ ! -d $one ] || mount -t tmpfs -o mode=711 tmpfs $one; done
exec "$@"
"""


class SecondUser(Struct, frozen=True):
    """How to run something as this user."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def command(self, *words: str) -> list[str]:
        """The words as this user, in place of the process that runs them. The user may read everything, since the
        interpreter and the sources may lie in root's home, and may do nothing else."""
        reads = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
        user = ["setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups", *reads]
        clean = ["env", "-i", *(f"{name}={value}" for name, value in self.environment().items())]
        inside = ["sh", "-c", _ENTER, "sh", str(self.folder)]
        return ["unshare", "--mount", "--propagation", "private", *inside, *user, "--", *clean, *words]

    def bttop(self, *words: str) -> list[str]:
        """`bttop` as this user."""
        return self.command(sys.executable, "-m", "bttop", *words)

    def environment(self) -> dict[str, str]:
        sources = str(Path(bttop.__file__).parents[1])
        return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.home), "PYTHONPATH": sources} | {
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def second_user(folder: Path, *rules: str) -> SecondUser:
    """A user for whom these lines of sudoers hold; `{user}` in them is the name. Skips where that cannot be."""
    missing = [tool for tool in ("sudo", "unshare", "setpriv") if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        tracing.unable(f"not root, or missing: {' '.join(missing)}")
    user = SecondUser(folder)
    user.home.mkdir()
    os.chown(user.home, UID, UID)
    write(folder / "passwd", Path("/etc/passwd").read_text() + f"{NAME}:x:{UID}:{UID}::{user.home}:/bin/sh\n", 0o644)
    write(folder / "group", Path("/etc/group").read_text() + f"{NAME}:x:{UID}:\n", 0o644)
    write(folder / "shadow", f"root:*:19000::::::\n{NAME}:{_HASH}:19000::::::\n", 0o600)
    lines = ["Defaults env_reset", "Defaults lecture=never", *(rule.format(user=NAME) for rule in rules)]
    write(folder / "sudoers", "\n".join(lines) + "\n", 0o440)
    return user


def write(path: Path, text: str, mode: int) -> None:
    path.write_text(text)
    path.chmod(mode)


def children(pid: int) -> Sequence[tuple[int, list[str]]]:
    """Everything below a process: pid and argument list."""
    found: list[tuple[int, list[str]]] = []
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        for task in _tasks(one):
            for child in task.read_text().split():
                waiting.append(int(child))
                found.append((int(child), argv(int(child))))
    return found


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return []


def argv(pid: int) -> list[str]:
    """The argument list; empty once the process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        return []
