"""The flushes of one program, newest last, limited in bytes.

The newest flushes stay decoded. Older ones are packed to their lines and decoded again on access. One thread may append
while another reads.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict, deque
from threading import Lock

from bttop.model.flush.flush import Flush
from bttop.model.history.packed import Packed, pack, unpack

UNPACKED = 2
"""How many of the newest flushes stay decoded."""

DEFAULT_TOTAL_BYTES = 64 << 20

# A decoded flush takes about five times the bytes of its lines, plus a fixed part.
_DECODED_FACTOR = 5
_DECODED_BYTES = 2_000
_CACHE_PART = 8
_CACHE_LIMIT = 8 << 20


class History:
    """The flushes of one program, across its generations."""

    def __init__(self, limit_bytes: int) -> None:
        """`limit_bytes` limits everything kept. The latest flush is kept even if it is larger; with a limit of 0 it is
        the only one."""
        self._lock = Lock()
        self._limit_bytes = limit_bytes
        self._packed: deque[Packed] = deque()
        self._recent: deque[Flush] = deque()
        self._bytes = 0
        self._dropped = 0
        self._cache = _Cache(limit_bytes)

    @property
    def limit_bytes(self) -> int:
        """The maximum number of bytes that are kept."""
        return self._limit_bytes

    @property
    def bytes(self) -> int:
        """Approximate memory of the flushes in bytes, without those decoded again for a reader."""
        with self._lock:
            return self._bytes

    @property
    def dropped(self) -> int:
        """How many of the oldest flushes were dropped."""
        with self._lock:
            return self._dropped

    @property
    def appended(self) -> int:
        """How many flushes were ever added."""
        with self._lock:
            return self._dropped + self._length()

    @property
    def latest(self) -> Flush | None:
        """The newest flush; None if there is none."""
        with self._lock:
            return self._recent[-1] if self._recent else None

    @property
    def oldest_ns(self) -> int:
        """When the oldest kept flush ended (its `end_ns`); 0 if there is none."""
        with self._lock:
            first = self._find(0)
            return 0 if first is None else first.end_ns

    def __len__(self) -> int:
        with self._lock:
            return self._length()

    def append(self, flush: Flush) -> None:
        """Add the newest flush; drop the oldest ones above the limit."""
        with self._lock:
            self._recent.append(flush)
            self._bytes += decoded_bytes(flush)
            self._settle()

    def resize(self, limit_bytes: int) -> None:
        """Set another limit; drop what is above it immediately."""
        with self._lock:
            self._limit_bytes = limit_bytes
            self._cache.resize(limit_bytes)
            self._settle()

    def at(self, index: int) -> Flush | None:
        """The flush at `index`, 0 being the oldest and -1 the newest; None if it does not exist or was dropped."""
        with self._lock:
            position = index + self._length() if index < 0 else index
            found = self._find(position)
            serial = self._dropped + position
        return self._decoded(found, serial)

    def window(self, count: int, end: int | None = None) -> tuple[Flush, ...]:
        """The `count` flushes before index `end` (by default the newest), or fewer if there are not as many; newest
        last."""
        with self._lock:
            stop = self._length() if end is None else max(0, min(end, self._length()))
            first = max(0, stop - max(0, count))
            found = [self._find(position) for position in range(first, stop)]
            serial = self._dropped + first
        flushes = [self._decoded(one, serial + offset) for offset, one in enumerate(found)]
        return tuple([flush for flush in flushes if flush is not None])

    def index_at(self, boot_ns: int) -> int | None:
        """Index of the last flush that ended at or before `boot_ns` (CLOCK_BOOTTIME in ns); None if there is none."""
        with self._lock:
            ends = [one.end_ns for one in self._packed] + [one.end_ns for one in self._recent]
        found = bisect_right(ends, boot_ns)
        return found - 1 if found else None

    def _length(self) -> int:
        return len(self._packed) + len(self._recent)

    def _find(self, position: int) -> Packed | Flush | None:
        if not 0 <= position < self._length():
            return None
        older = len(self._packed)
        return self._packed[position] if position < older else self._recent[position - older]

    def _decoded(self, found: Packed | Flush | None, serial: int) -> Flush | None:
        if not isinstance(found, Packed):
            return found
        with self._lock:
            cached = self._cache.get(serial)
        if cached is not None:
            return cached
        flush = unpack(found)
        with self._lock:
            self._cache.put(serial, flush)
        return flush

    def _settle(self) -> None:
        """Pack flushes that are not among the newest, and drop what is above the limit."""
        while len(self._recent) > UNPACKED or (self._bytes > self._limit_bytes and len(self._recent) > 1):
            flush = self._recent.popleft()
            if not self._limit_bytes:
                # Nothing older is ever kept: packing it first would only cost time.
                self._bytes -= decoded_bytes(flush)
                self._dropped += 1
                continue
            packed = pack(flush)
            self._packed.append(packed)
            self._bytes += packed.size - decoded_bytes(flush)
        while self._bytes > self._limit_bytes and self._packed:
            self._bytes -= self._packed.popleft().size
            self._dropped += 1


class HistoryBudget:
    """Divides a total number of bytes equally among the histories of all programs."""

    def __init__(self, total_bytes: int = DEFAULT_TOTAL_BYTES) -> None:
        self._total_bytes = total_bytes
        self._histories: list[History] = []
        self._lock = Lock()

    def open(self) -> History:
        """Return a history for one more program; the others shrink to make room."""
        with self._lock:
            history = History(0)
            self._histories.append(history)
            self._divide()
            return history

    def close(self, history: History) -> None:
        """Give a program's share back to the others. Its flushes remain readable while the history is referenced."""
        with self._lock:
            self._histories = [one for one in self._histories if one is not history]
            self._divide()

    def _divide(self) -> None:
        share = self._total_bytes // max(1, len(self._histories))
        for history in self._histories:
            history.resize(share)


class _Cache:
    """Recently decoded flushes by serial number; the least recently used is dropped first."""

    def __init__(self, history_bytes: int) -> None:
        self._flushes: OrderedDict[int, Flush] = OrderedDict()
        self._bytes = 0
        self._limit_bytes = 0
        self.resize(history_bytes)

    def resize(self, history_bytes: int) -> None:
        self._limit_bytes = min(history_bytes // _CACHE_PART, _CACHE_LIMIT)
        self._shrink()

    def get(self, serial: int) -> Flush | None:
        flush = self._flushes.get(serial)
        if flush is not None:
            self._flushes.move_to_end(serial)
        return flush

    def put(self, serial: int, flush: Flush) -> None:
        self.forget(serial)
        self._flushes[serial] = flush
        self._bytes += decoded_bytes(flush)
        self._shrink()

    def forget(self, serial: int) -> None:
        flush = self._flushes.pop(serial, None)
        if flush is not None:
            self._bytes -= decoded_bytes(flush)

    def _shrink(self) -> None:
        while self._bytes > self._limit_bytes:
            _, flush = self._flushes.popitem(last=False)
            self._bytes -= decoded_bytes(flush)


def decoded_bytes(flush: Flush) -> int:
    """Approximate memory of a decoded flush, in bytes."""
    return _DECODED_BYTES + _DECODED_FACTOR * sum([len(line.data) for line in (*flush.base, *flush.lines)])
