"""How numbers look."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.format import numbers
from bttop.model.format.percentiles import Quantile

U64 = st.integers(0, 2**64 - 1)
ANY_NUMBER = st.one_of(st.integers(), st.just(10**400), st.just(-(10**400)), st.floats())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (7, "7"), (999, "999"), (1000, "1k"), (1049, "1.0k"), (4100, "4.1k"), (9_960, "10k"),
        (412_000, "412k"), (999_600, "1M"), (1_200_000, "1.2M"), (2**64 - 1, "18E"), (0.4, "0.4"), (-2500, "-2.5k"),
    ],
)  # fmt: skip
def test_short_numbers(value: float, text: str) -> None:
    assert numbers.short(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(512, "512"), (1023, "1023"), (1024, "1K"), (4096, "4K"), (1536, "1.5K"), (1024**2 - 1, "1M"), (2**64 - 1, "16E")],
)
def test_sizes_in_powers_of_1024(value: float, text: str) -> None:
    assert numbers.size(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0ns"), (12e-9, "12ns"), (999.9e-9, "1.0us"), (12e-6, "12us"), (1.1e-3, "1.1ms"), (0.042, "42ms"),
        (1.0, "1s"), (42.0, "42s"), (99.96, "100s"), (252.0, "4m12"), (11_040.0, "3h04"), (12.3 * 86400, "12d07"),
        (1.8446744e10, "585y"), (-0.5, "-500ms"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert numbers.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (7, "7"), (212_840, "212,840"), (2**64 - 1, "18,446,744,073,709,551,615"), (212_840.4, "212,840"),
        (9.96, "10"), (1.0, "1"), (1.5, "1.5"), (0.25, "0.2"), (0.04, "0.04"), (0.0, "0"),
    ],
)  # fmt: skip
def test_whole_numbers_keep_a_digit_that_matters(value: float, text: str) -> None:
    assert numbers.whole(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(4096, "bytes", "4K"), (12, "us", "12us"), (1500, "us", "1.5ms"), (3, "s", "3s"), (90, "ns", "90ns")],
)
def test_a_value_stands_in_its_unit(value: float, unit: str, text: str) -> None:
    assert numbers.with_unit(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "", "…"), (0, "us", "0"), (1024, "", "1K"), (1_048_576, "bytes", "1M"), (1000, "", "1000"),
        (150_000, "", "150,000"), (4, "us", "4us"), (-5, "", "-5"),
    ],
)  # fmt: skip
def test_ends_of_buckets(value: int | None, unit: str, text: str) -> None:
    assert numbers.bound(value, unit) == text


@pytest.mark.parametrize(
    ("part", "total", "text"), [(62, 100, "62"), (0.4, 100, "0.4"), (0, 5, "0"), (1, 0, "-"), (5, 5, "100")]
)
def test_shares_in_percent(part: float, total: float, text: str) -> None:
    assert numbers.share(part, total) == text


@given(U64)
def test_short_numbers_and_sizes_take_at_most_five_characters(value: int) -> None:
    assert len(numbers.short(value)) <= 5
    assert len(numbers.size(value)) <= 5


@given(U64, st.sampled_from(["ns", "us"]))
def test_durations_take_at_most_six_characters(value: int, unit: str) -> None:
    text = numbers.with_unit(value, unit)
    assert len(text) <= (6 if unit == "ns" else 7)


@given(st.integers(0, 62), st.sampled_from(["", "bytes"]))
def test_powers_of_two_are_exact_ends(power: int, unit: str) -> None:
    text = numbers.bound(2**power, unit).replace(",", "")
    factor = 1024 ** "_KMGTPE".index(text[-1]) if text[-1].isalpha() else 1
    assert int(text.rstrip("KMGTPE")) * factor == 2**power


@pytest.mark.parametrize("look", [numbers.whole, numbers.short, numbers.size, numbers.duration])
@given(value=ANY_NUMBER)
def test_no_number_is_too_strange_to_be_shown(look: Callable[[float], str], value: float) -> None:
    if look is not numbers.duration or isinstance(value, float):
        assert look(value)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Quantile(-1.0, None, -1), "<0"),
        (Quantile(9.0, None, 9), "<10"),
        (Quantile(100.0, 100, None), ">100"),
        (Quantile(0.0, None, None), "-"),
        (None, "-"),
    ],
)
def test_a_percentile_in_an_open_bucket_is_bounded_by_its_other_end(found: Quantile | None, text: str) -> None:
    assert numbers.quantile_text(found, "") == text
    assert numbers.quantile_bound(found, "") == text


@pytest.mark.parametrize(
    ("low", "high", "unit", "text", "short"),
    [
        (4, 7, "", "4-8", "<8"),
        (5, 5, "", "5", "5"),
        (0, 0, "us", "0", "0"),
        (262_144, 524_287, "", "256K-512K", "<512K"),
        (262_144, 524_287, "bytes", "256K-512K", "<512K"),
        (1024, 524_287, "", "1K-512K", "<512K"),
        (32_768, 65_535, "us", "33-66ms", "<66ms"),
        (512, 1023, "us", "512us-1.0ms", "<1.0ms"),
        (1024, 2047, "ns", "1.0-2.0us", "<2.0us"),
        (0, 99, "ms", "0-100ms", "<100ms"),
        (100_000_000, 100_000_999, "us", "1m40", "<1m40"),
        (-20, -11, "", "[-20, -10)", "<-10"),
        (2**63, 2**64 - 1, "", "8E-16E", "<16E"),
    ],
)
def test_a_percentile_is_the_range_of_its_bucket(low: int, high: int, unit: str, text: str, short: str) -> None:
    found = Quantile((low + high) / 2, low, high)
    assert numbers.quantile_text(found, unit) == text
    assert numbers.quantile_bound(found, unit) == short
