from __future__ import annotations

import pytest

from bttop.script.language.reader import read
from bttop.script.messages.diagnostics import (
    HEADERS,
    Diagnostic,
    explained,
    parse_diagnostics,
    render,
    undefined_maps,
)
from bttop.script.rewrite.prepare import prepare


def test_a_message_with_its_place_source_and_mark_is_read() -> None:
    lines = [
        "ERROR: Unknown error -1: couldn't set RLIMIT_MEMLOCK for bpftrace. If your program is not loading",
        "stdin:4:21-22: ERROR: syntax error, unexpected ;",
        "    @bytes = hist(arg2;",
        "                      ~",
        "HINT: try this",
    ]
    first = Diagnostic(
        "ERROR",
        "syntax error, unexpected ;",
        "stdin",
        4,
        21,
        22,
        source="    @bytes = hist(arg2;",
        carets="                      ~",
    )
    assert parse_diagnostics(lines) == (first, Diagnostic("HINT", "try this"))


@pytest.mark.parametrize(
    ("line", "severity", "place", "message"),
    [
        ("bad.bt:3:3-21: ERROR: printf: Not enough", "ERROR", ("bad.bt", 3, 3, 21, 0), "printf: Not enough"),
        ("a b:c.bt:2-3: ERROR: spans", "ERROR", ("a b:c.bt", 2, 0, 0, 3), "spans"),
        ("stdin:1:1-19: WARNING: odd", "WARNING", ("stdin", 1, 1, 19, 0), "odd"),
        (
            "definitions.h:2:10: fatal error: 'x.h' file not found",
            "ERROR",
            ("definitions.h", 2, 10, 0, 0),
            "'x.h' file not found",
        ),
        (
            "ERROR: Error loading program: BEGIN (try -v)",
            "ERROR",
            ("", 0, 0, 0, 0),
            "Error loading program: BEGIN (try -v)",
        ),
        (
            "FATAL: Invalid probe type made it to attachpoint parser",
            "FATAL",
            ("", 0, 0, 0, 0),
            "Invalid probe type made it to attachpoint parser",
        ),
    ],
)
def test_every_shape_of_message_is_read(
    line: str, severity: str, place: tuple[str, int, int, int, int], message: str
) -> None:
    (found,) = parse_diagnostics([line])
    assert (found.severity, found.message) == (severity, message)
    assert (found.file, found.line, found.column, found.end_column, found.last_line) == place


@pytest.mark.parametrize("line", ["", "Attaching 1 probe...", '{"type": "map"}', "stdin:x: ERROR", "libbpf: warning"])
def test_other_lines_are_passed_over(line: str) -> None:
    assert parse_diagnostics([line]) == ()


def test_a_place_in_an_edited_text_is_shown_in_the_users_own() -> None:
    text = "k:f\n{\n\t@b[pid] = sum(args->siez + 1);\n}\n"
    one = prepare(read(text))
    line = one.text.split("\n")[2]
    column = line.index("args->siez") + 1
    message = f"stdin:3:{column}-{column + 10}: ERROR: no field siez"
    (found,) = parse_diagnostics([message], one.original_position)
    assert render(found, "x.bt", text) == [
        "x.bt:3:16 no field siez",
        "    @b[pid] = sum(args->siez + 1);",
        "                  ^~~~~~~~~~",
    ]


def test_maps_whose_probes_do_not_exist_here_are_known_and_can_be_left_out() -> None:
    one = prepare(read("k:f { @x[pid] = count(); } k:g { @y[pid] = count(); }"))
    found = parse_diagnostics(["stdin:2:52-60: ERROR: Undefined map: @__bt_b0", "stdin:1:1-2: WARNING: Undefined"])
    names = {one.plan.logical(name) for name in undefined_maps(found)}
    assert names == {"@y"}
    again = prepare(read(one.original), leave_out=names)
    assert set(again.plan.maps) == {"@x"}
    assert "@y[pid] = count();" in again.text


def test_a_message_about_another_file_is_not_moved() -> None:
    one = prepare(read("k:f { @b[pid] = sum(arg0); }"))
    (found,) = parse_diagnostics(["x.h:1:30-33: ERROR: bad"], one.original_position)
    assert (found.line, found.column) == (1, 30)


def test_a_message_without_place_or_beyond_the_text_is_shown_alone() -> None:
    assert render(Diagnostic("ERROR", "bad"), "x.bt", "text") == ["x.bt: bad"]
    assert render(Diagnostic("ERROR", "bad", "stdin", 9, 4), "x.bt", "text") == ["x.bt:9:4 bad"]


def test_a_message_that_spans_lines_shows_its_first_line() -> None:
    found = Diagnostic("ERROR", "bad", "stdin", 1, last_line=2)
    assert render(found, "x.bt", "k:f {\n}") == ["x.bt:1 bad", "k:f {"]


def test_a_mark_counts_bytes_as_bpftrace_does() -> None:
    found = Diagnostic("ERROR", "bad", "stdin", 1, 13, 15)
    assert render(found, "x.bt", 'é = "é" + xy')[2] == "          ^~"


def test_advice_that_bttop_follows_by_itself_is_left_out() -> None:
    said = "Unable to attach probe: hardware:cache-misses:1."
    line = f"ERROR: {said} If this is expected, set the 'missing_probes' config variable to 'warn'."
    assert [one.message for one in parse_diagnostics([line, f"stdin:1:1-5: {line}"])] == [said, said]


WITH_HEADERS = '#include <linux/sched.h>\n  #include "my.h"\nBEGIN { exit(); }\n'
MISSING = "definitions.h:2:10: fatal error: 'linux/sched.h' file not found"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["/usr/include/linux/sched.h:93:2: error: unknown type name '__aligned_u64'"],
            ["/usr/include/linux/sched.h:93:2 unknown type name '__aligned_u64'", HEADERS],
        ),
        (
            [f"/usr/include/linux/sched.h:{line}:2: error: unknown type name '__u64'" for line in (93, 94, 95, 93)],
            ["/usr/include/linux/sched.h:93:2 unknown type name '__u64'", "and 2 more errors in headers", HEADERS],
        ),
        (
            [MISSING] * 6,
            [
                "s.bt:1:11 'linux/sched.h' file not found",
                "#include <linux/sched.h>",
                "          ^~~~~~~~~~~~~",
                HEADERS,
            ],
        ),
        (
            ["definitions.h:3:10: fatal error: 'my.h' file not found"],
            ["s.bt:2:13 'my.h' file not found", '  #include "my.h"', "            ^~~~"],
        ),
        (
            ["/lib/modules/6.1.0/build/include/asm/x.h:3:10: fatal error: 'asm/y.h' file not found"],
            ["/lib/modules/6.1.0/build/include/asm/x.h:3:10 'asm/y.h' file not found", HEADERS],
        ),
        (
            ["/usr/src/linux-headers-6.1.0/include/linux/types.h:3:1: error: odd"],
            ["/usr/src/linux-headers-6.1.0/include/linux/types.h:3:1 odd", HEADERS],
        ),
        (["/home/me/my.h:3:1: error: odd"], ["/home/me/my.h:3:1 odd"]),
        (["definitions.h:9:1: error: odd"], ["s.bt: odd"]),
        (["stdin:3:9-13: ERROR: odd"] * 2, ["s.bt:3:9 odd", "BEGIN { exit(); }", "        ^~~~"]),
    ],
)
def test_an_error_in_a_header_has_the_headers_place_is_said_once_and_names_the_package(
    lines: list[str], expected: list[str]
) -> None:
    assert explained(parse_diagnostics(lines), "s.bt", WITH_HEADERS) == expected
