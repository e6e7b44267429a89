from __future__ import annotations

import pytest

from bttop.script.language.reader import LONGEST_SCRIPT, Script, Unreadable, read

BODY = "{ @ = count(); }"

# Every construct that bpftrace 0.17, 0.23 or 0.27 accepts, with the number of its probes.
READABLE = [
    ("tracepoint:a:b /pid / 2 == 5/ " + BODY, 1),
    ("tracepoint:a:b /pid / 2 / 3 == 5/ " + BODY, 1),
    ("tracepoint:a:b /pid == 1/{ }", 1),
    ("t:a:b /* x */ /pid == 1/ /* y { */ { }", 1),
    ("t:a:b // hi /x/ {\n/pid == 1/\n{ }", 1),
    ("t:a:b //\n/pid == 1/ { }", 1),
    ("t:a:b /pid == 1 // foo / {\n && tid == 1/ { }", 1),
    ('t:a:b /comm == "a/b{"/ { }', 1),
    ('BEGIN { printf("}{ // \\" /* %d", 1); }', 1),
    ("/* a /* b */ BEGIN { }", 1),
    ("BEGIN { } // the end", 1),
    ("#define OPEN {\nBEGIN { }", 1),
    ("#define A 1 // it's { \"\nBEGIN { }", 1),
    ("#ifdef X\n#include <a.h>\n#else\n#define Y\n#endif\nBEGIN { }", 1),
    ("struct f { int x; char c[4]; };\nBEGIN { }", 1),
    ("struct f { struct { int y; } x; }\nunion u { int a; }\nenum e { A, B };\nBEGIN { }", 1),
    ("struct p { char a; int b; } __attribute__((packed));\nBEGIN { }", 1),
    ("struct p { int a; } __attribute__((packed, aligned(8))) /* c */ __attribute__ ((aligned(16)))\nBEGIN { }", 1),
    ("struct __attribute__((packed)) p { int b __attribute__((aligned(8))); } BEGIN { }", 1),
    ("typedef struct { int a; } pair;\nBEGIN { }", 1),
    ("name=begin { } other=t:a:b,k:f { }", 2),
    ("BEGIN { $r = (a=1, b=comm); @[$r.a] = count(); _ = has_key(@, 1); $t = $r.a ?: 5; }", 1),
    ("config = { max_map_keys = 10 }\nBEGIN { }", 1),
    ("config={ max_map_keys = 10; };BEGIN { }", 1),
    ("let @m = hash(10);\nBEGIN { }", 1),
    ("let @m = percpulruhash(10)\nBEGIN { }", 1),
    ("macro inc(@x) { @x++; @x }\nBEGIN { inc(@y); }", 1),
    ('import "stdlib";\nBEGIN { }', 1),
    ("fn f($a : int64) : int64 { return $a; }\nBEGIN { }", 1),
    ("k:a,k:b " + BODY, 1),
    ("k:a,\n// c, {\nk:b\n" + BODY, 1),
    ("k:a, " + BODY, 1),
    ('uprobe:"/bin/bash":readline { }', 1),
    ('uprobe:/bin/bash:"read{line" { }', 1),
    ('uprobe:/bin/bash:"foo(int, char/*)" { }', 1),
    ("uprobe:/bin/bash:readline /pid == 1/ { }", 1),
    ("uprobe:/bin/ba*sh:f { } uprobe:libc:malloc { } kprobe:f+4 { }", 3),
    ('BEGIN { printf("%d %s", $#, str($1)); @ = $1; }', 1),
    ("BEGIN { @ = 1 }", 1),
    ("BEGIN { if (pid == 1) { @ = 1 } else if (pid == 2) { @ = 2; } }", 1),
    ("BEGIN { { @ = count(); } }", 1),
    ("BEGIN { @ = { 5 }; for ($i : 0..5) { print($i); } if comptime (1) { } }", 1),
    ("interval:1s { @ = 5s; }", 1),
    ("BEGIN { for ($kv : @m) { print($kv.0); } let $x; delete(@m, 1); @[(1,2)] = 3; }", 1),
    ("#!/usr/bin/env bpftrace\nBEGIN { }\r\nEND { }\r\n", 2),
    ('BEGIN { printf("\u00e9"); @ = 1_000; @count = 1; @if[1] = 2; }', 1),
    ("begin { } end { }", 2),
    ("BEGIN{ }END{ }", 2),
    ("k:f / @x[tid] / { }", 1),
    ("k:f / (1 / 2) / { }", 1),
]


