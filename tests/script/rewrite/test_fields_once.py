"""Fields of tracepoints that are read once per block."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.script.language.edits import Edit, Edited
from bttop.script.language.reader import AttachPoint, read
from bttop.script.rewrite.fields_once import MOST, with_fields_read_once
from bttop.script.rewrite.prepare import LONGEST_TEXT, Prepared, prepare, unedited

FIELDS: Mapping[str, Mapping[str, str]] = {
    "a:b": {"x": "int", "y": "u64", "z": "int", "p": "void *", **{f"f{n}": "int" for n in range(20)}},
    "a:c": {"x": "int", "y": "int"},
}


def numbers(point: AttachPoint) -> Mapping[str, str]:
    return FIELDS.get(point.rest, {})


def once(text: str) -> str:
    """The text after this edit. Only edited scripts are edited further, so there is another one, without an effect."""
    return with_fields_read_once(Prepared(Edited(text, (Edit(0, ""),))), numbers).text


@pytest.mark.parametrize(
    ("block", "result"),
    [
        ("{ @[args->x] = sum(args->x); }", "{ $__bt_f_x = args->x; @[$__bt_f_x] = sum($__bt_f_x); }"),
        ("{ @[args.x] = sum(args.x); }", "{ $__bt_f_x = args.x; @[$__bt_f_x] = sum($__bt_f_x); }"),
        (
            "{ @[args->x, args->y] = sum(args->y / args->x); }",
            "{ $__bt_f_x = args->x; $__bt_f_y = args->y; @[$__bt_f_x, $__bt_f_y] = sum($__bt_f_y / $__bt_f_x); }",
        ),
        (
            "{ if (pid == 1) { @ = sum((uint64)args->p); } else { delete(@m[args->p]); } }",
            "{ $__bt_f_p = args->p; if (pid == 1) { @ = sum((uint64)$__bt_f_p); } else { delete(@m[$__bt_f_p]); } }",
        ),
        (
            "/args->x > 1 && args->x < 5/ { @[args->x] = count(); @n[args->x] = count(); }",
            "/args->x > 1 && args->x < 5/ { $__bt_f_x = args->x; @[$__bt_f_x] = count(); @n[$__bt_f_x] = count(); }",
        ),
        (
            "{ @[args->x] = count(); /* args->x */ @s[args->x] = count(); }",
            "{ $__bt_f_x = args->x; @[$__bt_f_x] = count(); /* args->x */ @s[$__bt_f_x] = count(); }",
        ),
        (
            "{\n  // é\n  @[args->x] = count();\n  @s[args->x] = count();\n}",
            "{ $__bt_f_x = args->x;\n  // é\n  @[$__bt_f_x] = count();\n  @s[$__bt_f_x] = count();\n}",
        ),
    ],
)
def test_a_number_that_a_block_reads_twice_is_read_into_a_variable(block: str, result: str) -> None:
    assert once(f"tracepoint:a:b {block}") == f"tracepoint:a:b {result}"


@pytest.mark.parametrize(
    "text",
    [
        "tracepoint:a:b { @[args->x] = count(); }",
        "tracepoint:a:b /args->x == 1 && args->x != 2/ { @[args->x] = count(); }",
        "tracepoint:a:b { @[args->comm] = count(); @s[args->comm] = count(); }",
        "tracepoint:a:b { @[args->x[0]] = count(); @s[args->x[0]] = count(); }",
        "tracepoint:a:b { @[args->p->q] = count(); @s[args->p->q] = count(); }",
        "tracepoint:a:b { @[$s->args->x] = count(); @s[$s->args->x] = count(); }",
        "tracepoint:a:b { @[&args->x] = count(); @s[*args->x] = count(); @t[args->x] = count(); }",
        "tracepoint:a:b { @[sizeof(args->x)] = count(); @s[sizeof((args->x))] = count(); @t[args->x] = count(); }",
        "tracepoint:a:b { unroll(args->x) { @ = sum(args->x); } }",
        "tracepoint:a:b { while (args->x > 1) { @ = sum(args->x); } }",
        "tracepoint:a:b { for ($kv : @m) { @ = sum(args->x); @t = sum(args->x); } }",
        "tracepoint:a:* { @[args->x] = sum(args->x); }",
        "tracepoint:a:b, tracepoint:a:nothing { @[args->x] = sum(args->x); }",
        "tracepoint:a:b, tracepoint:a:c { @[args->y] = sum(args->y); }",
        "tracepoint:a:b, kprobe:f { @[args->x] = sum(args->x); }",
        "kfunc:f { @[args->x] = sum(args->x); }",
        "rawtracepoint:b { @[args->x] = sum(args->x); }",
        "#define x prev_comm\ntracepoint:a:b { @[args->x] = count(); @s[args->x] = count(); }",
        'tracepoint:a:b { printf("args->x args->x"); }',
        "tracepoint:a:b { $args = args; @ = sum($args->x + $args->x); }",
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert once(text) == text


def test_tracepoints_of_one_probe_share_fields_of_the_same_type() -> None:
    text = "tracepoint:a:b, tracepoint:a:c { @[args->x, args->y] = sum(args->x); @t[args->y] = count(); }"
    assert once(text).count("args->x") == 1
    assert once(text).count("args->y") == 2


def test_the_variables_of_a_block_fit_on_the_stack() -> None:
    sums = " ".join(f"@a{n} = sum(args->f{n}); @b{n} = sum(args->f{n});" for n in range(20))
    assert once(f"tracepoint:a:b {{ {sums} }}").count("$__bt_f_f") == MOST * 3


def test_a_script_that_runs_unedited_stays_so() -> None:
    prepared = unedited(read("tracepoint:a:b { @[args->x] = sum(args->x); }"))
    assert with_fields_read_once(prepared, numbers) is prepared


def test_a_script_that_would_get_too_long_is_left_alone() -> None:
    text = f"tracepoint:a:b {{ {'@=args->x;' * 12_000} }}"
    assert len(text) < LONGEST_TEXT < len(text) + 12_000 * (len("$__bt_f_x") - len("args->x"))
    assert once(text) == text


NAMES = ["args->x", "args->y", "args->z", "args->p", "pid"]


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=12), st.sampled_from(["", "  // é\n", "\n\n"]))
def test_every_place_is_found_in_the_users_text(keys: list[str], between: str) -> None:
    statements = [f"@m{number}[{key}] = count();" for number, key in enumerate(keys)]
    text = f"tracepoint:a:b {{ {between}{between.join(statements)} }}"
    done = with_fields_read_once(prepare(read(text)), numbers)
    lines = text.split("\n")
    for line_number, line in enumerate(done.text.split("\n")[: len(lines)], 1):
        for at in (at for at in range(len(line)) if line.startswith("@m", at)):
            place = done.original_position(line_number, len(line[:at].encode()) + 1)
            original = lines[place[0] - 1].encode()[place[1] - 1 :].decode()
            assert place[0] == line_number
            assert original.startswith("@m")
