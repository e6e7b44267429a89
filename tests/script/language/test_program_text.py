"""Programs that bttop writes can be read back."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bttop.script.language.program_text import MapText, program
from bttop.script.library.probe_files import ProbeFile, probe_file

BODY = "tracepoint:a:b { @x[pid, comm] = count(); @ = hist(args->c); }"


def test_a_written_program_says_what_it_was_given() -> None:
    maps = [
        MapText("@x", ("pid", "name"), ("int", "text"), pid="pid", view="table"),
        MapText("@", unit="us", view="histogram"),
    ]
    found = probe_file(Path("x.bt"), program("A title", "Help.", maps, BODY, badge="caveat"))
    assert isinstance(found, ProbeFile)
    assert found.front is not None
    assert (found.front.title, found.front.help, found.front.badge) == ("A title", "Help.", "caveat")
    assert found.front.maps["@x"].columns == ("pid", "name")
    assert found.front.maps["@x"].pid == "pid"
    assert found.front.maps["@"].unit == "us"


def test_a_decoder_is_written_for_its_column() -> None:
    maps = [MapText("@x", ("pid", "syscall"), decoders={"syscall": "syscall"})]
    found = probe_file(Path("x.bt"), program("t", "h", maps, BODY))
    assert isinstance(found, ProbeFile)
    assert found.front is not None
    assert found.front.maps["@x"].decoders == {"syscall": "syscall"}


@given(st.text())
def test_any_title_is_read_back_as_it_was(title: str) -> None:
    found = probe_file(Path("x.bt"), program(title, "", [], BODY))
    assert isinstance(found, ProbeFile)
    assert found.front is not None
    assert found.front.title == title


def test_half_a_character_is_replaced() -> None:
    found = probe_file(Path("x.bt"), program("a\udcffb", "", [], BODY))
    assert isinstance(found, ProbeFile)
    assert found.front is not None
    assert found.front.title == "a?b"
