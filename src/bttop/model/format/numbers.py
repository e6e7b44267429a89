"""Formats counts, rates, sizes, durations and shares: the only place that does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bttop.model.format.floats import as_float, ratio
from bttop.model.record.records import Bucket
from bttop.patterns import pattern

if TYPE_CHECKING:
    from bttop.model.format.percentiles import Quantile


_STEPS = ("", "k", "M", "G", "T", "P", "E")
_BINARY = ("", "K", "M", "G", "T", "P", "E")
_TIME_UNIT = pattern(r"(?<=[0-9])(?:ns|us|ms|s)$")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def whole(value: float) -> str:
    """A number with thousands separators; numbers below 10 keep decimals that matter."""
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 9.95 or value == 0:
        return f"{round(value):,}"
    if abs(value) >= 0.95 and abs(value - round(value)) < 0.05:
        return f"{round(value)}"
    return f"{value:.1f}" if abs(value) >= 0.095 else f"{value:.2g}"


def short(value: float) -> str:
    """A number in at most five characters: 9, 9.9, 412, 4.1k, 412k, 1.2M."""
    return _scaled(value, 1000.0, _STEPS)


def size(value: float) -> str:
    """Bytes in at most five characters, in powers of 1024: 512, 4K, 1.5M."""
    return _scaled(value, 1024.0, _BINARY)


def _scaled(value: float, base: float, steps: tuple[str, ...]) -> str:
    value = as_float(value)
    if not math.isfinite(value):
        return str(value)
    if value < 0:
        return "-" + _scaled(-value, base, steps)
    if value < base:
        return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
    exponent = 0
    while value >= base and exponent < len(steps) - 1:
        value /= base
        exponent += 1
    if value < 9.95 and value != int(value):
        return f"{value:.1f}{steps[exponent]}"
    if round(value) >= base and exponent < len(steps) - 1:
        return f"1{steps[exponent + 1]}"
    return f"{value:.0f}{steps[exponent]}"


def duration(seconds: float) -> str:
    """A duration, given in seconds, in at most six characters: 12us, 1.1ms, 42s, 4m12, 3h04, 12d07, 584y."""
    if not math.isfinite(seconds):
        return str(seconds)
    if seconds < 0:
        return "-" + duration(-seconds)
    if seconds >= 1000 * 86400:
        return f"{seconds / 31_556_952:.0f}y"
    if seconds >= 100 * 3600:
        return f"{int(seconds // 86400)}d{int(seconds % 86400 // 3600):02d}"
    if seconds >= 3600:
        return f"{int(seconds // 3600)}h{int(seconds % 3600 // 60):02d}"
    if seconds >= 100:
        return f"{int(seconds // 60)}m{int(seconds % 60):02d}"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= 0.9995 * scale:
            amount = seconds / scale
            return f"{amount:.0f}{unit}" if amount >= 9.95 or amount == int(amount) else f"{amount:.1f}{unit}"
    return f"{seconds * 1e9:.0f}ns"


def with_unit(value: float, unit: str) -> str:
    """A map's value in its unit, short."""
    if unit == "bytes":
        return size(value)
    if unit in _SECONDS:
        return duration(as_float(value) * _SECONDS[unit])
    return short(value)


def bound(value: int | None, unit: str) -> str:
    """One end of a histogram bucket; powers of two are exact, so they are not rounded."""
    if value is None:
        return "…"
    if value == 0:
        return "0"
    if unit in _SECONDS:
        return duration(as_float(value) * _SECONDS[unit])
    if abs(value) >= 1024 and value % 1024 == 0:
        return size(value)
    return f"{value}" if abs(value) < 100_000 else whole(value)


def share(part: float, total: float) -> str:
    """A percentage without its sign: 62 or 0.4; `-` if the total is 0."""
    if total <= 0:
        return "-"
    percent = 100.0 * ratio(part, total)
    return f"{percent:.0f}" if percent >= 9.5 or percent == 0 else f"{percent:.1f}"


def quantile_text(found: Quantile | None, unit: str) -> str:
    """The range that holds a percentile, in its unit: `4K-8K`, `33-66ms`. One value if the bucket holds only that or
    both ends look the same; `>2M` if the bucket has no upper end, `<2M` if no lower end; `-` without events."""
    if found is None:
        return "-"
    if found.low is None:
        return "-" if found.high is None else f"<{bound(found.high + 1, unit)}"
    low = bound(found.low, unit)
    if found.high is None or found.low == found.high:
        return f">{low}" if found.high is None else low
    end = bound(found.high + 1, unit)
    if found.low < 0:
        return f"[{low}, {end})"
    return low if low == end else f"{_without_shared_unit(low, end)}-{end}"


def _without_shared_unit(low: str, end: str) -> str:
    """A duration without its unit if that of the other end is the same."""
    units = [found[0] if (found := _TIME_UNIT.search(text)) else "" for text in (low, end)]
    return low.removesuffix(units[0]) if units[0] == units[1] else low


def quantile_bound(found: Quantile | None, unit: str) -> str:
    """What a percentile is below, in its unit, where there is no room for its range: `<8K`. One value if its bucket
    holds only that; `>2M` if its bucket has no upper end; `-` without events."""
    if found is None or found.high is None or found.low == found.high:
        return quantile_text(found, unit)
    return f"<{bound(found.high + 1, unit)}"


def bucket_labels(buckets: Sequence[Bucket], unit: str) -> list[str]:
    """One label per bucket. If rounding makes two ends look the same, as with narrow `lhist()` steps, all ends are
    written in full."""
    ends = {end for bucket in buckets for end in _ends(bucket) if end is not None}
    looks = {end: bound(end, unit) for end in ends}
    if len(set(looks.values())) < len(looks):
        looks = {end: whole(end) for end in ends}
    return [_label(bucket, looks) for bucket in buckets]


def _ends(bucket: Bucket) -> tuple[int | None, int | None]:
    """The ends of a bucket, the upper one exclusive; for a bucket of a single value, that value and None."""
    if bucket.low is not None and bucket.low == bucket.high:
        return bucket.low, None
    return bucket.low, None if bucket.high is None else bucket.high + 1


def _label(bucket: Bucket, looks: Mapping[int, str]) -> str:
    low, end = _ends(bucket)
    if low is not None and low == bucket.high:
        return looks[low]
    return f"{'(…' if low is None else f'[{looks[low]}'}, {'…)' if end is None else f'{looks[end]})'}"
