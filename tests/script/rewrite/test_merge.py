"""Several prepared scripts as one text."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from bttop.paths import shipped
from bttop.script.language.reader import Script, read
from bttop.script.rewrite import merge
from bttop.script.rewrite.merge import as_part, can_merge, count_points, kernel_prefix, map_prefix, merged
from bttop.script.rewrite.prepare import Prepared, prepare

PROBES = sorted(shipped("probes").glob("*.bt"))
COUNTS = "tracepoint:a:b { @n[pid] = count(); @a0 = sum(1); @[comm] = count(); }"


def prepared(text: str, nonce: int = 1) -> Prepared:
    return prepare(read(text), nonce=nonce)


def script_of(text: str) -> Script:
    script = read(text)
    assert isinstance(script, Script)
    return script


def maps_of(text: str) -> Counter[str]:
    return Counter(token.text for token in script_of(text).tokens if token.kind == "map")


def test_a_shipped_probe_that_prints_by_itself_is_no_part() -> None:
    assert [path.stem for path in PROBES if not can_merge(prepared(path.read_text()))] == ["exec"]


def test_the_five_probes_of_the_ladder_and_their_fallbacks_can_be_parts() -> None:
    names = ("syscalls", "retransmits", "vfs_read", "sched_switch", "profile")
    files = [path for path in PROBES if path.stem.startswith(names)]
    assert len(files) > len(names)
    assert all(can_merge(prepared(path.read_text())) for path in files)


@pytest.mark.parametrize(
    "text",
    [
        "tracepoint:a:b { @n = count(); } interval:s:1 { print(@n); clear(@n); }",
        'tracepoint:a:b { @n = count(); printf("x"); }',
        "tracepoint:a:b { @n = count(); } END { print(@n); }",
        "BEGIN { @n = count(); }",
        "tracepoint:a:b { @n = count(); exit(); }",
        "config = { max_map_keys = 9 } tracepoint:a:b { @n = count(); }",
        "#define N 3\ntracepoint:a:b { @n[N] = count(); }",
        "#include <linux/sched.h>\ntracepoint:a:b { @n = count(); }",
        "struct a { int b; } tracepoint:a:b { @n = count(); }",
        "macro m(@x) { @x = count(); } tracepoint:a:b { m(@n); }",
        "tracepoint:a:* { @n = count(); }",
        "tracepoint:a:$1 { @n = count(); }",
        "uprobe:/bin/sh:main { @n = count(); }",
        "usdt:/bin/sh:a:b { @n = count(); }",
        "iter:task { @n = count(); }",
        "tracepoint:a:b { @n = count();",
        "",
    ],
)
def test_what_concerns_the_whole_process_or_may_be_missing_unseen_is_no_part(text: str) -> None:
    assert not can_merge(prepared(text))


def test_a_script_that_runs_as_it_is_is_no_part() -> None:
    assert can_merge(prepared(COUNTS))
    assert not can_merge(Prepared(prepared(COUNTS).edited._replace(edits=())))


def test_parts_have_no_map_in_common_and_lose_none() -> None:
    whole = prepared(COUNTS)
    names = [maps_of(as_part(whole, index).text) for index in range(3)]
    assert not set(names[0]) & set(names[1]) | set(names[1]) & set(names[2])
    for index, found in enumerate(names):
        assert sorted(found.values()) == sorted(maps_of(whole.text).values())
        assert all(name.startswith(map_prefix(index)) for name in found)
        assert all(f"AT_{name[1:]}".startswith(kernel_prefix(index)) for name in found)
    assert len(kernel_prefix(merge.MOST_PARTS - 1)) < 15, "the kernel keeps 15 bytes of a name"


@pytest.mark.parametrize("collide", [False, True], ids=["0.17", "0.23"])
@pytest.mark.parametrize("path", PROBES, ids=[path.stem for path in PROBES])
def test_the_plan_of_a_part_knows_each_map_by_its_new_name(path: Path, *, collide: bool) -> None:
    whole = prepare(read(path.read_text()), new_keys_collide=collide)
    if not can_merge(whole):
        return
    part = as_part(whole, 4)
    assert part.plan.maps == whole.plan.maps
    assert {part.plan.logical(name) for name in part.plan.aliases} == set(whole.plan.maps)
    assert set(part.plan.aliases) <= set(maps_of(part.text))


def test_positions_in_a_part_are_those_of_the_users_text() -> None:
    whole = prepared("tracepoint:a:b { @n[pid] = count(); @much = sum(2); }")
    text = as_part(whole, 0).text
    assert as_part(whole, 0).original_position(1, text.index("sum(2)") + 1) == (1, whole.original.index("sum(2)") + 1)


def test_the_text_of_all_has_every_probe_one_interval_and_one_end() -> None:
    parts = [as_part(prepared(COUNTS, nonce), index) for index, nonce in enumerate((7, 8, 9))]
    found = merged(parts)
    assert found is not None
    script = script_of(found.text)
    assert [probe.points[0].provider for probe in script.probes] == ["tracepoint"] * 3 + ["interval", "end"]
    assert found.probes == len(script.points) == sum(count_points(part) for part in parts) - 4
    assert [found.text.count(f"print(({nonce}, (0, ") for nonce in (7, 8, 9)] == [2, 2, 2]
    end = found.text[found.text.index("END {") :]
    assert [end.count(f"print(({nonce}, (0, ") for nonce in (7, 8, 9)] == [1, 1, 1]
    assert maps_of(found.text) == sum([maps_of(part.text) for part in parts], Counter())


def test_each_line_of_the_text_is_the_line_of_a_part() -> None:
    texts = ["// one\n// two\ntracepoint:a:b { @n = count(); }\n", "tracepoint:a:b { @n = count(); }", COUNTS]
    parts = [as_part(prepared(text), index) for index, text in enumerate(texts)]
    found = merged(parts)
    assert found is not None
    lines = found.text.splitlines()
    for index, (begin, end) in enumerate(pairwise((0, *found.ends))):
        assert {name[6] for name in maps_of("\n".join(lines[begin:end]))} == {"abc"[index]}
    assert [line.split()[0] for line in lines[found.ends[-1] :]] == ["interval:s:1", "END"]


def test_parts_with_different_intervals_keep_their_own() -> None:
    wholes = [prepare(read(COUNTS), interval_ms=interval_ms) for interval_ms in (1000, 2000, 1000)]
    found = merged([as_part(whole, index) for index, whole in enumerate(wholes)])
    assert found is not None
    points = [point.text for point in script_of(found.text).points if point.provider == "interval"]
    assert points == ["interval:s:1", "interval:s:2"]


def test_texts_that_are_too_long_for_one_argument_are_not_merged() -> None:
    long = f"// {'x' * 70_000}\n{COUNTS}"
    parts = [as_part(prepared(long), index) for index in range(2)]
    assert merged(parts[:1]) is not None
    assert merged(parts) is None
