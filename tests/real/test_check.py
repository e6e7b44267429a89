"""Programs as the prompt checks them, before anything is attached: what the real bpftrace has against them."""

from __future__ import annotations

import asyncio

import pytest

from bttop.engine.host.host import Bpftrace, find_bpftrace
from bttop.engine.tracer.program_check import complaints
from bttop.script.language.reader import read
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import prepare
from tests.engine.asking import queries

pytestmark = pytest.mark.real

PIN = Pin(pids=(4711,))


@pytest.fixture
def found(bpftrace: str) -> Bpftrace:
    return find_bpftrace(bpftrace)


def asked(found: Bpftrace, text: str, pin: Pin | None = None) -> tuple[str, ...]:
    with queries() as through:
        return asyncio.run(complaints(through, found, prepare(read(text), pin=pin), "typed"))


@pytest.mark.parametrize("pin", [None, PIN], ids=["all", "pinned"])
@pytest.mark.parametrize(
    "text",
    [
        "profile:hz:99 { @[pid, comm] = count(); }",
        "profile:hz:99 /pid == $1/ { @size = hist(nsecs % 4096); }",
        "BEGIN { @start = nsecs; }\n\nprofile:hz:99 { @[kstack] = count(); }",
    ],
)
def test_a_good_program_has_no_complaint(found: Bpftrace, text: str, pin: Pin | None) -> None:
    assert asked(found, text, pin) == ()


@pytest.mark.parametrize("pin", [None, PIN], ids=["all", "pinned"])
@pytest.mark.parametrize(
    ("text", "line", "marked"),
    [
        ("profile:hz:99 { $n = cuont(1); }", 1, "cuont"),
        ("// what runs?\nprofile:hz:99\n{\n  $task = nosuch;\n}\n", 4, "nosuch"),
        ("tracepoint:sched:sched_switch { $n = args->nosuch; }", 1, "args->nosuch"),
    ],
)
def test_a_mistake_is_marked_in_the_text_as_it_was_typed(
    found: Bpftrace, text: str, line: int, marked: str, pin: Pin | None
) -> None:
    said = asked(found, text, pin)
    assert said[0].startswith(f"typed:{line}:")
    source = text.split("\n")[line - 1]
    at = said.index(next(one for one in said if one.strip() == source.strip()))
    start = said[at + 1].index("^") - said[at].index(source.strip()) + source.index(source.strip())
    # Releases differ in where within the expression they point.
    assert source.index(marked) <= start <= source.index(marked) + len(marked)


def test_an_unfinished_program_is_a_complaint(found: Bpftrace) -> None:
    said = asked(found, "profile:hz:99 { @ = count();")
    assert said[0].startswith("typed:1:")


def test_a_probe_that_this_kernel_lacks_is_a_complaint(found: Bpftrace) -> None:
    assert asked(found, "tracepoint:nosuch:event { @ = count(); }")
