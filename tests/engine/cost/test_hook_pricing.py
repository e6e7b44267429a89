"""When hooks are measured, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from bttop.engine.cost.hook_pricing import GROUPS, NO_PRIVILEGE, HookPricing
from bttop.engine.tracer.bpftrace_queries import Answer, BpftraceQueries, BpftraceQuery
from bttop.script.cost.hook_costs import NOT_YET
from bttop.script.language.reader import AttachPoint, Script, read

USER = b'{"prices": {"emulated": 700, "nop": 400, "stepped": 900, "back": 90}, "reasons": {}}\n'


def points(text: str) -> tuple[AttachPoint, ...]:
    script = read(f"{text} {{ @ = count(); }}")
    assert isinstance(script, Script)
    return script.points


class Asked:
    """Errands that wait for the test."""

    def __init__(self) -> None:
        self.queries: list[BpftraceQuery] = []

    def run(self, words: Sequence[str], environment: Mapping[str, str] | None = None, limit: int = 1) -> BpftraceQuery:
        self.queries.append(BpftraceQuery(words, environment or {}, limit))
        return self.queries[-1]

    @property
    def words(self) -> list[list[str]]:
        return [list(one.words) for one in self.queries]


def pricing(command: list[str] | None = ["timer"]) -> tuple[HookPricing, Asked]:  # noqa: B006  never changed
    asked = Asked()
    return HookPricing("x86_64", cast("BpftraceQueries", asked), command), asked


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("uprobe:/bin/x:f", ["user"]),
        ("uretprobe:/bin/x:f, uprobe:/bin/x:f", ["user"]),
        ("usdt:/bin/x:a:b", ["user"]),
        ("kprobe:vfs_read", ["kernel"]),
        ("kretprobe:vfs_read", ["kernel"]),
        ("tracepoint:a:b, profile:hz:99, interval:s:1, fentry:vfs_read", []),
    ],
)
def test_only_what_a_script_hooks_is_measured_and_once(text: str, groups: list[str]) -> None:
    made, asked = pricing()
    made.want(points(text))
    made.want(points(text))
    assert asked.words == [["timer", group] for group in groups]


def test_the_answer_is_the_price_from_then_on() -> None:
    made, asked = pricing()
    made.want(points("uprobe:/bin/x:f"))
    assert made.prices.unmeasured("uprobe") == NOT_YET
    asked.queries[0].answer.set_result(Answer((("stdout", USER[:-1]),), 0))
    assert made.prices.unmeasured("uprobe") == ""
    assert made.prices.price("uprobe", "55") == 700


@pytest.mark.parametrize(
    ("lines", "code", "why"),
    [
        ((), -24, "exit code -24"),
        ((("stderr", b"Traceback"),), 1, "exit code 1"),
        ((("stdout", b'{"prices": {}, "reasons": {"user": "Operation not permitted"}}'),), 0, "not permitted"),
    ],
)
def test_where_it_cannot_be_measured_the_reason_is_kept(
    lines: tuple[tuple[str, bytes], ...], code: int, why: str
) -> None:
    made, asked = pricing()
    made.want(points("uprobe:/bin/x:f"))
    asked.queries[0].answer.set_result(Answer(lines, code))
    assert why in made.prices.unmeasured("uprobe")


def test_a_timer_that_cannot_start_is_a_reason() -> None:
    made, asked = pricing()
    made.want(points("kprobe:f"))
    asked.queries[0].fail("no such program")
    assert "no such program" in made.prices.unmeasured("kprobe")


def test_a_tracer_with_fewer_rights_than_bpftrace_does_not_measure() -> None:
    made, asked = pricing(None)
    made.want(points("uprobe:/bin/x:f"))
    assert asked.words == []
    assert made.prices.unmeasured("uprobe") == NO_PRIVILEGE


def test_every_provider_that_is_measured_has_a_price_of_its_own() -> None:
    made, _ = pricing()
    for provider in GROUPS:
        kind, _code = made.prices.of_provider(provider)
        assert made.prices.unmeasured(kind) == NOT_YET
