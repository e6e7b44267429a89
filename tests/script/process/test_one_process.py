"""Which scripts hold their user stacks to one process by themselves."""

from __future__ import annotations

import pytest

from bttop.script.language.reader import Script, read
from bttop.script.process.one_process import names_one_process

STACKS = "{ @[ustack] = count(); }"


def one_process(text: str) -> bool:
    script = read(text)
    assert isinstance(script, Script)
    return names_one_process(script)


@pytest.mark.parametrize(
    "text",
    [
        f"profile:hz:99 /pid == 123/ {STACKS}",
        f"profile:hz:99 /123 == pid/ {STACKS}",
        f"profile:hz:99 /(pid == 123)/ {STACKS}",
        f"kprobe:f /pid == 123 && arg0 > 5/ {STACKS}",
        f"kprobe:f /arg0 > 5 && (pid == 123 && (arg1 || arg2))/ {STACKS}",
        f"kprobe:f /pid == 123/ {STACKS} kprobe:g /pid == 123/ {{ @x = usym(arg0); }}",
        f"kprobe:f /pid == 123/ {STACKS} kprobe:g {{ @n = count(); }}",
        f"kprobe:f /pid == 123/ {STACKS} // ustack of another\nkprobe:g {{ @n[args.ustack_id] = count(); }}",
    ],
)
def test_a_predicate_that_names_one_pid_holds(text: str) -> None:
    assert one_process(text)


@pytest.mark.parametrize(
    "text",
    [
        f"profile:hz:99 {STACKS}",
        f"profile:hz:99 /pid/ {STACKS}",
        f"profile:hz:99 /pid != 123/ {STACKS}",
        f"profile:hz:99 /!(pid == 123)/ {STACKS}",
        f"profile:hz:99 /pid == 123 || arg0/ {STACKS}",
        f"profile:hz:99 /arg0 && pid == 123 || arg1/ {STACKS}",
        f"profile:hz:99 /(pid == 123) == 0/ {STACKS}",
        f"profile:hz:99 /arg0 ? pid == 123 : 1/ {STACKS}",
        f"profile:hz:99 /pid == arg0/ {STACKS}",
        f"profile:hz:99 /ppid == 123/ {STACKS}",
        f"profile:hz:99 /args.pid == 123/ {STACKS}",
        f"profile:hz:99 /pid == $1/ {STACKS}",
        f"kprobe:f /pid == 123/ {STACKS} kprobe:g /pid == 124/ {STACKS}",
        f"kprobe:f /pid == 123/ {STACKS} kprobe:g {STACKS}",
        "#define WHO ustack\nkprobe:f /pid == 123/ { @[ustack] = count(); } kprobe:g { @[WHO] = count(); }",
        "kprobe:f /pid == 123/ { @n = count(); }",
    ],
)
def test_anything_else_may_be_another_process(text: str) -> None:
    assert not one_process(text)


@pytest.mark.parametrize(
    ("predicate", "args", "is_one"),
    [
        ("pid == $1", ("123",), True),
        ("$2 == pid && arg0 > $1", ("5", "123"), True),
        ("pid == $1", (), False),
        ("pid == $1", ("java",), False),
        ("$1 == 0 || pid == $1", ("123",), False),
    ],
)
def test_a_parameter_that_names_one_pid_holds(predicate: str, args: tuple[str, ...], is_one: bool) -> None:
    script = read(f"kprobe:f /{predicate}/ {STACKS}")
    assert isinstance(script, Script)
    assert names_one_process(script, args) is is_one
