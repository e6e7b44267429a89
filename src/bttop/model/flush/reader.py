"""The one reader of lines: from the lines of a bpftrace process to its records and flushes.

A running generation, a count-only twin and a replay of a recording read in this way.
"""

from __future__ import annotations

from msgspec.structs import replace

from bttop.model.flush.assembler import DEFAULT_KEY_LIMIT, FlushAssembler
from bttop.model.flush.flush import Flush, LossCounts
from bttop.model.plan import Plan
from bttop.model.record.decode import DecodedLine, Decoder
from bttop.model.record.records import Heartbeat, StampedLine
from bttop.model.record.release import Release


class FlushReader:
    """Decoder and flush assembler of one bpftrace process."""

    def __init__(
        self,
        release: Release,
        plan: Plan,
        generation: int,
        *,
        ready_ns: int | None = None,
        key_limit: int = DEFAULT_KEY_LIMIT,
        hexadecimal: bool = False,
        ahead_ns: int = 0,
    ) -> None:
        """`generation` is the number that flushes carry; `ready_ns` when everything was attached, if that is known;
        `hexadecimal` the decoder's flag before the first line; `ahead_ns` how far the clock of `nsecs` is ahead of that
        of the stamps, if they are of another host."""
        self._ahead_ns = ahead_ns
        self._decoder = Decoder(release, plan, hexadecimal=hexadecimal)
        self._assembler = FlushAssembler(plan, generation, release=release, ready_ns=ready_ns, key_limit=key_limit)

    @property
    def tally(self) -> LossCounts:
        """The current counters."""
        return self._assembler.tally

    @property
    def is_over(self) -> bool:
        """Whether the last flush has been completed."""
        return self._assembler.is_over

    def take(self, line: StampedLine) -> tuple[DecodedLine, Flush | None]:
        """Decode the next line; return it with the flush that it completes, if any."""
        decoded = self._decoder.decode(line)
        if self._ahead_ns and isinstance(decoded.record, Heartbeat):
            beat = decoded.record
            decoded = decoded._replace(record=replace(beat, nsecs=beat.nsecs - self._ahead_ns))
        return decoded, self._assembler.feed(decoded)

    def feed(self, line: StampedLine) -> Flush | None:
        """Decode the next line; return the flush that it completes, if any."""
        return self.take(line)[1]

    def due(self, now_boot_ns: int) -> Flush | None:
        """Return the flush that is complete at `now_boot_ns` without a further line, if any."""
        return self._assembler.due(now_boot_ns)

    def end(self, now_boot_ns: int) -> Flush | None:
        """Return the flush of what an ended process printed after its last flush, if any."""
        return self._assembler.end(now_boot_ns)
