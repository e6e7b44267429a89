"""What hooks cost: assumed, as measured, and shared by the BPF programs of one place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.script.cost.hook_costs import NEVER, NOT_YET, USER, Hits, HookPrices, how_run

MEASURED: dict[str, Any] = {
    "prices": {"emulated": 700, "nop": 400, "stepped": 1_900, "back": 90, "joined": 60, "kprobe": 75, "kretprobe": 190},
    "reasons": {},
}
ASSUMED = HookPrices("x86_64")
KNOWN = ASSUMED.plus(MEASURED)


@pytest.mark.parametrize(
    ("machine", "code", "how"),
    [
        ("x86_64", "55", "emulated"),
        ("x86_64", "4155", "emulated"),
        ("x86_64", "90", "emulated"),
        ("x86_64", "e8000000", "emulated"),
        ("x86_64", "0f84aabbccdd", "emulated"),
        ("x86_64", "0f1f440000", "nop"),
        ("x86_64", "660f1f8400", "nop"),
        ("x86_64", "f30f1efa", "stepped"),
        ("x86_64", "4883ec08", "stepped"),
        ("x86_64", "0f", "stepped"),
        ("x86_64", "", "stepped"),
        ("aarch64", "55", "stepped"),
    ],
)
def test_how_the_kernel_runs_the_first_instruction(machine: str, code: str, how: str) -> None:
    assert how_run(machine, code) == how


@given(st.binary(max_size=8), st.sampled_from(["x86_64", "aarch64", ""]))
def test_any_code_has_a_price(code: bytes, machine: str) -> None:
    assert HookPrices(machine).price("uprobe", code.hex()) > 0


@pytest.mark.parametrize(
    ("kind", "code", "assumed", "measured"),
    [
        ("uprobe", "55", 600, 700),
        ("uprobe_multi", "55", 600, 700),
        ("uprobe", "0f1f4400", 5_000, 400),
        ("uprobe", "f30f1efa", 5_000, 1_900),
        ("uprobe", "", 5_000, 1_900),
        ("uretprobe", "55", 1_100, 790),
        ("uretprobe_multi", "55", 1_100, 790),
        ("kprobe", "", 150, 75),
        ("kretprobe", "", 280, 190),
        ("tracing", "", 90, 90),
        ("tracepoint", "", 100, 100),
        ("of the future", "", 100, 100),
    ],
)
def test_what_was_measured_takes_the_place_of_what_is_assumed(
    kind: str, code: str, assumed: float, measured: float
) -> None:
    assert ASSUMED.price(kind, code) == assumed
    assert KNOWN.price(kind, code) == measured


def test_where_a_kprobe_is_a_trap_more_is_assumed() -> None:
    assert HookPrices("aarch64").price("kprobe") == ASSUMED.price("uprobe", "55")


@pytest.mark.parametrize(
    ("kind", "answer", "why"),
    [
        ("uprobe", {}, NOT_YET),
        ("uretprobe_multi", MEASURED, ""),
        ("kretprobe", MEASURED, ""),
        ("kprobe", {"prices": MEASURED["prices"] | {"kprobe": -3}}, NOT_YET),
        ("uprobe", {"prices": MEASURED["prices"] | {"stepped": 1e9}}, NOT_YET),
        ("uprobe", {"reasons": {"user": "no"}}, "no"),
        ("kprobe", {"reasons": {"user": "no"}}, NOT_YET),
        ("tracing", MEASURED, NEVER),
        ("tracepoint", MEASURED, NEVER),
    ],
)
def test_why_a_price_is_assumed(kind: str, answer: dict[str, Any], why: str) -> None:
    assert ASSUMED.plus(answer).unmeasured(kind) == why


def test_a_measurement_of_one_group_keeps_what_is_known_of_the_other() -> None:
    both = KNOWN.plus({"prices": {}, "reasons": {"kernel": "none here"}})
    assert (both.price("uprobe", "55"), both.price("kprobe")) == (700, 75)
    assert ASSUMED.plus({"prices": {"emulated": 700, "nop": 400, "stepped": 900}}).user == (
        700,
        400,
        900,
        USER.back,
        USER.joined,
    )


ENTRY, BACK, JOINED = KNOWN.price("uprobe", "55"), KNOWN.back("uretprobe"), 60


@pytest.mark.parametrize(
    ("hits", "paid"),
    [
        ([("uprobe", "8:2:10", 100)], 100 * ENTRY),
        ([("uprobe", "8:2:10", 100), ("uprobe", "8:2:20", 100)], 200 * ENTRY),
        ([("uprobe", "8:2:10", 100), ("uprobe", "8:2:10", 100)], 100 * (ENTRY + JOINED)),
        ([("uprobe", "", 100), ("uprobe", "", 100)], 200 * ENTRY),
        ([("uprobe", "8:2:10", 100), ("uretprobe", "8:2:10", 100)], 100 * (ENTRY + JOINED + BACK)),
        ([("uretprobe", "8:2:10", 100), ("uretprobe", "8:2:10", 100)], 100 * (ENTRY + JOINED + BACK)),
        ([("uprobe", "8:2:10", 1_000), ("uprobe", "8:2:10", 1)], 1_000 * ENTRY + JOINED),
        ([("uprobe", "8:2:10", 0)], 0),
        ([], 0),
    ],
)
def test_the_trap_of_a_place_is_paid_once_for_each_hit(hits: list[tuple[str, str, float]], paid: float) -> None:
    assert KNOWN.paid([Hits(kind, "55", place, rate) for kind, place, rate in hits]) == pytest.approx(paid)


def test_what_others_on_the_place_pay_is_not_paid_again() -> None:
    own, other = Hits("uprobe", "55", "8:2:10", 100), Hits("uprobe_multi", "55", "8:2:10", 300)
    assert KNOWN.paid([own], [other]) == pytest.approx(75 * ENTRY + 25 * JOINED)
    assert KNOWN.paid([own], [other]) + KNOWN.paid([other], [own]) == pytest.approx(300 * ENTRY + 100 * JOINED)
