from __future__ import annotations

import pytest

from bttop.script.language.periods import period_ns
from bttop.script.language.reader import Script, read
from bttop.script.rewrite.parameters import with_parameters

MS = 1_000_000
SECOND = 1000 * MS


def period(text: str) -> int:
    script = read(f"{text} {{ }}")
    assert isinstance(script, Script)
    return period_ns(script.points[0])


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("s:10", 10 * SECOND),
        ("s:1_0", 10 * SECOND),
        ("s:0x14", 20 * SECOND),
        ("s:2e1", 20 * SECOND),
        ("s:1E0", SECOND),
        ('s:"1"', SECOND),
        ("s:1u", SECOND),
        ("s:1ull", SECOND),
        ("ms:250", 250 * MS),
        ("ms:0200", 128 * MS),
        ("us:500", MS // 2),
        ("us:20_000_000", 20 * SECOND),
        ("us:0x30d40", 200 * MS),
        ("us:200_000ns", 200 * MS),
        ("hz:4", 250 * MS),
        ("hz:0x5", 200 * MS),
        ("1s", SECOND),
        ("100ms", 100 * MS),
        ("1_500ms", 1500 * MS),
        ("2e2ms", 200 * MS),
        ("200000us", 200 * MS),
        ("1m", 60 * SECOND),
        ("100000000", 100 * MS),
        ("1e8", 100 * MS),
        ("0x5f5e100", 100 * MS),
    ],
)
@pytest.mark.parametrize("provider", ["interval", "i", "profile", "p"])
def test_a_period_is_read_as_bpftrace_reads_it(provider: str, text: str, length: int) -> None:
    assert period(f"{provider}:{text}") == length


@pytest.mark.parametrize(
    "text", ["s:1.5", "hz:0", "m:1", "ns:100", "S:1", "5hz", "s:", "s:x", "s:-1", "s:09", "s:$x", "s:1:2", "hz:1e-1"]
)
def test_what_is_no_period_is_unknown(text: str) -> None:
    assert period(f"interval:{text}") == 0


@pytest.mark.parametrize(
    ("text", "length"),
    [("s:$1", 5 * SECOND), ("ms:$2", 20 * MS), ("$1ms", 5 * MS), ("$3", SECOND), ('s:"$1"', 5 * SECOND), ("s:$4", 0)],
)
def test_a_parameter_is_the_given_one(text: str, length: int) -> None:
    script = with_parameters(read(f"interval:{text} {{ }}"), ["5", "2_0", "1e9"])
    assert isinstance(script, Script)
    assert period_ns(script.points[0]) == length
