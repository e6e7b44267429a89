"""The open flush: records that wait for the heartbeat, limited in number and bytes."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from bttop.model.record.records import Heartbeat, MapRecord, Printed, Stamp, StampedLine

PRINTED_LIMIT = 2_000
"""Most printed records that one flush keeps."""

PRINTED_BYTES = 4 << 20
"""Most bytes of printed lines that one flush keeps."""

MAPS_LIMIT = 1_000
"""Most maps that one flush keeps; a handwritten script has a few dozen at most."""


class Kept(Struct, frozen=True):
    """A text or heartbeat of a flush, with its line and the decoder's flag before that line."""

    line: StampedLine
    record: Printed | Heartbeat
    hexadecimal: bool


class KeptMap(Struct, frozen=True):
    """A printed map, stored as `Kept`."""

    line: StampedLine
    record: MapRecord
    hexadecimal: bool


class Pending:
    """The records since the last flush, in order of arrival; of each map only the last print."""

    def __init__(self) -> None:
        self._kept: dict[int, Kept | KeptMap] = {}
        self._maps: dict[str, KeptMap] = {}
        """By printed name: both banks of a map are in here."""
        self._settled: list[KeptMap] = []
        """Maps that were printed and cleared within this flush: later prints are added to them."""
        self._serials: dict[str, int] = {}
        """Index into `_kept` of each printed map."""
        self._serial = 0
        self._printed_count = 0
        self._printed_bytes = 0
        self.dropped = 0
        self.first_ns = 0
        """Arrival of the first record; 0 while there is none."""
        self.last = Stamp(0, 0)
        """Arrival of the last record; zeros while there is none."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing has arrived since the last flush."""
        return not self._kept and not self.dropped

    @property
    def has_maps(self) -> bool:
        """Whether a map has been printed since the last flush."""
        return bool(self._maps or self._settled)

    def maps(self) -> list[KeptMap]:
        """The printed maps: one for each printed name, and the settled ones."""
        return [*self._settled, *self._maps.values()]

    def kept(self) -> list[Kept | KeptMap]:
        """Everything kept, in order of arrival."""
        return list(self._kept.values())

    def add_map(self, kept: KeptMap) -> bool:
        """Keep a map's print instead of an earlier one; return False if there are too many maps.

        An empty print does not replace rows: bpftrace 0.24 prints a map again after the map was printed and cleared.
        """
        name = kept.record.name
        earlier = self._maps.get(name)
        if earlier is None and len(self._maps) >= MAPS_LIMIT:
            return self._drop(kept)
        if earlier is not None and earlier.record.rows and not kept.record.rows:
            self._arrived(kept)
            return True
        self._forget(name)
        self._maps[name], self._serials[name] = kept, self._add(kept)
        return True

    def settle(self, is_cleared: Callable[[str], bool]) -> None:
        """Keep the prints of cleared maps beside later prints; `is_cleared` takes a printed name."""
        for name in [name for name in self._maps if is_cleared(name)]:
            if len(self._settled) < MAPS_LIMIT:
                self._settled.append(self._maps.pop(name))
                del self._serials[name]

    def keep_maps(self, is_wanted: Callable[[str], bool]) -> None:
        """Forget the prints of unwanted maps; `is_wanted` takes a printed name."""
        for name in [name for name in self._maps if not is_wanted(name)]:
            self._forget(name)

    def _forget(self, name: str) -> None:
        if self._maps.pop(name, None) is not None:
            del self._kept[self._serials.pop(name)]

    def add_printed(self, kept: Kept) -> bool:
        """Keep printed text; return False if there is too much of it."""
        size = self._printed_bytes + len(kept.line.data)
        if self._printed_count >= PRINTED_LIMIT or size > PRINTED_BYTES:
            return self._drop(kept)
        self._printed_count += 1
        self._printed_bytes = size
        self._add(kept)
        return True

    def close_with(self, kept: Kept) -> None:
        """Keep the heartbeat that closes the flush."""
        self._add(kept)

    def _add(self, kept: Kept | KeptMap) -> int:
        self._serial += 1
        self._kept[self._serial] = kept
        self._arrived(kept)
        return self._serial

    def _drop(self, kept: Kept | KeptMap) -> bool:
        self.dropped += 1
        self._arrived(kept)
        return False

    def _arrived(self, kept: Kept | KeptMap) -> None:
        self.last = kept.line.stamp
        self.first_ns = self.first_ns or self.last.boot_ns
