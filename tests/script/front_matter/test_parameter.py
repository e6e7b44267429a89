"""Values of declared parameters."""

from __future__ import annotations

import pytest

from bttop.script.front_matter.front_matter import FrontMatter, FrontMatterFault, read_front_matter
from bttop.script.front_matter.parameter import Parameter, ParameterFault, ParameterKind, value_of


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "a b", "a b"),
        ("text", "", ""),
        ("number", "443", "443"),
        ("number", "-7", "-7"),
        ("number", "+7", "7"),
        ("number", "1_000_000", "1000000"),
        ("number", "0x1bb", "443"),
        ("number", "-0x10", "-16"),
        ("number", "010", "10"),
        ("number", "18446744073709551615", "18446744073709551615"),
        ("pid", "0", "0"),
        ("pid", "0042", "42"),
        ("duration", "5", "5"),
        ("duration", "5s", "5"),
        ("duration", "2m", "120"),
        ("duration", "1500ms", None),
        ("duration", "2000 ms", "2"),
        ("duration", "1h", "3600"),
        ("number", "5s", None),
        ("number", "", None),
        ("number", "18446744073709551616", None),
        ("number", "-9223372036854775809", None),
        ("number", "٣", None),
        ("pid", "-1", None),
        ("pid", "java", None),
        ("duration", "fast", None),
        ("duration", "-1s", None),
        ("duration", "", None),
        ("duration", "9" * 40, None),
    ],
)
def test_a_value_is_converted_or_refused_by_its_kind(kind: ParameterKind, text: str, value: str | None) -> None:
    found = value_of(Parameter("x", kind=kind), text)
    if value is None:
        assert isinstance(found, ParameterFault)
        assert found.reason
    else:
        assert found == value


@pytest.mark.parametrize(
    ("unit", "text", "value"), [("ms", "1.5s", "1500"), ("us", "2ms", "2000"), ("ns", "3", "3"), ("m", "1h", "60")]
)
def test_a_duration_is_a_number_in_the_unit_of_the_parameter(unit: str, text: str, value: str) -> None:
    assert value_of(Parameter("x", kind="duration", unit=unit), text) == value


def front(*lines: str) -> FrontMatter | FrontMatterFault | None:
    return read_front_matter("\n".join(["// /// bttop", *(f"// {line}" for line in lines), "// ///", "k:f { }"]))


def test_front_matter_declares_parameters_in_their_order() -> None:
    found = front(
        'title = "x"', "[[parameter]]", 'name = "port"', 'kind = "number"', "default = 443", "[[parameter]]",
        'name = "every"', 'help = "between two prints"', 'kind = "duration"', 'unit = "ms"', "[map.a]", 'unit = "ns"',
    )  # fmt: skip
    assert isinstance(found, FrontMatter)
    assert found.parameters == (
        Parameter("port", default="443", kind="number"),
        Parameter("every", "between two prints", kind="duration", unit="ms"),
    )
    assert found.parameters[1].about == "every, duration (in ms without a unit): between two prints"
    assert found.parameters[0].about == "port, number (default 443)"


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        (["parameter = 5"], 2, "`parameter` must be tables"),
        (["parameter = [1]"], 2, "`parameter` must be tables"),
        (["[[parameter]]", 'name = "a"', "[[parameter]]", 'name = "a"'], 4, "two parameters have the name `a`"),
        (["[[parameter]]", 'nome = "a"'], 2, "unknown field `nome`"),
        (["[[parameter]]", 'name = "a"', "[[ parameter ]]", 'kind = "port"'], 4, "the kind of a parameter is one of"),
        (["[[parameter]]", 'unit = "d"'], 2, "the unit of a duration is one of"),
        (["[[parameter]]", 'kind = "number"', 'default = "x"'], 2, "the default of `$1`: 'x' is not an integer"),
        (["[[parameter]]", "default = true"], 2, "`default` must be a string"),
        (["[[parameter]]", "default = 1.5"], 2, "`default` must be a string"),
    ],
)
def test_a_faulty_declaration_is_reported_with_its_line(lines: list[str], line: int, reason: str) -> None:
    found = front(*lines)
    assert isinstance(found, FrontMatterFault)
    assert reason in found.reason
    assert found.line == line
