"""The processes of another host, looked up through its tracer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bttop.engine.host.folder import FarFiles, Folder
from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.host.process.process_lookup import ProcessLookup
from bttop.engine.host.process.processes import Process, is_alive
from bttop.engine.remote.link import Link


class FarProcesses:
    """Remembers processes as `ProcessLookup` does. `look` waits for at most one answer, the other methods never."""

    def __init__(
        self, link: Link, users: Folder, numbers: PidNumbers, met: Callable[[Process], None] | None = None
    ) -> None:
        """`users`: the etc/passwd of that host. `numbers`, `met`: see `ProcessLookup`."""
        self._link = link
        self._users = users
        self._alive: dict[int, bool] = {}
        self._lookup = ProcessLookup(numbers=numbers, met=met, read=self._read)

    def on(self, _host: str) -> FarProcesses:
        """The same source: it has one host."""
        return self

    def note(self, pids: Sequence[int]) -> None:
        """Look up the unknown ones of these ids in the background."""
        self._lookup.note(pids)

    def get(self, pid: int) -> Process | None:
        """The process that last had this id; None if it was never seen."""
        return self._lookup.get(pid)

    def look(self, pid: int) -> Process | None:
        """Look the id up now; the remembered process while the host does not answer."""
        return self._lookup.look(pid)

    def open_file(self, _pid: int, _descriptor: int) -> str:
        """Empty: the open files of another host are not known."""
        return ""

    def has_ended(self, pid: int) -> bool:
        """Whether the last look found no such process; it is repeated in the background."""
        self._lookup.note([pid])
        return self._alive.get(pid) is False

    @property
    def why_unknown(self) -> str:
        """Why no process can be looked up; empty if they can."""
        state = self._link.state
        return f"{self._link.name}: {state.lost}" if state.lost else self._lookup.why_unknown

    def close(self) -> None:
        """End the thread; remembered processes are kept."""
        self._lookup.close()

    def _read(self, pid: int) -> Folder | None:
        """The /proc of that host with the files of one process; None while it does not answer."""
        files = FarFiles()
        try:
            found = self._link.processes([pid])
        except OSError:
            return None
        files.add(found.files, found.links, found.paths)
        files.copy(self._users)
        proc = files.root() / "proc"
        self._alive[pid] = is_alive(pid, proc)
        return proc
