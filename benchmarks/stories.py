"""The stories of the recordings: acts, whose notes are the captions that tell the reader what to press."""

from __future__ import annotations

from typing import Final, NamedTuple


class Act(NamedTuple):
    """A part of a recording."""

    note: str
    """Note of the mark at its beginning; empty for no mark."""
    seconds: float


INCIDENT: Final = (
    Act("", 10.0),
    Act(
        "shop.service is well: five questions, five panes. Tab or 1 to 5 choose one, Space pauses, . is the next mark",
        12.0,
    ),
    Act(
        "Now it is slow. Key 1: who calls the kernel? report does. Arrows go to its row, Enter: who is it? Esc closes",
        15.0,
    ),
    Act("Key 3: what does it read? Always 16 bytes. z zooms in, Esc zooms out", 13.0),
    Act("Key 2: is it the network? No: it retransmits as before. Key 3, then v: who reads? report", 12.0),
    Act("Live, P has pinned all panes to report. Key 5, arrow right: all its frames. It reads field by field", 15.0),
    Act("report has ended. On your host: bttop, arrow down, Enter, the letter of a question, p. Here q quits", 10.0),
)
LOCK_FIGHT: Final = (
    Act("", 12.0),
    Act("Three threads book orders, 10 ms apart. Key 3: they sleep or run. Space pauses, . is the next mark", 12.0),
    Act(
        "Orders are late, and the CPUs are idle. Key 3: all time is S, asleep. For what? Key 1, z: where they wait",
        16.0,
    ),
    Act("The widest path is reserve_stock, futex_wait: a lock. Esc, key 2: each wait takes up to 33 ms", 16.0),
    Act(
        "Who has the lock? Key 1, z, v: the list. waker: audit, or a thread behind it in the queue. audit sleeps", 16.0
    ),
    Act("The audit has ended. On your host: bttop offcpu futex cputime profile. q quits", 12.0),
)
SLOW_DISK: Final = (
    Act("", 12.0),
    Act("ledger writes 20 entries a second and waits for the disk each time. Space pauses, . is the next mark", 12.0),
    Act(
        "It is late. Key 3: its state is D. Key 1, z: it waits in fdatasync. v: the list. waker: block-interrupt", 16.0
    ),
    Act("Esc, key 2: is the disk slow? Yes, as p50 and p99 tell. v, v: a heat map shows since when", 16.0),
    Act("Who keeps it busy? Key 4, v, v: backup writes, 4 MiB each", 16.0),
    Act("The backup has ended. On your host: bttop offcpu biolatency cputime vfs_write. q quits", 12.0),
)
RETRANSMIT_STORM: Final = (
    Act("", 10.0),
    Act(
        "A network loses every 33rd segment. Key 1: who retransmits, and to whom? Space pauses, . is the next mark",
        20.0,
    ),
    Act(
        "Key 1, d: its course as a line, G: rows by address. Key 2: connecting still takes microseconds",
        20.0,
    ),
    Act("The transfers have ended. On your host: bttop retransmits tcp_connect. q quits", 10.0),
)
