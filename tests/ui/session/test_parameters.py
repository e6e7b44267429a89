"""Scripts with parameters on the screen: given, asked for, changed."""

from __future__ import annotations

from pathlib import Path

from tests.ui.session.kit import Session, rows_of, session

RATE = '// /// bttop\n// title = "Calls"\n// [[parameter]]\n// name = "rate"\n// kind = "number"\n// ///\n'


def with_rate(**calls: int) -> str:
    """A probe file whose `$1` is the rate of its profile probe; it needs a value."""
    return RATE + rows_of(**calls).replace("profile:hz:99", "profile:hz:$1")


def last_words(shown: Session) -> list[str]:
    """What follows the program in the newest start that ran one."""
    start = next(one for one in reversed(shown.starts()) if one[0] == "-f")
    return start[start.index("-e") + 2 :]


def test_a_shell_line_with_a_file_and_its_parameters_becomes_a_pane(tmp_path: Path) -> None:
    (tmp_path / "rate.bt").write_text(with_rate(perl=8))
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":", f"bpftrace {tmp_path}/rate.bt 0x63", "Enter")
        shown.wait_for("2 of 2 live", "━2 rate 0x63 ", " perl ")
        assert last_words(shown) == ["--", "99"]
        shown.press(":")
        shown.ask(f"bpftrace {tmp_path}/rate.bt fast")
        shown.wait_for("`rate`: 'fast' is not an integer")
        shown.ask(f"bpftrace {tmp_path}/rate.bt")
        shown.wait_for("rate.bt: it needs a value for `rate`")


def test_a_script_that_lacks_a_parameter_asks_for_it_at_the_start(tmp_path: Path) -> None:
    with session(tmp_path, {"rate": with_rate(perl=8), "calls": rows_of(java=9)}) as shown:
        shown.wait_for("parameters of rate.bt (rate):", "$1 rate, number", " java ", "it needs a value for `rate`")
        shown.press("many", "Enter")
        shown.wait_for("'many' is not an integer", "parameters of rate.bt (rate): many")
        shown.ask("49")
        shown.wait_for("2 of 2 live", " rate 49 ", " perl ")
        assert last_words(shown) == ["--", "49"]


def test_a_question_for_parameters_can_be_left_and_asked_again(tmp_path: Path) -> None:
    with session(tmp_path, {"rate": with_rate(perl=8)}) as shown:
        shown.wait_for("parameters of rate.bt (rate):")
        shown.press("Esc")
        shown.wait_for("it needs a value for `rate`", lambda: "parameters of" not in shown.text)
        shown.press("$")
        shown.wait_for("parameters of rate.bt (rate):")
        shown.press("99", "Enter")
        shown.wait_for("1 of 1 live", " rate 99 ", " perl ")
        shown.press("$")
        shown.wait_for("parameters of rate.bt (rate): 99")
        shown.ask("49")
        shown.wait_for("1 of 1 live", " rate 49 ", " perl ")
        shown.press("B")
        shown.wait_for("parameters  49")


def test_the_catalogue_asks_for_the_parameters_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "rate.bt").write_text(with_rate(perl=8))
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("a", "rate")
        shown.wait_for("▪ rate")
        shown.press("Enter")
        shown.wait_for("parameters of rate.bt (rate):")
        shown.press("49", "Enter")
        shown.wait_for("2 of 2 live", "━2 rate 49 ", " perl ")


def test_a_reloaded_script_keeps_its_parameters(tmp_path: Path) -> None:
    with session(tmp_path, {"rate": with_rate(perl=8)}) as shown:
        shown.wait_for("parameters of rate.bt (rate):")
        shown.press("49", "Enter")
        shown.wait_for("1 of 1 live", " perl ")
        (tmp_path / "rate.bt").write_text(with_rate(ruby=7))
        shown.wait_for(" ruby ")
        assert last_words(shown) == ["--", "49"]
        (tmp_path / "rate.bt").write_text(with_rate(lua=7).replace('kind = "number"', 'kind = "pid"\n// unit = "x"'))
        shown.wait_for("the old one keeps running", "the unit of a", " ruby ")
