"""How the process ids of /proc and those of bpftrace's `pid` relate. They differ in a PID namespace of bttop's own, as
in most containers: up to 0.22 bpftrace counts as the host does, from 0.23 as its own namespace does. /proc is that of
the namespace: `check_can_trace` refuses any other."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from bttop.engine.host.folder import Folder
from bttop.engine.host.process.processes import PROC, namespace_of, numbers_of
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.process.pid_namespace import PidNamespace

OF_HOST: Final = 4026531836
"""PROC_PID_INIT_INO of linux/proc_ns.h, the inode of the host's PID namespace on every kernel."""


class Unnumbered(str):
    """Why the number of a process is not known, as a sentence without its period."""


class PidNumbers(Struct, frozen=True):
    """The relation of the two numberings; the default is the same number in both."""

    namespace: PidNamespace | None = None
    """The namespace of bttop and bpftrace; None: the host's."""
    root: Folder = PROC

    @classmethod
    def read(cls, release: Release, root: Folder = PROC) -> PidNumbers:
        """The numberings of this process and of this release of bpftrace."""
        own = namespace_of("self", root)
        if own is None or own == OF_HOST:
            return cls(root=root)
        traits = traits_of(release)
        return cls(PidNamespace(own, "inside" if traits.pids_of_namespace else "host", traits.swaps_ids), root)

    @property
    def are_equal(self) -> bool:
        """Whether a process has the same number in both."""
        return self.namespace is None or self.namespace.counting == "inside"

    def of_bpftrace(self, pid: int) -> int | Unnumbered:
        """bpftrace's number of the process that has a number in /proc."""
        if not self.are_equal:
            return Unnumbered(
                f"process {pid} of this PID namespace has another number on the host, "
                "and this bpftrace counts as the host does"
            )
        # A process has one number for each namespace from that of /proc to its own.
        if self.namespace is not None and len(numbers_of(pid, self.root)) > 1:
            return Unnumbered(
                f"process {pid} is in a PID namespace inside this one, and bpftrace does not see its number"
            )
        return pid
