from __future__ import annotations

import pytest

from bttop.model.plan import Column
from bttop.script.front_matter.front_matter import FrontMatter, FrontMatterFault, MapFront, read_front_matter


def block(content: str) -> str:
    lines = "".join(f"// {line}\n" if line else "//\n" for line in content.split("\n"))
    return f"#!/usr/bin/bpftrace\n// /// bttop\n{lines}// ///\nk:f {{ }}\n"


def test_every_field_is_read() -> None:
    text = block(
        'title = "Reads"\nhelp = "Who"\nfallback = "b.bt"\nbadge = "asked for"\n\n[map.bytes]\n'
        'columns = ["pid", "nr"]\nkinds = ["int", "any"]\ndecoders = { nr = "syscall" }\nunit = "bytes"\n'
        'title = "Sizes"\nview = "table"\nsort = "nr"\npid = "pid"\ntid = "nr"\n[map.""]\nunit = "ns"\nsince = true'
    )
    expected = MapFront(("pid", "nr"), ("int", "any"), {"nr": "syscall"}, "bytes", "Sizes", "table", "nr", "pid", "nr")
    maps = {"@bytes": expected, "@": MapFront(unit="ns", since=True)}
    assert read_front_matter(text) == FrontMatter("Reads", "Who", "b.bt", "asked for", maps, line=2)


@pytest.mark.parametrize("text", ["", "k:f { }", "// bttop\n// title = 1\n", "//// bttop\n"])
def test_a_script_without_front_matter_has_none(text: str) -> None:
    assert read_front_matter(text) is None


def test_white_space_and_carriage_returns_around_the_marks_do_not_matter() -> None:
    found = read_front_matter('  // /// bttop\r\n  //title = "x"\r\n  // ///\r\n')
    assert isinstance(found, FrontMatter)
    assert found.title == "x"


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ('titel = "x"', 3, "unknown field `titel`"),
        ('title = "x"\n\n[map.a]\ncolums = []', 6, "unknown field `colums`"),
        ('title = "x"\n[map.a]\nunit = 5', 5, "`unit` must be a string"),
        ('[map.a]\nunit = "b"\n[map.b]\nunit = ["b"]', 6, "`unit` must be a string"),
        ('help = ["x"]', 3, "`help` must be a string"),
        ('[map.a]\ncolumns = ["x", 1]', 4, "`columns` must be a list of strings"),
        ('[map.a]\ndecoders = "syscall"', 4, "`decoders` must be a table of strings"),
        ('[map.a]\ncolumns = ["x", "x"]', 4, "two columns have the same title"),
        ('[map.a]\ncolumns = ["x"]\nkinds = ["int", "int"]', 5, "2 kinds for 1 columns"),
        ('[map.a]\nkinds = ["number"]', 4, "a kind is one of any, int, stack, text"),
        ('[map.a]\ncolumns = ["x"]\ndecoders = { x = "dns" }', 5, "a decoder is one of address, advice, "),
        ('[map.a]\ncolumns = ["x"]\ndecoders = { y = "syscall" }', 5, "`y` is not a column"),
        ('[map.a]\ncolumns = ["x"]\npid = "y"', 5, "`y` is not a column"),
        ('[map.a.decoders]\nx = "dns"', 3, "a decoder is one of address, advice, "),
        ("map = 5", 3, "`map` must be tables"),
        ("[map]\na = 5", 4, "`map.a` must be a table"),
        ('title = "x"\nhelp = ', 4, "this is not TOML"),
        ('title = "x"\ntitle = "y"', 4, "this is not TOML"),
    ],
)
def test_a_fault_is_said_with_its_line(content: str, line: int, reason: str) -> None:
    fault = read_front_matter(block(content))
    assert isinstance(fault, FrontMatterFault)
    assert fault.line == line
    assert fault.reason.startswith(reason)


@pytest.mark.parametrize("text", ["// /// bttop\n// title = 1\n", "// /// bttop\nk:f { }\n// ///\n"])
def test_front_matter_that_is_not_closed_is_a_fault(text: str) -> None:
    assert read_front_matter(text) == FrontMatterFault("this front matter is not closed by `// ///`", 1)


def test_a_second_front_matter_is_a_fault() -> None:
    text = "// /// bttop\n// ///\n// /// bttop\n// ///\n"
    assert read_front_matter(text) == FrontMatterFault("there is a second front matter", 3)


def test_front_matter_behind_the_first_probe_is_a_fault() -> None:
    text = "k:f { }\n// /// bttop\n// ///\n"
    assert read_front_matter(text, 0) == FrontMatterFault("front matter must come before the first probe", 2)
    assert isinstance(read_front_matter(text), FrontMatter)


def test_columns_of_the_script_are_kept_where_front_matter_says_nothing() -> None:
    read = [Column("pid", "int"), Column("id", "int", "syscall")]
    assert MapFront().key_columns(read) == tuple(read)
    assert MapFront(("a", "b"), decoders={"a": "syscall"}).key_columns(read) == (
        Column("a", "int", "syscall"),
        Column("b", "int", "syscall"),
    )
    assert MapFront(("a",)).key_columns(read) == tuple(read)
