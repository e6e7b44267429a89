"""What the doubts of a flush are called, and what they mean, in words."""

from __future__ import annotations

from bttop.model.flush import Doubt, Flush
from bttop.model.numbers import share

DOUBT_TEXTS = {
    Doubt.LOST_TICKS.value: "The interval fired late: a busy CPU skips ticks while another BPF program runs on it. "
    "The flush is longer than asked for; rates use its real length and are right.",
    Doubt.LOST_MESSAGES.value: "bpftrace lost messages of its own, so a flush or part of one is missing.",
    Doubt.LATE.value: "bpftrace was still printing a bank when it came into use again: events may be missing or "
    "counted twice. A longer interval (-i) mends it.",
    Doubt.UNTIMED.value: "The script prints by itself and has no heartbeat: the length of a flush is taken from the "
    "arrival of its lines, and rates are approximate.",
    Doubt.AMBIGUOUS.value: "bpftrace joins key parts with commas and does not escape them; a part that holds a comma "
    "itself may be split wrongly, and equal-looking keys were added up.",
    Doubt.MAP_FULL.value: "The map has no room for new keys: known keys go on counting, new ones are missing.",
    Doubt.NEARLY_FULL.value: "The map is at nine tenths of its limit or above. bpftrace does not say when a new key is "
    "turned away, so some may be missing; a filter or a pin makes room.",
    Doubt.CUT_TEXT.value: "A text is as long as bpftrace keeps (64 bytes up to 0.21, then 1024): its end is missing, "
    "and texts that begin alike are one row.",
    Doubt.CUT_STACK.value: "A stack has 127 frames, as many as the kernel walks: the outermost are missing, and it "
    "stands beside its root in a flame graph.",
    Doubt.CLOCK_STEP.value: "The host's wall clock was set. Times of day before and after do not compare; lengths and "
    "rates are taken from the boot clock and are right.",
    Doubt.RUNNING_TOTAL.value: "The script prints a map by itself and never clears it, so its rows hold everything "
    "since the start and are no rates. A clear() behind the print, or no print at all, makes them one interval's.",
    Doubt.ZERO_OR_NOTHING.value: "bpftrace 0.24 and newer print 0 for a min(), max() or avg() without a key that "
    "has counted nothing, and bttop could not edit this script to tell the two apart.",
    Doubt.LOST_UPDATES.value: "Two CPUs made the same new key at the same moment and bpftrace 0.23 dropped one event; "
    "how many is counted below. 0.27 does not.",
    Doubt.SKIPPED.value: "While a BPF program on a tracepoint or kprobe runs on a CPU, whoever loaded it, the kernel "
    "skips every other one that an interrupt fires there: so many events are missing (in brackets: of those that "
    "fired). Detach what is hot (T has all BPF programs), or use raw tracepoints (O) or fentry: nothing skips them.",
    Doubt.LOST_EVENTS.value: "bpftrace's output buffer overflowed and messages were lost.",
    Doubt.TRUNCATED.value: "The script printed more than is kept of one interval.",
    Doubt.DAMAGED.value: "A line of this flush could not be read: a map may be missing.",
}
"""What each doubt of a flush means and what to do about it."""

MISSING_OR_WRONG = frozenset(Doubt) - {
    Doubt.LOST_TICKS,
    Doubt.UNTIMED,
    Doubt.NEARLY_FULL,
    Doubt.CUT_TEXT,
    Doubt.CUT_STACK,
    Doubt.CLOCK_STEP,
    Doubt.RUNNING_TOTAL,
    Doubt.ZERO_OR_NOTHING,
}
"""Doubts by which a count on show is, or may be, too small or wrong; the others say how to read it."""


def doubt_badge(doubt: Doubt, flush: Flush) -> str:
    """The badge of a flush's doubt: its name, and the number where the flush has one."""
    if doubt is not Doubt.SKIPPED:
        return doubt.value
    part = f" ({share(flush.skipped, flush.fired)} %)" if flush.fired else ""
    return f"{flush.skipped:,} {doubt.value}{part}"