@pytest.mark.parametrize(("text", "probes"), READABLE)
def test_every_construct_of_the_language_is_read(text: str, probes: int) -> None:
    script = read(text)
    assert isinstance(script, Script)
    assert len(script.probes) == probes
    assert "".join(token.text for token in script.tokens) == text


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    [
        ("BEGIN { } /* open", "this comment is not closed", (1, 11)),
        ('BEGIN { printf("x\n"); }', "this string is not closed", (1, 16)),
        ("BEGIN {\n  if (1) { @ = 1;\n}\n", "this `{` is not closed", (1, 7)),
        ("BEGIN { (1 } }", "this `}` does not close the last bracket", (1, 12)),
        ("BEGIN { } }", "expected a probe's block, `{`, here", (1, 12)),
        ("k:f /pid == 1 { }", "this predicate is not closed", (1, 5)),
        ("k:f", "expected a probe's block, `{`, here", (1, 4)),
        ("k:f k:g { }", "expected `,`, a predicate or `{` here", (1, 5)),
        ("{ @ = 1; }", "expected a probe here", (1, 1)),
        ("struct a {", "this `{` is not closed", (1, 10)),
        ("let", "this let does not end", (1, 1)),
        ("struct a { } __attribute__ BEGIN { }", "expected `((` behind `__attribute__`", (1, 28)),
        ("", "there is no probe in this script", (1, 1)),
        ("// only a comment\n", "there is no probe in this script", (2, 1)),
        ("\u00e9:f x { }", "expected `,`, a predicate or `{` here", (1, 6)),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, reason: str, place: tuple[int, int]) -> None:
    assert read(text) == Unreadable(reason, *place, text)


@pytest.mark.parametrize("source", [b"BEGIN { \xff }", b"BEGIN {\n \0 }", "BEGIN { \0 }", "BEGIN { \udcff }"])
def test_what_is_not_text_is_refused_and_cannot_run(source: str | bytes) -> None:
    script = read(source)
    assert isinstance(script, Unreadable)
    assert script.reason.startswith("not a text file")
    assert script.text == ""


def test_a_script_longer_than_one_argument_is_refused_with_its_size() -> None:
    script = read("BEGIN { }" + " " * 10_000_000)
    assert isinstance(script, Unreadable)
    assert script.reason == "9765 KiB are too long: bpftrace takes 120 KiB as an argument"
    assert isinstance(read("BEGIN { }".ljust(LONGEST_SCRIPT)), Script)


@pytest.mark.parametrize(
    "piece", ["/ ", "/* ", "* /", "(", "{", '"', "a:b /x ", "k:f /1/ 2", "// ", "//\n", "#\n", "/**"]
)
def test_repetitive_text_of_the_largest_size_is_read_or_refused(piece: str) -> None:
    text = "k:f /" + piece * (LONGEST_SCRIPT // len(piece) - 10)
    assert isinstance(read(text), Unreadable)


def test_attach_points_have_provider_rest_and_line() -> None:
    script = read('t:sched:sched_switch,\nuprobe:"/a b":f,BEGIN { } kfunc:vmlinux:vfs_read { }')
    assert isinstance(script, Script)
    assert [(one.text, one.provider, one.rest, one.line) for one in script.points] == [
        ("t:sched:sched_switch", "tracepoint", "sched:sched_switch", 1),
        ('uprobe:"/a b":f', "uprobe", '"/a b":f', 2),
        ("BEGIN", "begin", "", 2),
        ("kfunc:vmlinux:vfs_read", "fentry", "vmlinux:vfs_read", 2),
    ]


def test_the_name_of_an_attach_point_is_no_part_of_its_provider() -> None:
    script = read("first=begin { } second=t:a:b,u:/x=y:f { }")
    assert isinstance(script, Script)
    assert [(one.provider, one.rest) for one in script.points] == [
        ("begin", ""),
        ("tracepoint", "a:b"),
        ("uprobe", "/x=y:f"),
    ]


def test_a_predicate_ends_at_the_slash_before_the_block() -> None:
    script = read("k:f /pid / 2 == (4 / 2) /* / { */ / { @ = 1 / 2; }")
    assert isinstance(script, Script)
    predicate = script.probes[0].predicate
    assert predicate is not None
    start, end = predicate
    inside = "".join(token.text for token in script.tokens[start + 1 : end])
    assert inside == "pid / 2 == (4 / 2) /* / { */ "
