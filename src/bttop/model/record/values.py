"""Convert parsed JSON to the values of a map, and merge the values of equal keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from bttop.model.record.records import Bucket, Stats, Value

if TYPE_CHECKING:
    from bttop.model.record.lenient_json import Json


MapKind = Literal["map", "hist", "stats", "tseries"]

STATS_NAMES = ("count", "average", "total")
"""The members of a `stats()`, in the order in which bpftrace prints them."""
_LARGE = 1 << 53
_LONGEST_INTEGER = 40
_MOST_COUNTED = 10**_LONGEST_INTEGER
_ADDED = frozenset({"count", "sum"})
_FOLDED_LOW = -(1 << 31)
_OPEN_BELOW = float("-inf")
_ONLY_BUCKETS = frozenset({Bucket})
_COUNT = attrgetter("count")


class MisfitError(ValueError):
    """The parts of a record do not fit together; the message says which."""


def plain_value(parsed: Json, *, large_as_text: bool) -> Value:
    """A value outside histograms. With `large_as_text` (0.24 and newer), text that is an integer of 2^53 or above
    becomes that integer."""
    if isinstance(parsed, str):
        return _large_integer(parsed) if large_as_text else parsed
    if isinstance(parsed, list):
        return tuple([plain_value(element, large_as_text=large_as_text) for element in parsed])
    if isinstance(parsed, tuple):
        return {name: plain_value(member, large_as_text=large_as_text) for name, member in parsed}
    return parsed


def number(parsed: Json) -> Value:
    """A value where a number is expected: text that looks like an integer becomes one."""
    if isinstance(parsed, str):
        found = integer(parsed)
        return parsed if found is None else found
    return plain_value(parsed, large_as_text=False)


def integer(parsed: Json) -> int | None:
    """An integer given as a number or, as 0.24 and newer do for large ones, as text. None for anything else, and for
    more than 40 digits, which no bpftrace prints."""
    if type(parsed) is int:
        return parsed if abs(parsed) < _MOST_COUNTED else None
    if isinstance(parsed, str) and len(parsed) <= _LONGEST_INTEGER:
        digits = parsed.removeprefix("-")
        if digits.isdecimal() and digits.isascii():
            return int(parsed)
    return None


def _large_integer(text: str) -> str | int:
    found = integer(text)
    return found if found is not None and abs(found) >= _LARGE and str(found) == text else text


def buckets(parsed: Json, *, folded: bool) -> tuple[Bucket, ...]:
    """A histogram. None is an empty one (bpftrace up to 0.15). With `folded`, the bucket printed as -2^31 to 0 becomes
    what it holds: everything from 2^31 up (hist() up to 0.19; lhist() begins at 0 there). Raises MisfitError."""
    if parsed is None:
        return ()
    if not isinstance(parsed, list):
        raise MisfitError("a histogram that is not a list of buckets")
    found = tuple([_bucket(element) for element in parsed])
    return folded_buckets(found) if folded else found


def folded_buckets(found: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    """The buckets of a release that folds large values (see `buckets`), the last one with what it holds."""
    if found and found[-1].low == _FOLDED_LOW and found[-1].high == 0:
        return (*found[:-1], Bucket(1 << 31, None, found[-1].count))
    return found


def _bucket(parsed: Json) -> Bucket:
    if not isinstance(parsed, tuple):
        raise MisfitError("a bucket that is not an object")
    members = dict(parsed)
    low, high, count = members.get("min"), members.get("max"), members.get("count")
    counted = integer(count)
    if counted is None:
        raise MisfitError("a bucket without a count")
    return Bucket(_end(low), _end(high), counted)


def _end(parsed: Json) -> int | None:
    if parsed is None:
        return None
    found = integer(parsed)
    if found is None:
        raise MisfitError("a bucket's end that is not an integer")
    return found


def is_stats(parsed: Json) -> bool:
    """Whether the value has exactly the members of a `stats()`."""
    return isinstance(parsed, tuple) and tuple([name for name, _ in parsed]) == STATS_NAMES


def stats(parsed: Json) -> Value:
    """A `stats()` value, or the plain number of an `avg()`. Raises MisfitError."""
    if not is_stats(parsed):
        return number(parsed)
    assert isinstance(parsed, tuple)
    count, average, total = (integer(member) for _, member in parsed)
    if count is None or average is None or total is None:
        raise MisfitError("stats that are not integers")
    return Stats(count, average, total)


def made_stats(count: int, total: int, average: int = 0) -> Stats:
    """Stats with the average recomputed; `average` is used if nothing was counted."""
    return Stats(count, quotient(total, count) if count else average, total)


def quotient(total: int, count: int) -> int:
    """An average as every release of bpftrace computes it: cut towards zero, as C divides integers."""
    found = abs(total) // abs(count)
    return found if (total < 0) == (count < 0) else -found


def points(parsed: Json) -> Value:
    """A time series: a tuple of (start of the interval as printed, value). Raises MisfitError."""
    if not isinstance(parsed, list):
        raise MisfitError("a time series that is not a list of points")
    return tuple([_point(element) for element in parsed])


def _point(parsed: Json) -> Value:
    if not isinstance(parsed, tuple):
        raise MisfitError("a point that is not an object")
    members = dict(parsed)
    return (plain_value(members.get("interval_start"), large_as_text=False), number(members.get("value")))


def merge(values: Sequence[Value], aggregation: str) -> tuple[Value, bool]:
    """Merge several values of one key; also return whether the result is what the kernel would have counted.

    Counts, sums, stats and histograms add up, min and max take the extreme. Averages without their counts become the
    plain mean, and the last of several assigned values is kept: both are guesses.
    """
    if all(isinstance(value, Stats) for value in values):
        return _added_stats([value for value in values if isinstance(value, Stats)]), True
    if aggregation in {"hist", "lhist"}:
        return added_buckets(bucket for value in values for bucket in histogram(value)), True
    numbers = [value for value in values if type(value) is int]
    if aggregation in _ADDED and len(numbers) < len(values):
        amounts = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(amounts) == len(values):  # parts of sums, scaled to a shorter time
            return sum(amounts), True
    if len(numbers) < len(values):
        return values[-1], False
    return _merged_numbers(numbers, aggregation)


def _merged_numbers(numbers: Sequence[int], aggregation: str) -> tuple[int, bool]:
    if aggregation == "min":
        return min(numbers), True
    if aggregation == "max":
        return max(numbers), True
    if aggregation == "avg":
        return quotient(sum(numbers), len(numbers)), False
    if aggregation in _ADDED:
        return sum(numbers), True
    return numbers[-1], False


def _added_stats(values: Sequence[Stats]) -> Stats:
    return made_stats(sum(value.count for value in values), sum(value.total for value in values))


def histogram(value: Value) -> tuple[Bucket, ...]:
    """The value as a histogram; an empty one for anything else."""
    if not isinstance(value, tuple) or isinstance(value, Stats):
        return ()
    if set(map(type, value)) <= _ONLY_BUCKETS:  # a map may have thousands of histograms
        return value  # type: ignore[return-value]
    return tuple([one for one in value if isinstance(one, Bucket)])


def events(value: Value) -> int:
    """The number of events in a histogram; 0 for anything else."""
    return sum(map(_COUNT, histogram(value)))


def added_buckets(found: Iterable[Bucket]) -> tuple[Bucket, ...]:
    """Merge the buckets of several histograms: counts of equal buckets added, lowest first."""
    counts: dict[tuple[int | None, int | None], int] = {}
    for one in found:
        ends = (one.low, one.high)
        counts[ends] = counts[ends] + one.count if ends in counts else one.count
    return tuple([Bucket(*ends, count) for ends, count in sorted(counts.items(), key=_by_low)])


def _by_low(item: tuple[tuple[int | None, int | None], int]) -> tuple[float, float]:
    low, high = item[0]
    return (_OPEN_BELOW if low is None else low, float("inf") if high is None else high)
