from __future__ import annotations

import pytest

from bttop.model.record.release import Release
from bttop.script.language.reader import read
from bttop.script.process.pin import Pin
from bttop.script.process.self_exclusion import Exclusion
from bttop.script.rewrite.prepare import prepare
from bttop.script.rewrite.twin import Twin, twin_of

OLD, NEW = Release(0, 17), Release(0, 27)


def twin(text: str, release: Release = NEW, pin: Pin | None = None, exclude: Exclusion | None = None) -> Twin:
    found = twin_of(prepare(read(text), pin=pin, exclude=exclude), release)
    assert found is not None
    return found


def first_line(text: str, pin: Pin | None = None, exclude: Exclusion | None = None) -> str:
    return twin(text, NEW, pin, exclude).prepared.text.partition("\n")[0]


def test_the_blocks_only_count() -> None:
    text = 't:a:b { printf("%d", @x[tid]); @y = hist(args->z); }'
    assert first_line(text) == "t:a:b { @bttop_events0 = count(); }"


def test_what_the_predicate_lets_through_is_counted_beside_all_events() -> None:
    text = 't:a:b, t:a:c\n/comm == "x" // why\n/ { @ = count(); }'
    block = '{ @bttop_events0 = count(); if ((comm=="x") != 0) { @bttop_passed0 = count(); } }'
    assert twin(text).prepared.text.startswith(f"t:a:b, t:a:c\n {block}\n")


def test_pin_and_exclusion_count_as_predicates() -> None:
    assert "pid==7" in first_line("t:raw_syscalls:sys_enter { @ = count(); }", pin=Pin(pids=(7,)))
    assert "pid!=7" in first_line("t:raw_syscalls:sys_enter { @ = count(); }", exclude=Exclusion((7,)))


def test_a_predicate_that_asks_a_map_is_left_out_and_the_cost_is_an_upper_bound() -> None:
    one = twin("u:/a:f { @s[tid] = nsecs; } ur:/a:f /@s[tid]/ { @ = hist(nsecs - @s[tid]); }")
    assert one.at_most
    assert "@s" not in one.prepared.text
    assert [probe.passed for probe in one.probes] == ["@bttop_events0", "@bttop_events1"]


def test_definitions_stay_and_probes_without_events_go() -> None:
    one = twin(
        "#include <a.h>\nstruct x { int y; };\nBEGIN { @a = 1; } t:a:b { @ = count(); } interval:s:1 { exit(); }"
    )
    assert one.prepared.text.startswith("#include <a.h>\nstruct x { int y; };\nt:a:b {")
    assert "BEGIN" not in one.prepared.text
    assert "exit" not in one.prepared.text


def test_parameters_go_with_it() -> None:
    assert twin("t:a:b /$1 == 0 || pid == $1/ { @ = count(); }").prepared.args == ("0",)


@pytest.mark.parametrize("text", ["BEGIN { @ = 1; }", "t:a:b { @ = count();"])
def test_where_there_is_nothing_to_count_there_is_no_twin(text: str) -> None:
    assert twin_of(prepare(read(text)), NEW) is None


@pytest.mark.parametrize(
    ("cheaper", "dearer"),
    [
        ("@ = count();", "@[pid] = count();"),
        ("@[pid] = count();", "@[pid, comm] = count();"),
        ("@[pid] = count();", "@[pid] = hist(nsecs);"),
        ("@[pid, comm] = count();", "@[kstack] = count();"),
        ("@[kstack] = count();", "@[kstack, ustack] = count();"),
        ("@ = count();", 'printf("x");'),
        ("@ = count();", "@s[tid] = nsecs;"),
    ],
)
@pytest.mark.parametrize("release", [OLD, NEW])
def test_more_to_do_costs_more(cheaper: str, dearer: str, release: Release) -> None:
    costs = [twin(f"t:a:b {{ {body} }}", release).probes[0].hit_ns for body in (cheaper, dearer)]
    assert 0 < costs[0] < costs[1]


def test_the_old_release_pays_more_for_a_key() -> None:
    key = "t:a:b { @[pid] = stats(nsecs); }"
    assert twin(key, OLD).probes[0].hit_ns > twin(key, NEW).probes[0].hit_ns


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("uprobe:/bin/x:f { @a = count(); } uretprobe:/bin/x:f { @b = count(); }", ["/bin/x:f", "/bin/x:f"]),
        ("uprobe:/bin/x:f, uretprobe:/bin/x:g { @a = count(); }", ["/bin/x:f /bin/x:g"]),
        ("uprobe:/bin/x:f, t:a:b { @a = count(); }", [""]),
        ("kprobe:f { @a = count(); }", [""]),
    ],
)
def test_user_probes_on_one_place_are_told_by_it(text: str, places: list[str]) -> None:
    assert [one.place for one in twin(text).probes] == places


@pytest.mark.parametrize(
    ("text", "args", "passed"),
    [
        ('t:a:b { if (getopt("all")) { @ = count(); } }', ("5", "--all"), ("5",)),
        ('t:a:b /arg0 > getopt("least", 3)/ { @[getopt("all")] = count(); }', ("--all", "--least=5"), ("--least=5",)),
        ('t:a:b /arg0 > getopt("least", 3)/ { @ = count(); }', ("--least",), ("--least",)),
        ('t:a:b { @[getopt("all")] = count(); }', ("--wrong=5",), ()),
        ('macro all() { getopt("all") }\nt:a:b { @[all()] = count(); }', ("--all",), ("--all",)),
        ("t:a:b { @[str($1)] = count(); }", ("--all",), ("--all",)),
    ],
)
def test_it_gets_only_the_named_options_that_its_text_reads(
    text: str, args: tuple[str, ...], passed: tuple[str, ...]
) -> None:
    found = twin_of(prepare(read(text), args=args), NEW)
    assert found is not None
    assert found.prepared.args == passed
