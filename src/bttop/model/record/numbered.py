"""Build histograms from maps that count by bucket number (see `plan.Numbered`)."""

from __future__ import annotations

from collections.abc import Iterable

from bttop.model.plan import Numbered
from bttop.model.record.records import Bucket
from bttop.model.record.values import MisfitError


def histograms(rows: Iterable[tuple[str, int]], numbered: Numbered) -> dict[str, tuple[Bucket, ...]]:
    """The histogram of each key, from rows of `key,number` (only the number if the map has no key) and their counts.

    As bpftrace prints them: from the first to the last bucket in use, including the empty ones between. Raises
    MisfitError for a key that does not end in a bucket number.
    """
    counted: dict[str, dict[int, int]] = {}
    for key, count in rows:
        rest, _, last = key.rpartition(",")
        numbers = counted.setdefault(rest, {})
        number = _number(last, numbered)
        numbers[number] = numbers.get(number, 0) + count
    return {key: _histogram(numbers, numbered) for key, numbers in counted.items()}


def _number(text: str, numbered: Numbered) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20 and int(digits) <= numbered.last):
        raise MisfitError(f"not a bucket number: {text[:40]!r}")
    return int(digits)


def _histogram(numbers: dict[int, int], numbered: Numbered) -> tuple[Bucket, ...]:
    used = [number for number, count in numbers.items() if count]
    if not used:
        return ()
    return tuple([_bucket(at, numbers.get(at, 0), numbered) for at in range(min(used), max(used) + 1)])


def _bucket(number: int, count: int, numbered: Numbered) -> Bucket:
    if number == 0:
        return Bucket(None, numbered.low - 1, count)
    if not numbered.step:
        low = 1 << number - 2 if number > 1 else 0
        return Bucket(low, max(0, 2 * low - 1), count)
    if number == numbered.last:
        return Bucket(numbered.high, None, count)
    low = numbered.low + (number - 1) * numbered.step
    return Bucket(low, low + numbered.step - 1, count)
