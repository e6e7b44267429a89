"""Which parameters a script has, and which values it gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.script.front_matter.parameter import ParameterFault
from bttop.script.library.parameters import ParameterValues, fill, parameters_of, split_name
from bttop.script.library.probe_files import ProbeFile, probe_file
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import prepare

DECLARED = """// /// bttop
// [[parameter]]
// name = "seconds"
// kind = "duration"
// default = "5"
// [[parameter]]
// name = "port"
// help = "of the server"
// kind = "number"
// ///
kprobe:f /arg0 == $2/ { @ = count(); }
interval:s:$1 { print(@); }
"""
PINNED = DECLARED.replace("duration", "pid").replace("seconds", "process")


def script(text: str) -> ProbeFile:
    found = probe_file(Path("x.bt"), text)
    assert isinstance(found, ProbeFile)
    return found


def filled(text: str, *given: str, pinned: bool = False) -> ParameterValues:
    found = script(text)
    return fill(found.script, found.front, given, pinned=pinned)


@pytest.mark.parametrize(
    ("given", "args"),
    [
        (("2s", "443"), ("2", "443")),
        (("2m", "0x1bb"), ("120", "443")),
        (("7", "-1"), ("7", "-1")),
    ],
)
def test_declared_values_are_converted(given: tuple[str, ...], args: tuple[str, ...]) -> None:
    assert filled(DECLARED, *given) == ParameterValues(args)


def test_a_missing_value_without_a_default_is_named_with_its_help() -> None:
    for given in ((), ("7",)):
        values = filled(DECLARED, *given)
        assert [one.name for one in values.missing] == ["port"]
        assert values.why_not == "it needs a value for `port` (of the server)"


def test_defaults_are_added_behind_the_given_values() -> None:
    text = DECLARED.replace('kind = "number"', 'kind = "number"\n// default = 80')
    assert filled(text) == ParameterValues(("5", "80"))
    assert filled(text, "9") == ParameterValues(("9", "80"))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("soon", "1"), "`seconds`: 'soon' is not a duration"),
        (("1", "http"), "`port`: 'http' is not an integer"),
        (("1", "2", "3"), "too many parameters: 1 2 3; it takes 2: seconds, port"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_the_reason(given: tuple[str, ...], why: str) -> None:
    assert filled(DECLARED, *given).why_not.startswith(why)


def test_a_first_process_id_comes_from_the_pin() -> None:
    text = PINNED.replace('// default = "5"\n', "")
    assert [one.name for one in filled(text).missing] == ["process", "port"]
    assert [one.name for one in filled(text, pinned=True).missing] == ["port"]


def test_the_process_that_the_pin_gives_may_be_a_later_parameter() -> None:
    text = (
        '// /// bttop\n// [[parameter]]\n// name = "size"\n// kind = "number"\n// default = "5"\n'
        '// [[parameter]]\n// name = "process"\n// kind = "pid"\n// ///\n'
        "k:f /arg0 > $1 && pid == $2/ { @ = count(); }"
    )
    assert [one.name for one in filled(text).missing] == ["process"]
    assert filled(text, pinned=True) == ParameterValues(("5",))
    assert [one.name for one in filled(text, "6", pinned=True).missing] == []
    assert prepare(script(text).script, pin=Pin((7,)), args=filled(text, "6", pinned=True).args).args == ("6", "7")


def test_a_path_must_exist_and_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '// /// bttop\n// [[parameter]]\n// name = "file"\n// kind = "path"\n// ///\nuprobe:$1:f { @ = count(); }'
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lib.so").touch()
    assert filled(text, "lib.so").args == (f"{tmp_path}/lib.so",)
    assert filled(text, "no.so").why_not == f"`file`: there is no file {tmp_path}/no.so"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("interval:s:$1 { print(1); }", ["$1"]),
        ("kprobe:$2 /pid == $1/ { @ = count(); }", ["$2"]),
        ("uprobe:$1:$2 { @ = count(); }", ["$1", "$2"]),
        ("kprobe:f /arg0 > $1/ { @[str($2)] = count(); }", []),
        ("kprobe:f { @ = count(); }", []),
    ],
)
def test_an_undeclared_parameter_is_needed_only_in_an_attach_point(text: str, missing: list[str]) -> None:
    assert [one.name for one in filled(text).missing] == missing
    assert not filled(text, "a", "b").missing


def test_values_of_undeclared_parameters_are_passed_as_they_are() -> None:
    assert filled("kprobe:f /arg0 > $1/ { @ = count(); }", "010", "a b", "-3").args == ("010", "a b", "-3")


def test_named_options_of_a_script_stay_behind_its_parameters() -> None:
    text = 'BEGIN { $x = getopt("hello", 5); } interval:s:$1 { print(1); }'
    assert filled(text, "--hello=3", "2").args == ("2", "--hello=3")
    assert filled(text, "--hello=3").missing
    assert filled("interval:s:$1 { print(1); }", "--hello=3").args == ("--hello=3",)


def test_a_name_and_its_parameters_are_split_as_a_shell_splits() -> None:
    assert split_name("./x.bt 5 'a b' \"c\"") == ("./x.bt", "5", "a b", "c")
    assert isinstance(split_name("./x.bt 'a"), ParameterFault)
    assert split_name("  ") == ("",)


def test_a_script_without_parameters_has_none() -> None:
    found = script("kprobe:f { @ = count(); }")
    assert parameters_of(found.script, found.front) == ()
