"""The state of the connection to one host, for the header; and questions to its tracer from any thread."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from bttop.engine.remote.clock import FarClock
from bttop.engine.tracer.frames import Content

if TYPE_CHECKING:
    from concurrent.futures import Future


ASK_SECONDS: Final = 3.0
_MOST_ASKED: Final = 64
"""Questions that may wait for an answer at once."""


class LinkState(Struct, frozen=True):
    """The connection now."""

    unheard: int = 0
    """Seconds for which nothing has arrived; below `link.SILENT` that is normal."""
    lost: str = ""
    """Why there is no connection; empty while there is one."""
    hint: str = ""
    """A command that may help; empty if there is none."""
    is_new: bool = False
    """Whether there has never been one."""
    is_final: bool = False
    """Whether none is attempted any more."""


SILENT: Final = 2
"""Seconds without any frame, of which one is expected each second, after which the host is called silent."""
ABANDONED: Final = 5
"""Seconds without any frame after which the connection is given up and made again: before the stop detector calls the
tracer stopped."""


class QuestionChannel(Protocol):
    """The channel to a tracer on another host, as far as questions need it."""

    @property
    def is_attached(self) -> bool:
        """Whether the engine's loop reads the channel."""

    def ask(self, token: int, command: Mapping[str, object]) -> None:
        """Send a question; its answer names the token."""

    def read_until(self, is_done: Callable[[], bool], seconds: float) -> None:
        """Read frames until `is_done`; raises TimeoutError after `seconds`."""


class Link:
    """The connection to one host, over all its reconnections."""

    def __init__(self, name: str, clock: FarClock | None = None) -> None:
        """`name`: the host as the user has named it."""
        self.name = name
        self.clock = clock or FarClock()
        self.state = LinkState()
        self._lock = threading.Lock()
        self._channel: QuestionChannel | None = None
        self._tokens = 0
        self._asked: dict[int, Future[Content]] = {}
        self.on_change: Callable[[], None] = lambda: None
        """Called when the connection is lost or there again, on the thread that notices it."""
        self.hurry: Callable[[], bool] = lambda: True
        """Called on the engine's thread before a question for the time: whether the answer is read as soon as it is
        here. Only then the round trip is that of the network."""

    # By the first attempts to connect.

    def missing(self, reason: str, hint: str = "", *, is_final: bool = False) -> None:
        """The host could not be reached yet, or it cannot be traced (`is_final`)."""
        self._change(LinkState(lost=reason, hint=hint, is_new=True, is_final=is_final))

    def joined(self) -> None:
        """The first connection is complete: from now on questions can be asked."""
        self._change(LinkState())

    # By the channel.

    def opened(self, channel: QuestionChannel) -> None:
        """A channel was opened: questions go there from now on."""
        self._channel = channel

    def heard(self) -> None:
        """Something has arrived; that changes nothing for a host that is missing."""
        if self.state != LinkState() and not self.state.is_new:
            self._change(LinkState())

    def unheard(self, seconds: int) -> None:
        """Nothing has arrived for this long."""
        if seconds >= SILENT:
            self._change(LinkState(unheard=seconds))

    def lost(self, reason: str) -> None:
        """The connection has ended: every question fails."""
        self._change(LinkState(lost=reason))
        self.closed(reason)

    def closed(self, reason: str) -> None:
        """bttop has ended the connection: every question fails, and no connection is missing."""
        with self._lock:
            asked, self._asked = self._asked, {}
        for future in asked.values():
            future.set_exception(ConnectionError(errno.ECONNRESET, reason))

    def answered(self, content: Content) -> None:
        """The answer to a question; one that nobody waits for is ignored."""
        with self._lock:
            future = self._asked.pop(content.token, None)
        if future is not None:
            future.set_result(content)

    def token(self) -> int:
        """A new number for a question."""
        with self._lock:
            self._tokens += 1
            return self._tokens

    # From any thread.

    def read(self, files: Sequence[str] = (), links: Sequence[str] = (), patterns: Sequence[str] = ()) -> Content:
        """Read files there. Raises OSError without a connection, and TimeoutError after ASK_SECONDS."""
        return self._ask({"do": "read", "files": list(files), "links": list(links), "patterns": list(patterns)})

    def processes(self, pids: Sequence[int]) -> Content:
        """Read the files in /proc of processes there. Raises as `read`."""
        return self._ask({"do": "processes", "pids": list(pids)})

    def _ask(self, command: dict[str, object]) -> Content:
        from concurrent.futures import Future  # imports logging, and nothing before the first question needs it

        channel, token = self._channel, self.token()
        if channel is None or self.state != LinkState():
            raise ConnectionError(errno.ENOTCONN, self.state.lost or "the host does not answer")
        future: Future[Content] = Future()
        with self._lock:
            if len(self._asked) >= _MOST_ASKED:
                raise ConnectionError(errno.EAGAIN, "too many questions wait for an answer")
            self._asked[token] = future
        channel.ask(token, command)
        try:
            if not channel.is_attached:  # before the engine runs: nothing else reads the answer
                channel.read_until(future.done, ASK_SECONDS)
            return future.result(ASK_SECONDS)
        finally:
            with self._lock:
                self._asked.pop(token, None)

    def _change(self, state: LinkState) -> None:
        before, self.state = self.state, state
        if bool(before.lost) != bool(state.lost) or before.is_final != state.is_final:
            self.on_change()
