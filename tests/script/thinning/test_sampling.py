"""How the events of a script are thinned, or why not."""

from __future__ import annotations

import pytest

from bttop.script.language.reader import Script, read
from bttop.script.thinning.sampling import Sampling, sampling_of

ENTRY = "t:syscalls:sys_enter_read"
BACK = "t:syscalls:sys_exit_read"


def sampled(text: str) -> Sampling | str:
    script = read(text)
    assert isinstance(script, Script)
    return sampling_of(script)


EVENTS = [
    f"{ENTRY} {{ @ = count(); }}",
    f"{ENTRY} {{ @[pid]++; @s[comm] += 3; @h = hist(args->count); @m = max(args->count); }}",
    f"{ENTRY} {{ @last[pid] = nsecs; }}",
    f"{ENTRY} {{ @ = count(); }} interval:s:1 {{ print(@); clear(@); }} END {{ clear(@); }}",
    f'BEGIN {{ @names[1] = "x"; }} {ENTRY} {{ @[@names[args->fd]] = count(); }}',
    f'{ENTRY} {{ printf("%d", pid); }} interval:s:9 {{ exit(); }}',
    "profile:hz:99 { @[kstack] = count(); }",
]


@pytest.mark.parametrize("text", EVENTS)
def test_without_state_of_events_chance_decides(text: str) -> None:
    found = sampled(text)
    assert isinstance(found, Sampling)
    assert set(found.probes.values()) == {()}
    assert found.by == "events"
    assert not found.by_key


def paired(first: str, second: str = "", shown: str = "comm") -> str:
    second = second or first
    return (
        f"{ENTRY} {{ @a[{first}] = nsecs; }} "
        f"{BACK} /@a[{second}]/ {{ @ns[{shown}] = hist(nsecs - @a[{second}]); delete(@a[{second}]); }}"
    )


@pytest.mark.parametrize(
    ("text", "keys", "by"),
    [
        (paired("tid"), [("tid",), ("tid",)], "threads"),
        (paired("pid"), [("pid",), ("pid",)], "processes"),
        (paired("pid, tid"), [("pid", "tid")] * 2, "keys"),
        (paired("args->dev, args.sector"), [("args->dev", "args.sector")] * 2, "keys"),
        (paired("args->pid", "args->next_pid"), [("args->pid",), ("args->next_pid",)], "keys"),
        (paired("arg0", "retval"), [("arg0",), ("retval",)], "keys"),
        (paired("cpu, arg0"), [("cpu", "arg0")] * 2, "keys"),
        (f"{paired('tid')} interval:s:9 {{ print(@ns); print(@a); zero(@a); }}", [("tid",), ("tid",)], "threads"),
        (f"{paired('tid')} END {{ clear(@a); }}", [("tid",), ("tid",)], "threads"),
        (f"{paired('tid')} t:a:b {{ @other = count(); }}", [("tid",), ("tid",), ()], "threads"),
    ],
)
def test_events_that_belong_together_are_chosen_by_their_key(text: str, keys: list[tuple[str, ...]], by: str) -> None:
    found = sampled(text)
    assert isinstance(found, Sampling), found
    assert [found.probes[index] for index in sorted(found.probes)] == keys
    assert found.by == by
    assert not found.by_key & {"@other"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("interval:s:1 { @ = count(); }", "no probe for events"),
        (f'{ENTRY} {{ system("x"); }}', "calls system()"),
        (f"{ENTRY} {{ exit(); }}", "calls exit()"),
        (f"{ENTRY} {{ @ = count(); }} interval:s:1 {{ @ = count(); }}", "not all are thinned"),
        (f"{ENTRY} {{ @n++; if (@n > 3) {{ @many = count(); }} }}", "state that all events share"),
        (f"{ENTRY} {{ $k = args->fd; @a[$k] = nsecs; @d = max(@a[$k]); }}", "which belong together"),
        (f"{ENTRY} {{ @a[comm] = nsecs; @d = max(@a[comm]); }}", "which belong together"),
        (f"{ENTRY} {{ @a[tid] = nsecs; @b = max(@a[pid]); }}", "which belong together"),
        (paired("tid", "pid, tid"), "different keys"),
        (paired("tid", shown="tid"), "each row of @ns"),
        (paired("pid", shown="pid, comm"), "each row of @ns"),
        (f"{ENTRY} {{ @n[tid]++; if (@n[tid] > 3) {{ @many = count(); }} }}", "each row of @n"),
        (paired("tid, pid", shown="tid"), "each row of @ns"),
        *[(paired(key), f"few keys ({key})") for key in ("cpu", "args->irq", "args->vec", "args.id", "cpu, args->id")],
        *[
            (f"{paired('tid')} {where} {{ {use} }}", "a probe that is not thinned")
            for where in ("interval:s:1", "END")
            for use in (
                "print(@a[1]);",
                "print(len(@a));",
                "delete(@a[1]);",
                "for ($row : @a) { @late = count(); }",
                "if (has_key(@a, 1)) { @late = count(); }",
                "@late = @a[1];",
            )
        ],
        (f"{ENTRY} {{ @seen[pid] = 1; }} interval:s:1 {{ print(len(@seen)); clear(@seen); }}", "not thinned"),
        (f"#define OPEN @a[tid] = nsecs\n{ENTRY} {{ OPEN; }} {BACK} {{ @ = max(@a[tid]); delete(@a[tid]); }}", "@a"),
    ],
)
def test_what_cannot_be_scaled_is_not_thinned(text: str, why: str) -> None:
    found = sampled(text)
    assert isinstance(found, str), found
    assert why in found


def test_what_may_be_missing_is_named() -> None:
    found = sampled(f'{ENTRY} {{ @low = min(args->fd); @high = max(args->fd); @last = nsecs; printf("x"); }}')
    assert isinstance(found, Sampling)
    assert found.missing == ("minima (@low)", "maxima (@high)", "assigned values", "printed lines")
