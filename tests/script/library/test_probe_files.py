from __future__ import annotations

from pathlib import Path

import pytest

from bttop.script.language.reader import Script, Unreadable
from bttop.script.library.probe_files import Library, LibraryFailure, ProbeFile, load_file, probe_file

SCRIPT = "k:f { @x[pid] = count(); }\n"
STOCK = Path(__file__).parents[3] / "probes"


def front(content: str) -> str:
    return f"// /// bttop\n// {content}\n// ///\n{SCRIPT}"


@pytest.fixture
def directories(tmp_path: Path) -> tuple[Path, Path]:
    own, stock = tmp_path / "own", tmp_path / "stock"
    own.mkdir()
    stock.mkdir()
    (own / "b.bt").write_text(front('title = "own"'))
    (stock / "a.bt").write_text(SCRIPT)
    (stock / "b.bt").write_text(front('title = "stock"'))
    (stock / "notes.txt").write_text("no probe")
    return own, stock


def test_the_first_directory_wins(directories: tuple[Path, Path]) -> None:
    library = Library.load(directories)
    assert [(one.name, one.title) for one in library.probes] == [("a.bt", "a"), ("b.bt", "own")]
    assert library.failures == ()


def test_a_faulty_file_is_told_and_not_replaced_by_another(directories: tuple[Path, Path]) -> None:
    (directories[0] / "b.bt").write_text(front("titel = 1"))
    library = Library.load(directories)
    assert [one.name for one in library.probes] == ["a.bt"]
    (failure,) = library.failures
    assert (failure.path.name, failure.line) == ("b.bt", 2)
    assert str(failure).startswith(f"{failure.path}:2: unknown field `titel`")
    assert library.find("b") == failure


def test_a_directory_that_cannot_be_read_is_told(directories: tuple[Path, Path]) -> None:
    missing = directories[0] / "missing"
    library = Library.load([missing, *directories])
    assert library.failures == (LibraryFailure(missing, "cannot be read: No such file or directory"),)
    assert len(library.probes) == 2


def test_a_directory_without_probe_files_is_told(tmp_path: Path) -> None:
    assert Library.load([tmp_path]).failures[0].reason == "there is no .bt file in this directory"


def test_a_directory_named_like_a_probe_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.bt").mkdir()
    assert Library.load([tmp_path]).failures[0].reason == "cannot be read: Is a directory"


@pytest.mark.parametrize("name", ["a", "a.bt"])
def test_a_probe_file_is_found_by_its_name(directories: tuple[Path, Path], name: str) -> None:
    found = Library.load(directories).find(name)
    assert isinstance(found, ProbeFile)
    assert found.path == directories[1] / "a.bt"


def test_a_probe_file_is_found_by_its_path(directories: tuple[Path, Path]) -> None:
    path = directories[1] / "b.bt"
    found = Library.load(directories).find(str(path))
    assert isinstance(found, ProbeFile)
    assert found.title == "stock"


def test_a_file_of_the_current_directory_is_found_last(
    directories: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directories[1])
    library = Library.load(directories[:1])
    found = library.find("a")
    assert isinstance(found, ProbeFile)
    assert found.path == Path("a.bt")
    assert library.find("c") == LibraryFailure(Path("c.bt"), "no probe file of this name")


def test_an_unreadable_script_is_a_probe_file_that_runs_as_it_is() -> None:
    found = probe_file(Path("x.bt"), "k:f {")
    assert isinstance(found, ProbeFile)
    assert isinstance(found.script, Unreadable)


def test_what_is_not_text_is_a_failure() -> None:
    found = probe_file(Path("x.bt"), b"k:f {\n\0")
    assert found == LibraryFailure(Path("x.bt"), "not a text file: it contains NUL", 2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[map.y]", "front matter describes @y, which the script does not have"),
        ('[map.x]\n// columns = ["a", "b"]', "front matter has 2 columns for @x, whose key has 1 parts"),
        (
            "[map.x]\n// since = true",
            "`since` needs a map that stores moments, as in `@x[tid] = nsecs`; @x is counted",
        ),
    ],
)
def test_front_matter_must_agree_with_the_script(content: str, reason: str) -> None:
    assert probe_file(Path("x.bt"), front(content)) == LibraryFailure(Path("x.bt"), reason, 1)


def test_a_missing_file_is_a_failure(tmp_path: Path) -> None:
    failure = load_file(tmp_path / "x.bt")
    assert isinstance(failure, LibraryFailure)
    assert failure.reason == "cannot be read: No such file or directory"


def test_every_stock_probe_file_is_read_and_its_fallback_is_there() -> None:
    library = Library.load([STOCK])
    assert library.failures == ()
    assert library.probes
    for probe in library.probes:
        assert isinstance(probe.script, Script)
        assert probe.front is not None
        fallback = probe.front.fallback
        assert not fallback or isinstance(library.find(fallback), ProbeFile)
