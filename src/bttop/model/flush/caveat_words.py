"""Names and explanations of the caveats of a flush, for users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bttop.model.flush.find_caveats import Caveat
from bttop.model.format.numbers import share

if TYPE_CHECKING:
    from bttop.model.flush.flush import Flush


CAVEAT_TEXTS = {
    Caveat.LOST_TICKS.value: "The interval fired late: a busy CPU skips ticks while another BPF program runs on it. "
    "The flush is longer than requested; rates use its real length and are correct.",
    Caveat.LOST_MESSAGES.value: "bpftrace lost some of its messages: a flush or a part of one is missing.",
    Caveat.LATE.value: "bpftrace was still printing a bank when the bank was used again: events may be missing or "
    "counted twice. Use a longer interval (-i) to fix this.",
    Caveat.UNTIMED.value: "The script prints without a heartbeat, or bttop does not know when the program started or "
    "ended: the length of the flush is taken from arrival times, and rates are approximate.",
    Caveat.AMBIGUOUS.value: "bpftrace joins key parts with commas and does not escape them: a part that contains a "
    "comma may be split wrongly, and rows with equal keys were added up.",
    Caveat.MAP_FULL.value: "The map has no room for new keys: known keys are still counted, new ones are missing.",
    Caveat.NEARLY_FULL.value: "The map is at nine tenths of its limit or above. bpftrace does not report every new key "
    "that it rejects, so some may be missing; use a filter or a pin to make room.",
    Caveat.CUT_TEXT.value: "A text has the maximum length of bpftrace (64 bytes up to 0.21, then 1024): its end is "
    "missing, and texts with the same beginning share one row.",
    Caveat.CUT_STACK.value: "A stack has 127 frames, the maximum of the kernel: the outermost frames are missing, and "
    "a flame graph shows the stack beside its real root.",
    Caveat.CLOCK_STEP.value: "The host's wall clock was set. Times of day before and after it are not comparable; "
    "lengths and rates use the boot clock and are correct.",
    Caveat.RUNNING_TOTAL.value: "The script prints a map itself and never clears it: its rows hold everything since "
    "the start and are not rates. To get the rows of one interval, add a clear() after the print, or remove the print.",
    Caveat.ZERO_OR_NOTHING.value: "bpftrace 0.24 and newer print 0 for a min(), max() or avg() without a key that "
    "counted nothing, and bttop could not edit this script to tell that from a real 0.",
    Caveat.THINNED.value: "The program took one event in N, because it would have been above the budget. Counts, sums "
    "and histograms are multiplied by N; minima, maxima, assigned values and printed lines may be missing. The badge "
    "`1 in N` has the error, and how to get all events.",
    Caveat.LOST_UPDATES.value: "Two CPUs created the same new key at the same time, and bpftrace 0.23 dropped one "
    "event; the number of dropped events is below. bpftrace 0.27 drops none.",
    Caveat.SKIPPED.value: "While a BPF program on a tracepoint or kprobe runs on a CPU, the kernel skips every other "
    "such program that an interrupt fires there, whichever tool loaded it: this many events are missing (in brackets: "
    "their share of those that fired). Detach the busiest probes (T has all BPF programs), or use raw tracepoints "
    "(O) or fentry, which are never skipped.",
    Caveat.LOST_EVENTS.value: "bpftrace's output buffer overflowed and messages were lost.",
    Caveat.TRUNCATED.value: "The script printed more than bttop keeps for one interval.",
    Caveat.DAMAGED.value: "A line of this flush could not be read: a map may be missing.",
}
"""What each caveat of a flush means and what to do about it."""

MISSING_OR_WRONG = frozenset(Caveat) - {
    Caveat.LOST_TICKS,
    Caveat.UNTIMED,
    Caveat.NEARLY_FULL,
    Caveat.CUT_TEXT,
    Caveat.CUT_STACK,
    Caveat.CLOCK_STEP,
    Caveat.RUNNING_TOTAL,
    Caveat.ZERO_OR_NOTHING,
}
"""Caveats that mean that a shown count is, or may be, too small or wrong; the others explain how to read it."""


def caveat_badge(caveat: Caveat, flush: Flush) -> str:
    """The text of a caveat's badge: its name; for skipped events also their number and, if known, their share; for a
    thinned program its factor."""
    if caveat is Caveat.THINNED:
        return f"1 in {flush.origin.plan.one_in}"
    if caveat is not Caveat.SKIPPED:
        return caveat.value
    part = f" ({share(flush.skipped, flush.fired)} %)" if flush.fired else ""
    return f"{flush.skipped:,} {caveat.value}{part}"
