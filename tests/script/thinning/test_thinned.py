"""The text and the plan of a thinned script."""

from __future__ import annotations

from typing import Any

import pytest

from bttop.model.flush.scaling import standard_error
from bttop.script.language.reader import read
from bttop.script.process.pin import Pin
from bttop.script.process.self_exclusion import Exclusion
from bttop.script.rewrite.prepare import Prepared, prepare
from bttop.script.thinning.thinned import thinned

POINT = "t:syscalls:sys_enter_read"


def made(text: str, **more: Any) -> Prepared:
    script = read(text)
    return thinned(prepare(script, nonce=5, **more), script, 8, "it is dear")


@pytest.mark.parametrize(
    ("predicate", "more"),
    [("", {}), ("/pid > 3/ ", {}), ("", {"pin": Pin(pids=(7,))}), ("/pid > 3/ ", {"exclude": Exclusion((7,))})],
)
def test_the_condition_is_the_first_that_is_tested(predicate: str, more: dict[str, object]) -> None:
    text = made(f"{POINT} {predicate}{{ @[pid] = count(); }}", **more).text
    assert text.partition("/")[2].lstrip("(").startswith("rand & 7) == 0")
    assert text.count("rand") == 1


def test_a_key_is_hashed_with_a_number_of_the_generation() -> None:
    text = made(f"{POINT} {{ @last[tid] = nsecs; if (@last[tid] > 3) {{ @ = count(); }} }}").text
    assert "((uint64)tid ^ 5) * " in text
    assert "rand" not in text


def test_maps_that_grow_with_events_are_scaled_and_no_others() -> None:
    one = made(f"{POINT} {{ @c = count(); @h[pid] = hist(1); @s = stats(1); @m = max(1); }} END {{ print(@c); }}")
    factors = {name: plan.one_in for name, plan in one.plan.maps.items()}
    assert factors == {"@c": 8, "@c (printed)": 8, "@h": 8, "@s": 8, "@m": 1}
    assert one.plan.one_in == 8


def test_the_badge_says_what_it_means() -> None:
    badge = made(f"{POINT} {{ @ = count(); @m = max(args->fd); }}").badges[0]
    assert badge.text == "1 in 8"
    for words in ("it is dear. ", "multiplied by 8 and marked ~", "the root of 7/C", "8.4 % of 1,000", "maxima (@m)"):
        assert words in badge.explanation


def test_errors_of_bpftrace_are_shown_at_the_users_own_column() -> None:
    text = f"{POINT} /pid > 3/ {{ @[pid] = nothing; }}"
    one = made(text)
    at = one.text.index("nothing") + 1
    assert one.original_position(1, at) == (1, text.index("nothing") + 1)


@pytest.mark.parametrize("text", [f"{POINT} {{ exit(); }}", "BEGIN { @ = 1; }", f"{POINT} {{ @ = count();"])
def test_what_cannot_be_thinned_stays_as_it_is(text: str) -> None:
    script = read(text)
    before = prepare(script)
    assert thinned(before, script, 8) is before


@pytest.mark.parametrize(
    ("count", "one_in", "error"), [(800, 8, 0.0935), (8, 8, 0.9354), (0, 8, 1.0), (4, 8, 1.0), (5, 1, 0.0), (0, 1, 0.0)]
)
def test_the_standard_error_is_that_of_a_binomial_distribution(count: int, one_in: int, error: float) -> None:
    assert standard_error(count, one_in) == pytest.approx(error, abs=1e-4)
