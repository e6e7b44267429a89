"""A made-up /proc."""

from __future__ import annotations

import os
from pathlib import Path


def add_process(
    root: Path,
    pid: int,
    *,
    comm: bytes = b"java",
    parent: int = 1,
    command: bytes = b"java\0-jar\0x.jar\0",
    uid: int = 33,
    threads: tuple[int, ...] = (),
    start: int = 12_345,
    state: str = "S",
    flags: int = 0x400000,
    cgroup: bytes = b"0::/system.slice/x.service\n",
) -> None:
    """Write the files of one process; its threads get folders as the kernel has them: reachable, not listed."""
    for tid in (pid, *threads):
        folder = root / str(tid)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "stat").write_bytes(
            b"%d (%b) %b %d 1 1 0 -1 %d " % (tid, comm, state.encode(), parent, flags)
            + b"0 " * 12
            + b"%d 99 99 0\n" % start
        )
        (folder / "status").write_bytes(
            b"Name:\t%b\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\nUid:\t%d\t%d\t0\t0\nThreads:\t%d\n"
            % (comm.replace(b"\n", b"\\n"), pid, tid, parent, uid, uid, 1 + len(threads))
        )
        (folder / "comm").write_bytes(comm + b"\n")
        (folder / "cmdline").write_bytes(command)
        (folder / "cgroup").write_bytes(cgroup)
    task = root / str(pid) / "task"
    for tid in (pid, *threads):
        (task / str(tid)).mkdir(parents=True, exist_ok=True)
    if not (root / str(pid) / "exe").is_symlink():
        (root / str(pid) / "exe").symlink_to(os.fsdecode(b"/usr/bin/" + comm.replace(b"/", b"_")))


def in_namespace(root: Path, inode: int, numbers: str) -> None:
    """Let the process that reads this /proc (`self`) be in a PID namespace, with these numbers from that of /proc to
    its own."""
    (root / "self/ns").mkdir(parents=True)
    (root / "self/ns/pid").symlink_to(f"pid:[{inode}]")
    (root / "self/status").write_text("Name:\tbttop\nNSpid:\t" + numbers.replace(" ", "\t") + "\n")
