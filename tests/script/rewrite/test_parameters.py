"""Parameters in attach points."""

from __future__ import annotations

import pytest

from bttop.script.language.reader import Imported, Script, read
from bttop.script.process.pin import Pin
from bttop.script.rewrite.parameters import with_parameters
from bttop.script.rewrite.prepare import prepare


@pytest.mark.parametrize(
    ("text", "args", "points"),
    [
        ("interval:s:$1 { print(@); }", ("5",), ["interval:s:5"]),
        ("uprobe:$1:$2 { @ = count(); }", ("/lib/x.so", "f"), ["uprobe:/lib/x.so:f"]),
        ("tracepoint:sched:sched_$1, k:$2 { }", ("switch", "vfs_*"), ["tracepoint:sched:sched_switch", "k:vfs_*"]),
        ("profile:hz:$2 { }", ("5",), ["profile:hz:$2"]),
        ("kprobe:$1 { }", ("f { system(1); } k:g",), ["kprobe:$1"]),
        ("kprobe:f /pid == $1/ { }", ("5",), ["kprobe:f"]),
        ("profile:hz:$10 { }", (*"abcdefghi", "49"), ["profile:hz:49"]),
    ],
)  # fmt: skip
def test_a_parameter_in_an_attach_point_has_its_value(text: str, args: tuple[str, ...], points: list[str]) -> None:
    script = with_parameters(read(text), args)
    assert isinstance(script, Script)
    assert [point.text for point in script.points] == points


def test_the_rest_of_the_script_is_unchanged() -> None:
    text = '// $1\nBEGIN { printf("$1"); }\ninterval:s:$1 /$1 > 0/ { print(@[str($1)]); }\n'
    script = with_parameters(read(text), ("5",))
    assert isinstance(script, Script)
    assert script.text == text.replace("s:$1", "s:5")
    assert with_parameters(read(text), ()) == read(text)


@pytest.mark.parametrize(
    ("text", "given", "badges"),
    [
        ("kprobe:f /arg0 > $1/ { @ = count(); }", (), ["no value for $1"]),
        ("kprobe:f /arg0 > $1/ { @[str($2)] = count(); }", ("5",), ["no value for $2"]),
        ("kprobe:f /arg0 > $1 && arg1 > $3/ { @ = count(); }", (), ["no value for $1, $3"]),
        ("kprobe:f /pid == $1/ { @ = count(); }", (), ["no value for $1"]),
        ("#define LEAST $1\nkprobe:f /arg0 > LEAST/ { @ = count(); }", (), ["no value for $1"]),
        ("kprobe:f /arg0 > $1/ { @ = count(); }", ("5",), []),
        ("kprobe:f /arg0 > $1/ { @ = count(); }", ("5", "6 7"), ["not used: '6 7'"]),
        ("kprobe:f { @ = count(); }", ("5",), ["not used: 5"]),
        ("kprobe:f /$1 == 0 || pid == $1/ { @ = count(); }", (), []),
        ("kprobe:f /0 == $1 || pid == $1/ { @ = count(); }", (), []),
        ("kprobe:f /!$1 || pid == $1/ { @ = count(); }", (), []),
        ("kprobe:f /$1 && pid != $1/ { @ = count(); }", (), []),
        ("kprobe:f { if ($1 > 0) { @ = count(); } @[arg0 > $1] = count(); }", (), []),
        ('kprobe:f /str($1) == "" || comm == str($1)/ { @ = count(); }', (), []),
        ("kprobe:f { @[$1 ? $1 : 5] = count(); }", (), []),
        ("BEGIN { if ($# < 1) { exit(); } } kprobe:f /arg0 > $1/ { @ = count(); }", (), []),
        ('BEGIN { $x = getopt("n", 5); } kprobe:f /arg0 > $1/ { @ = count(); }', ("--n=3",), ["no value for $1"]),
    ],
)
def test_a_missing_or_unused_parameter_has_a_badge(text: str, given: tuple[str, ...], badges: list[str]) -> None:
    found = prepare(read(text), args=given).badges
    assert [one.text for one in found if one.code == "parameter"] == badges


@pytest.mark.parametrize(
    ("text", "args", "badges"),
    [
        ("interval:s:$1 { exit(); } kprobe:f { @ = count(); }", ("5",), []),
        ("interval:s:$1 { exit(); } kprobe:f /pid == $2/ { @ = count(); }", ("5", "7"), []),
        ("interval:s:$2 { exit(); } kprobe:f { @ = count(); }", ("5", "7", "9"), ["not used: 9"]),
        ("uprobe:$1:$2, uretprobe:$1:$2 { @[probe] = count(); }", ("/lib/x.so", "f"), []),
        ("uprobe:$1:f { @ = count(); }", ("/a name",), []),
        ("profile:hz:$1 { @ = count(); } kprobe:f /arg0 > $2/ { @x = count(); }", ("9",), ["no value for $2"]),
    ],
)
def test_a_parameter_of_an_attach_point_is_used(text: str, args: tuple[str, ...], badges: list[str]) -> None:
    found = prepare(with_parameters(read(text), args), args=args).badges
    assert [one.text for one in found if one.code == "parameter"] == badges


@pytest.mark.parametrize("lib", ["macro least($x) { $x >= $1 }", "#define LEAST $1\n", "interval:s:$1 { exit(); }"])
def test_a_parameter_of_an_imported_file_is_used(lib: str) -> None:
    script, imported = read('import "lib.bt";\nkprobe:f { @ = count(); }'), read(lib, imported=True)
    assert isinstance(script, Script)
    assert isinstance(imported, Script)
    found = prepare(script._replace(imports=(Imported("/lib.bt", imported),)), args=("5",))
    assert not [one for one in found.badges if one.code == "parameter"]
    assert found.args == ("5",)


def test_a_parameter_that_is_the_pin_has_a_value() -> None:
    found = prepare(read("kprobe:f /pid == $1/ { @ = count(); }"), pin=Pin((42,))).badges
    assert not [one for one in found if one.code == "parameter"]
